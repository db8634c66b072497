"""What is to be put in place goes to temporary files first, or is asked for where this device does not have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from vaultsync.daemon.replica.contents import nowhere_here, obtain
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import is_mergeable
from vaultsync.model.records import FileRecord
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Do, Step
from vaultsync.vault.staging import Staged

_WRITING: Final = (Do.WRITE_FILE, Do.REPLACE_FOLDER)


def want(state: ReplicaState, offer: Offer, record: FileRecord | None = None) -> None:
    """A content must be fetched before an offer can be settled.

    That of the offer, from whoever offers it: the first may wait for it itself. Or that of `record`, which is to stand
    at its path although something else is offered: anybody may have it.
    """
    wanted = record or offer.record
    state.offers.wait_for(wanted.hash, wanted.path)
    text = is_mergeable(wanted.path, wanted.size)
    if wanted.hash == offer.record.hash:
        others = [other.holder for other in state.offers.of(wanted.path) if other.record.hash == wanted.hash]
    else:
        others = list(state.sessions)
    for holder in {offer.holder: None} | dict.fromkeys(others):
        # What this device offers to itself, somebody who comes later may have.
        if holder in state.sessions:
            state.wants.add(wanted.hash, wanted.size, wanted.mtime_ns, holder, text=text)


def stage_all(
    state: ReplicaState,
    steps: Sequence[Step],
    merged: Mapping[bytes, bytes],
    staged: dict[str, Staged],
    kept: list[tuple[bytes, bytes]],
) -> list[Step]:
    """Write what the steps put in place to temporary files: into `staged`, by path. Returns the steps that can be done.

    Those whose content must be fetched first drop out. `merged` are contents that merges made, by hash; `kept` takes
    the hash and the content of each text, for history.
    """
    writing = [step.target.record.hash for step in steps if step.do in _WRITING]
    lacking = nowhere_here(state, [hash_ for hash_ in writing if hash_ not in merged])
    ready = []
    for step in steps:
        if step.do in _WRITING and step.target.record.hash in lacking:
            want(state, step.target.offer, step.target.record)
        elif (staged_step := _stage(state, step, merged, staged, kept)) is not None:
            ready.append(staged_step)
    return ready


def _stage(
    state: ReplicaState,
    step: Step,
    merged: Mapping[bytes, bytes],
    staged: dict[str, Staged],
    kept: list[tuple[bytes, bytes]],
) -> Step | None:
    """Write the content that a step puts in place to a temporary file. None: it must be fetched first."""
    record = step.target.record
    if step.do not in _WRITING:
        there = step.source.on_disk if step.source is not None else step.target.on_disk
        return step if there is None or there.hash != record.hash else _of_size(step, there.size)
    content = merged.get(record.hash)
    if content is None:
        obtained = obtain(state, record)
        if obtained is None:
            want(state, step.target.offer, step.target.record)
            return None
        if not isinstance(obtained, bytes):
            staged[record.path] = obtained
            return _of_size(step, obtained.signature.size)
        content = obtained
    staged[record.path] = state.applier.stage(content, record.mtime_ns, record.executable, record.hash)
    if is_mergeable(record.path, len(content)):
        kept.append((record.hash, content))
    return _of_size(step, len(content))


def _of_size(step: Step, size: int) -> Step:
    """`step` with the size that its content has. A peer's word for it is believed only as long as nobody can look."""
    record = step.target.record
    return (
        step if record.size == size else replace(step, target=replace(step.target, record=replace(record, size=size)))
    )
