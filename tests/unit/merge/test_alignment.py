"""What became of the base's lines on either side."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from vaultsync.merge.alignment import GONE, align
from vaultsync.merge.moves import is_distinct
from vaultsync.merge.tokens import ALIKE, Profile, similarity, weigh_line

WORDS = ("river", "stone", "lantern", "copper", "meadow", "winter")


def score(x: str, y: str) -> float:
    alike = similarity(Profile.of(x), Profile.of(y))
    return alike * weigh_line(x) if alike >= ALIKE else 0.0


def best(base: list[str], side: list[str]) -> float:
    """The greatest sum of similarities of lines paired in order, by trying all pairings."""
    most = 0.0
    for count in range(1, min(len(base), len(side)) + 1):
        for rows in combinations(base, count):
            for columns in combinations(side, count):
                scores = [score(x, y) for x, y in zip(rows, columns, strict=True)]
                most = max(most, sum(scores)) if all(scores) else most
    return most


def test_edited_lines_are_paired_so_that_they_are_alike_the_most() -> None:
    rng = random.Random(3)
    told = 0
    for _ in range(60):
        base = [" ".join(rng.choices(WORDS, k=4)) + f" here{i}" for i in range(rng.randrange(1, 5))]
        side = [" ".join(rng.choices(WORDS, k=rng.randrange(3, 6))) + f" there{i}" for i in range(rng.randrange(1, 5))]
        fates, same = align(base, side, base)
        assert same.image == list(range(len(base)))
        pairs = [(i, j) for i, j in enumerate(fates.image) if i in fates.alike]
        assert sum(score(base[i], side[j]) for i, j in pairs) == pytest.approx(best(base, side))
        told += len(pairs)
    assert told > 60


def test_what_is_alike_no_more_is_put_in_its_place_one_for_one() -> None:
    fates, _ = align(["red one", "", "blue two"], ["quite other", "", "words here"], ["red one", "", "blue two"])
    assert fates.image == [0, 1, 2]
    assert fates.alike == {1}


def test_a_heading_in_the_place_of_a_heading_is_its_new_name() -> None:
    base = ["## Goals", "a line of text", "red one"]
    fates, _ = align(base, ["## Purpose", "a line of text", "blue"], base)
    assert fates.image == [0, 1, 2]
    assert fates.alike == {0}


def test_lines_that_were_cut_and_pasted() -> None:
    base = ["first line here", "second line here", "third line here"]
    fates, _ = align(base, [base[1], base[2], base[0]], base)
    assert fates.image == [GONE, 0, 1]
    assert fates.moved == {0: 2}
    assert dict(fates.inserted) == {3: [2]}


@pytest.mark.parametrize(
    ("text", "distinct"),
    [
        ("four words are told", True),
        ("three words only", False),
        ("# four words are told", False),
        ("  | four | words | are | told |", False),
        ("  # four words are told", False),
    ],
)
def test_what_two_devices_would_not_write_by_chance(text: str, distinct: bool) -> None:
    assert is_distinct(text) is distinct
