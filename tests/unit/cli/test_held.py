"""Held deletions are decided for what was named, and for nothing else that the name could mean."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vaultsync.cli.held import decide


@pytest.mark.parametrize(
    ("named", "asked", "count"),
    [
        ([["Work/x", "x", "Work/x.md", "x.md"]], [["Work/x"], ["x"], ["Work/x.md"]], 1),
        ([["x.md"], ["Folder"]], [["x.md"], ["Folder"]], 3),
        ([["nowhere", "nowhere.md"]], [["nowhere"], ["nowhere.md"]], 0),
        (None, [None], 4),
    ],
    ids=["the likeliest that is held", "two names", "nothing is", "all"],
)
async def test_of_what_a_name_may_mean_one_is_decided(
    named: list[list[str]] | None, asked: list[Sequence[str] | None], count: int
) -> None:
    held = {"Work/x.md": 1, "x.md": 1, "Folder": 2}
    decisions: list[Sequence[str] | None] = []

    async def decision(paths: Sequence[str] | None) -> int:
        decisions.append(paths)
        return sum(held.values()) if paths is None else sum(held.get(path, 0) for path in paths)

    assert await decide(decision, named) == count
    assert decisions == asked
