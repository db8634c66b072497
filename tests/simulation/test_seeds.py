"""A few dozen short histories, and that each is the same whenever it is played."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.simulation.ledger import OracleError
from tests.simulation.shrink import shrink
from tests.simulation.world import run
from vaultsync.daemon.replica import integrate
from vaultsync.model.records import FileRecord
from vaultsync.sync.reconcile import Decision, Ignore, Keep, Merge, reconcile

STEPS = 160


@pytest.mark.parametrize("seed", range(10_001, 10_101))
def test_promises_hold(seed: int) -> None:
    """What failing seeds found stands, made short, in tests/integration/test_cluster_regressions.py."""
    run(seed, STEPS)


@pytest.mark.parametrize("seed", [7, 31])
def test_a_seed_is_a_history(seed: int) -> None:
    """In two processes whose sets and dicts hash differently, down to the last byte that is sent."""
    histories = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seed", str(seed), "--steps", "80"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert "all agree" in histories[0]
    assert histories[0] == histories[1]


def test_a_failure_shrinks_to_what_it_needs() -> None:
    assert shrink(100, lambda without: {3, 17, 98}.isdisjoint(without)) == set(range(1, 101)) - {3, 17, 98}


def _deletion_loses(local: FileRecord | None, remote: FileRecord, **more: bool) -> Decision:
    if local is not None and remote.deleted and not local.deleted:
        return Keep(local.with_version(remote.version.join(local.version)), "a mistake")
    return reconcile(local, remote, **more)


def _ours_stays(local: FileRecord | None, remote: FileRecord, **more: bool) -> Decision:
    decision = reconcile(local, remote, **more)
    return Ignore() if isinstance(decision, Merge) else decision


@pytest.mark.parametrize("mistake", [_deletion_loses, _ours_stays])
def test_a_broken_sync_is_caught(mistake: Callable[..., Decision], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(integrate, "reconcile", mistake)
    with pytest.raises((OracleError, AssertionError)):
        for seed in range(1, 20):
            run(seed, STEPS)
