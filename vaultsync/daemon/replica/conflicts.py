"""Conflicts as something a person can finish: conflict copies beside their notes, and merges with both inputs kept."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from vaultsync.daemon.replica.contents import read_current
from vaultsync.daemon.replica.execute import MERGE_INPUT
from vaultsync.daemon.replica.restore import put_content, remove, restore
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.errors import RequestError
from vaultsync.model.paths import name_of, parent_of
from vaultsync.model.records import Entry
from vaultsync.store.history import Action, HistoryVersion

MERGES_SHOWN_MS: Final = 7 * 24 * 3_600_000
"""How long a merge is listed for review."""

_COPY: Final = re.compile(
    r"^(?P<stem>.*) \(conflict \d{4,}-\d\d-\d\d \d{4} (?P<device>.+?)\)(?: \([0-9a-f]{8}\))?(?P<extension>[^()]*)$"
)


@dataclass(frozen=True, slots=True)
class ConflictCopy:
    """A file that holds the losing side of what could not be merged."""

    path: str
    original: str
    """The note that it stands beside; it may be gone by now."""
    device: str
    size: int
    modified_at: int
    """Unix ms."""


@dataclass(frozen=True, slots=True)
class MergedNote:
    """A merge that was made here, with what went into it."""

    path: str
    merged: HistoryVersion
    mine: HistoryVersion | None
    """What this device had before."""
    theirs: HistoryVersion | None
    """What the other device had before."""


class Choice(StrEnum):
    """How a person ends a conflict. "Mine" is this device's side (of a copy: the note that it stands beside)."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    EDIT = "edit"


def original_of(path: str) -> tuple[str, str] | None:
    """The note that a conflict copy belongs to, and the device that wrote the copy; None if it is no copy."""
    found = _COPY.match(name_of(path))
    if found is None:
        return None
    folder = parent_of(path)
    name = found["stem"] + found["extension"]
    return (f"{folder}/{name}" if folder else name), found["device"]


def copies(state: ReplicaState) -> list[ConflictCopy]:
    """Every conflict copy in the vault, in path order."""
    found = []
    for entry in state.store.index.below(""):
        record = entry.record
        if " (conflict " in record.path and on_disk(entry) and (origin := original_of(record.path)) is not None:
            found.append(ConflictCopy(record.path, *origin, record.size, record.modified_at))
    return found


def merges(state: ReplicaState, now_ms: int) -> list[MergedNote]:
    """Merges of the last days that still stand, the newest first."""
    found: dict[str, MergedNote] = {}
    for version in state.store.history.recent(Action.MERGED, now_ms - MERGES_SHOWN_MS):
        if version.path in found:
            continue
        note = _inputs(state, version.path)
        if note is not None and note.merged.version == version.version:
            found[version.path] = note
    return list(found.values())


def _inputs(state: ReplicaState, path: str) -> MergedNote | None:
    """The newest merge of `path`, if it is the path's newest version."""
    versions = state.store.history.versions(path, 10)
    if not versions or versions[0].action is not Action.MERGED:
        return None
    theirs = next((v for v in versions[1:] if v.note == MERGE_INPUT), None)
    mine = next((v for v in versions[1:] if v.note != MERGE_INPUT), None)
    return MergedNote(path, versions[0], mine, theirs)


def undo_merge(state: ReplicaState, path: str, now_ms: int) -> set[str]:
    """Put back what this device had before the newest merge of `path`; it reaches all peers as an edit.

    Raises `RequestError` if the path's newest version is not a merge.
    """
    note = _inputs(state, path)
    if note is None or note.mine is None:
        raise RequestError(
            f"The newest version of {path} is not a merge.", hint="`vaultsync history` shows its versions."
        )
    return restore(state, [note.mine], now_ms, note="merge undone")


def resolve(state: ReplicaState, path: str, choice: Choice, now_ms: int, content: bytes | None = None) -> set[str]:
    """End a conflict. `path` is a conflict copy, or a note that was merged. Returns the paths that changed.

    Of a copy: MINE keeps the note and removes the copy; THEIRS puts the copy's content into the note and removes the
    copy; BOTH keeps both, the copy under a name of its own; EDIT puts `content` into the note and removes the copy.
    Of a merge: MINE and THEIRS put that side back, BOTH keeps the merge (here it is listed no more), EDIT puts
    `content` in its place. What is removed or replaced stays in history. Raises `RequestError` if there is no such
    conflict.
    """
    origin = original_of(path)
    if origin is None:
        return _resolve_merge(state, path, choice, now_ms, content)
    entry = state.store.index.get(path)
    if entry is None or not on_disk(entry):
        raise RequestError(f"There is no conflict copy {path}.", hint="`vaultsync conflicts` lists them.")
    original = origin[0]
    note = f"conflict with {name_of(path)} resolved"
    match choice:
        case Choice.MINE:
            return remove(state, [path], now_ms)
        case Choice.BOTH:
            content = _current(state, entry)
            name = _free_name(state, original, origin[1])
            return put_content(state, name, content, now_ms, (Action.CREATED, note)) | remove(state, [path], now_ms)
        case Choice.THEIRS:
            content = _current(state, entry)
        case Choice.EDIT:
            if content is None:
                raise RequestError("There is no edited content.")
    return put_content(state, original, content, now_ms, (Action.EDITED, note)) | remove(state, [path], now_ms)


def _resolve_merge(state: ReplicaState, path: str, choice: Choice, now_ms: int, content: bytes | None) -> set[str]:
    note = _inputs(state, path)
    if note is None:
        raise RequestError(f"There is no conflict at {path}.", hint="`vaultsync conflicts` lists them.")
    side = {Choice.MINE: note.mine, Choice.THEIRS: note.theirs}.get(choice)
    if side is not None:
        return restore(state, [side], now_ms, note=f"{choice.value} chosen over a merge")
    if choice is Choice.EDIT:
        if content is None:
            raise RequestError("There is no edited content.")
        return put_content(state, path, content, now_ms, (Action.EDITED, "merge edited"))
    with state.store.transaction():
        looked_at = replace(note.merged, action=Action.EDITED, kept_at=now_ms, note="merge looked at and kept")
        state.store.history.record([looked_at])
    return set()


def _current(state: ReplicaState, entry: Entry) -> bytes:
    data = read_current(state, entry)
    if data is None:
        raise RequestError(
            f"{entry.record.path} has just changed on disk, or cannot be read.", hint="Look at it, then try again."
        )
    return data


def _free_name(state: ReplicaState, original: str, device: str) -> str:
    folder, name = parent_of(original), name_of(original)
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if dot and stem else (name, "")
    for number in range(1, 1_000):
        suffix = f" (from {device})" if number == 1 else f" (from {device} {number})"
        path = f"{folder}/{stem}{suffix}{extension}" if folder else f"{stem}{suffix}{extension}"
        if state.fs.stat(path) is None:
            return path
    raise RequestError(f"There is no free name beside {original}.")
