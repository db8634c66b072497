"""From decisions to steps on disk, in an order in which each step finds what it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.sync.offers import Offer


@dataclass(frozen=True, slots=True)
class Target:
    """What the index shall say of one path, and why."""

    record: FileRecord
    entry: Entry | None
    """What the index says now."""
    offer: Offer
    because: str

    @property
    def on_disk(self) -> FileRecord | None:
        """The record of what this device has on disk at the path."""
        if self.entry is None or self.entry.state is not State.PRESENT or self.entry.record.deleted:
            return None
        return self.entry.record


class Do(IntEnum):
    """Steps, in the order in which a plan runs them."""

    NOTHING = 0
    """Only the index changes."""
    CLEAR_FILE = 1
    """Remove a file whose place a folder takes."""
    MAKE_FOLDER = 2
    MOVE_FILE = 3
    WRITE_FILE = 4
    SET_MODE = 5
    REMOVE_FILE = 6
    REMOVE_FOLDER = 7
    REPLACE_FOLDER = 8
    """Write a file whose place a folder had; the folder must be empty by then."""


@dataclass(frozen=True, slots=True)
class Step:
    do: Do
    target: Target
    source: Target | None = None
    """For a move: the tombstone whose file is moved here."""


def needs_content(target: Target) -> bool:
    """Whether bytes must be at hand before this target can be reached."""
    record, disk = target.record, target.on_disk
    if record.deleted or record.kind is not Kind.FILE:
        return False
    return disk is None or disk.kind is not Kind.FILE or disk.hash != record.hash


def plan(targets: Sequence[Target]) -> list[Step]:
    """The steps that reach all `targets`, in the order to run them.

    A removed file whose content appears at a new path in the same batch is moved, not written again: a renamed
    folder costs renames on disk and no content.
    """
    sources: dict[bytes, list[Target]] = {}
    for target in targets:
        disk = target.on_disk
        if target.record.deleted and disk is not None and disk.kind is Kind.FILE:
            sources.setdefault(disk.hash, []).append(target)

    moved: set[str] = set()
    steps: list[Step] = []
    for target in targets:
        if target.record.deleted or target.record.kind is not Kind.FILE or target.on_disk is not None:
            continue
        candidates = [s for s in sources.get(target.record.hash, ()) if s.record.path not in moved]
        if candidates:
            source = next((s for s in candidates if s.record.path == target.record.moved_from), candidates[0])
            moved |= {source.record.path, target.record.path}
            steps.append(Step(Do.MOVE_FILE, target, source))

    steps.extend(_step(target) for target in targets if target.record.path not in moved)
    return sorted(steps, key=_place)


def _step(target: Target) -> Step:
    record, disk = target.record, target.on_disk
    if record.deleted:
        if disk is None:
            return Step(Do.NOTHING, target)
        return Step(Do.REMOVE_FILE if disk.kind is Kind.FILE else Do.REMOVE_FOLDER, target)
    if record.kind is Kind.DIR:
        if disk is None:
            return Step(Do.MAKE_FOLDER, target)
        return Step(Do.NOTHING if disk.kind is Kind.DIR else Do.CLEAR_FILE, target)
    if disk is not None and disk.kind is Kind.DIR:
        return Step(Do.REPLACE_FOLDER, target)
    if needs_content(target):
        return Step(Do.WRITE_FILE, target)
    assert disk is not None
    return Step(Do.SET_MODE if disk.executable != record.executable else Do.NOTHING, target)


def _place(step: Step) -> tuple[int, int, str]:
    depth = step.target.record.path.count("/")
    deepest_first = step.do in (Do.REMOVE_FOLDER, Do.REPLACE_FOLDER)
    return (step.do, -depth if deepest_first else depth, step.target.record.path)
