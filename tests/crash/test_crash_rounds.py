"""A short pass of `python -m tests.crash`, which is for longer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.rounds import play


@pytest.mark.e2e
async def test_nothing_is_lost_when_nodes_are_killed(tmp_path: Path) -> None:
    history = await play(tmp_path, seed=1, rounds=5)
    assert history.kills >= 6
