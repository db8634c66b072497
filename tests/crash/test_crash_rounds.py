"""A short pass of `python -m tests.crash`, which is for longer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import pairings, transfers
from tests.crash.rounds import play


@pytest.mark.e2e
async def test_nothing_is_lost_when_nodes_are_killed(tmp_path: Path) -> None:
    history = await play(tmp_path, seed=1, rounds=5)
    assert history.kills >= 6


@pytest.mark.e2e
async def test_a_large_file_arrives_though_both_ends_are_killed(tmp_path: Path) -> None:
    assert await transfers.play(tmp_path, seed=1, kills=2, size=8 << 20) >= 2


@pytest.mark.e2e
async def test_a_pairing_that_is_killed_is_completed_by_the_same_command(tmp_path: Path) -> None:
    assert (await pairings.play(tmp_path, seed=3, kills=1)).kills >= 1
