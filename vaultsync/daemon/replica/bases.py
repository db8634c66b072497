"""What two versions of a note are merged on."""

from __future__ import annotations

from typing import Final

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.errors import ContentError
from vaultsync.merge import Clash, merge_contents
from vaultsync.model.records import FileRecord
from vaultsync.store.history import LOOKED_BACK, Action

_BASES: Final = 3
"""So many of several bases are looked at: more come about only where nobody ever stops to type."""


def base_for(state: ReplicaState, local: FileRecord, remote: FileRecord, mine: bytes, theirs: bytes) -> bytes | None:
    """The content to merge `mine` and `theirs` on; None if there is none.

    What stood there before a deletion that both descend from is that only where both still hold most of it: one of
    them may be a note of its own that outlived the deletion. On it, all that is not in that note passed for removed.
    """
    base = base_of(state, local, remote)
    below = state.store.history.base(local.path, local.version, remote.version)
    if base is None or below is None or (_holds_most(mine, base) and _holds_most(theirs, base)):
        return base
    was_deleted = state.store.history.was_deleted(local.path, below.version, local.version, remote.version)
    return None if was_deleted else base


def _holds_most(content: bytes, base: bytes) -> bool:
    lines = {line for line in base.splitlines() if line.strip()}
    return 2 * len(lines.intersection(content.splitlines())) >= len(lines)


def made_from_other(state: ReplicaState, local: FileRecord, remote: FileRecord) -> FileRecord | None:
    """That of two contents that was made from the other, although their versions say nothing of it; None if neither.

    What took the place of an edit has that in its version, too; whoever goes on editing it may not know of that yet.
    """
    if not local.hash or not remote.hash:
        return None
    versions = state.store.history.versions(local.path, LOOKED_BACK)
    for older, further in ((local, remote), (remote, local)):
        stood = (v.version for v in versions if v.hash == older.hash and v.action is not Action.CONFLICT)
        newest = next(stood, None)
        if newest is not None and further.version.includes(newest):
            return further
    return None


def base_of(state: ReplicaState, local: FileRecord, remote: FileRecord) -> bytes | None:
    """The newest content that both sides descend from.

    Where there are several, what they make together: one alone would take what was removed before the other, and
    brought back after it, for removed.
    """
    history = state.store.history
    versions = history.bases(local.path, local.version, remote.version)
    try:
        base = None if not versions else history.read(versions[0].hash)
        for version in versions[1:_BASES]:
            below = history.base(local.path, versions[0].version, version.version)
            origin = None if below is None else history.read(below.hash)
            other = history.read(version.hash)
            if base is not None and other is not None:
                merged = merge_contents(local.path, origin, base, other)
                base = base if isinstance(merged, Clash) else merged.content
        return base
    except ContentError:
        return None  # damaged: a merge without a base loses nothing
