"""Names that this disk takes for one: the one that is here stays, and the records of the others are blocked.

Nobody's file makes way for another's: what is blocked here is on the device that made it. Whoever renames or removes
either of the two ends it, on any device, and what was blocked is put in its place (`wanted.unblock`). Two orders of
records need care: a rename by case only, which is one step on disk, and a name whose twin goes in the same batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.records import Kind
from vaultsync.sync.planner import Target
from vaultsync.vault.words import twin_words


@dataclass(slots=True)
class Sorted:
    """The targets of a round, by what can be done about them."""

    ready: list[Target]
    later: list[str] = field(default_factory=list)
    """Paths whose place is taken by what this very round removes: they are for the next one."""
    blocked: list[tuple[Target, str, str]] = field(default_factory=list)
    """With the reason, and the path at which to show it: the topmost that cannot be here."""
    respelled: dict[str, str] = field(default_factory=dict)
    """Folders that get another form of their name, with all that is in them: new name -> name on disk."""


def sort_out(state: ReplicaState, targets: Sequence[Target]) -> Sorted:
    """Tell which of `targets` this disk can hold now."""
    twins = _twins(state, targets)
    if not twins:
        return Sorted(list(targets))
    ending = {target.record.path: target for target in targets if target.record.deleted}
    arriving = {target.record.path: target for target in targets if not target.record.deleted}
    sorted_ = Sorted([])
    for path, twin in twins.items():
        if (
            twin in ending
            and arriving[path].record.kind is Kind.DIR
            and _is_same(ending[twin], arriving[path])
            and _goes_along(state, twin, path, ending, arriving)
        ):
            sorted_.respelled[path] = twin
    for target in targets:
        path = target.record.path
        place_taken_by = twins.get(path)
        if place_taken_by is None:
            sorted_.ready.append(target)
            continue
        place = _place(path, place_taken_by)
        if place in sorted_.respelled:
            sorted_.ready.append(target)
        elif (going := ending.get(place_taken_by)) is None:
            sorted_.blocked.append((target, twin_words(place, place_taken_by), place))
        elif place == path and _is_same(going, target):
            sorted_.ready.append(target)
        else:
            sorted_.later.append(path)
    return sorted_


def _twins(state: ReplicaState, targets: Sequence[Target]) -> dict[str, str]:
    """Of each target that would be new on disk, what the disk has in its place."""
    if not state.fs.folds_case:
        return {}
    found: dict[str, str] = {}
    with state.fs.batch():
        for target in targets:
            if not target.record.deleted and target.on_disk is None:
                twin = twin_of(state, target.record.path)
                if twin is not None:
                    found[target.record.path] = twin
    return found


def twin_of(state: ReplicaState, path: str) -> str | None:
    """What the disk has in the place of `path`; None also where that cannot be seen, which shows at the attempt."""
    try:
        return state.fs.twin(path)
    except OSError:
        return None


def _place(path: str, twin: str) -> str:
    """`path`, or the folder above it whose place is taken by `twin`."""
    return "/".join(path.split("/")[: twin.count("/") + 1])


def _is_same(going: Target, coming: Target) -> bool:
    """Whether what ends and what comes are one folder, or one file."""
    return going.on_disk is not None and going.on_disk.same_content(coming.record)


def _goes_along(
    state: ReplicaState, folder: str, target: str, ending: dict[str, Target], arriving: dict[str, Target]
) -> bool:
    """Whether all that the index has in `folder` ends there and begins at the same place below `target`."""
    for entry in state.store.index.below(folder):
        path = entry.record.path
        there = arriving.get(target + path.removeprefix(folder))
        if path not in ending or there is None or not there.record.same_content(entry.record):
            return False
    return True
