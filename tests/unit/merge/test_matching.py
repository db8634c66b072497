"""Hunks are right whatever the method that found them, and bounded in cost."""

from __future__ import annotations

import random

import pytest

from vaultsync.merge import matching
from vaultsync.merge.matching import Hunk, find_hunks, keep_apart


def weigh(text: str) -> int:
    return 1 + len(text)


def rebuild(base: list[str], side: list[str], hunks: list[Hunk]) -> list[str]:
    out: list[str] = []
    position = 0
    for hunk in hunks:
        out += base[position : hunk.start]
        assert len(out) == hunk.lo
        out += side[hunk.lo : hunk.hi]
        position = hunk.end
    return out + base[position:]


@pytest.mark.parametrize("cells", [0, 50, 20_000])
@pytest.mark.parametrize("letters", ["ab", "abcdefghijklmnop"])
def test_hunks_turn_the_base_into_the_side(cells: int, letters: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_CELLS", cells)
    rng = random.Random(cells)
    for _ in range(150):
        base = [rng.choice(letters) for _ in range(rng.randrange(30))]
        side = [rng.choice(letters) for _ in range(rng.randrange(30))]
        if rng.random() < 0.5:
            side = [*base[:5], *side[:4], *base[9:]]
        hunks = find_hunks(base, side, weigh)
        assert rebuild(base, side, hunks) == side
        others = find_hunks(base, sorted(base), weigh)
        assert rebuild(base, side, keep_apart(hunks, others, base, side)) == side


def test_an_insertion_among_equals_stands_at_the_bottom() -> None:
    assert find_hunks(["x", "", "y"], ["x", "", "new", "", "y"], weigh) == [Hunk(2, 2, 2, 4)]


def test_a_deletion_makes_way_for_the_other_sides_edit() -> None:
    base, side, other = ["same", "same", "end"], ["same", "end"], ["same", "edited", "end"]
    ours, theirs = find_hunks(base, side, weigh), find_hunks(base, other, weigh)
    assert keep_apart(ours, theirs, base, side) == [Hunk(0, 1, 0, 0)]


def test_the_search_gives_up_rather_than_take_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_CELLS", 0)
    base = [f"{i % 7}" for i in range(5000)]
    side = [f"{i % 11}" for i in range(5000)]
    assert rebuild(base, side, find_hunks(base, side, weigh)) == side


def longest_common(x: list[str], y: list[str]) -> int:
    row = [0] * (len(y) + 1)
    for item in x:
        above = row
        row = [0]
        for k, other in enumerate(y):
            row.append(above[k] + 1 if item == other else max(row[-1], above[k + 1]))
    return row[-1]


@pytest.mark.parametrize("cells", [0, 20_000])
def test_no_more_changes_than_there_must_be(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that all come again and again anchor nothing: this is the search itself, or the table."""
    monkeypatch.setattr(matching, "MAX_CELLS", cells)
    rng = random.Random(7)
    for _ in range(300):
        base, side = ([rng.choice("aabbc") for _ in range(rng.randrange(12))] * 2 for _ in range(2))
        hunks = find_hunks(base, side, lambda _: 1)
        kept = len(base) - sum(hunk.end - hunk.start for hunk in hunks)
        assert kept == longest_common(base, side)


@pytest.mark.parametrize(("edits", "kept"), [(4, 4), (3, 0)])
def test_the_search_follows_as_many_edits_as_it_may(edits: int, kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_CELLS", 0)
    monkeypatch.setattr(matching, "MAX_EDITS", edits)
    hunks = find_hunks(list("xxabab"), list("ababyy"), lambda _: 1)
    assert 6 - sum(hunk.end - hunk.start for hunk in hunks) == kept
