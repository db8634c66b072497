"""Waiting for programs of this device that have a file open for writing."""

from __future__ import annotations

from typing import Final

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.sync.planner import Target

_FIRST_MS: Final = 100
_LONGEST_MS: Final = 10_000
_SHOWN_AFTER: Final = 4
"""Attempts: 1.5 s. Programs that save are done by then."""


def wait_for_writer(state: ReplicaState, target: Target, reason: str, now_ms: int) -> None:
    """Try again after a while, each time a longer one.

    The watcher tells when the file is closed after a change; of one that nobody changed any more it says nothing.
    """
    path = target.record.path
    attempts = state.attempts[path] = state.attempts.get(path, 0) + 1
    if attempts > _SHOWN_AFTER:
        state.set_trouble(path, reason)
    wait_ms = min(_FIRST_MS << min(attempts - 1, 10), _LONGEST_MS)
    for waiting in {path, target.offer.origin} - {""}:
        state.look_later(waiting, now_ms + wait_ms)
