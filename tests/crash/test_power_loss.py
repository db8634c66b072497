"""Power that goes at every call that changes the disk, with several of the states that a disk may be found in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.power import Story

CALLS = 52
"""A few more than the story takes (asserted below)."""


def test_the_story_itself(tmp_path: Path) -> None:
    calls = Story(tmp_path, 1).tell(None)
    assert 30 < calls < CALLS


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("cut_at", range(CALLS))
def test_the_power_goes(tmp_path: Path, cut_at: int, seed: int) -> None:
    Story(tmp_path, seed).tell(cut_at)
