"""Histories of `python -m tests.hostile.mischief`, among them those that once went wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.mischief import play

SEEDS = {
    9: "a conflict copy whose version could not be joined was derived without end",
    10: "an honest device passed on a lie about a size and was taken for the liar",
    17: "a resync left out what the other side had given, and indexes stayed different",
    179: "a record of a file that says that it was moved to its own path waited for itself",
    202: "a pattern of 70,000 characters in the ignore file took minutes",
    243: "concurrent records of a path that no device ever holds were decided by nobody",
    1_001: "",
}


@pytest.mark.parametrize("seed", SEEDS, ids=[f"{seed}: {why}" if why else str(seed) for seed, why in SEEDS.items()])
def test_nobody_else_suffers(tmp_path: Path, seed: int) -> None:
    play(tmp_path, seed, steps=60)
