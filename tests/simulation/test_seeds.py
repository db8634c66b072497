"""A few dozen short histories, and that each is the same whenever it is played."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.nodes import run_nodes
from tests.simulation.regressions import Regression, regressions
from tests.simulation.shrink import shrink
from tests.simulation.world import run

STEPS = 160


@pytest.mark.parametrize("seed", range(20_001, 20_251))
def test_promises_hold(seed: int) -> None:
    """What failing seeds found stands, made short, in tests/integration/test_cluster_regressions.py."""
    run(seed, STEPS)


@pytest.mark.parametrize("seed", range(1, 31))
def test_promises_hold_for_whole_nodes(seed: int) -> None:
    run_nodes(seed, 80)


@pytest.mark.parametrize("history", regressions(), ids=lambda each: f"{each.mode}-{each.seed}")
def test_what_once_failed_holds(history: Regression) -> None:
    history.play()


@pytest.mark.parametrize("options", [["--seed", "7", "--steps", "80"], ["--nodes", "--seed", "7", "--steps", "60"]])
def test_a_seed_is_a_history(options: list[str]) -> None:
    """In two processes whose sets and dicts hash differently, down to the last byte that is sent."""
    histories = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", *options],
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
