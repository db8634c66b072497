"""What a merge says more often than any side does."""

from __future__ import annotations

from vaultsync.merge.lines import Line
from vaultsync.merge.repeats import drop_repeats

THOUGHT = "The boat leaves early tomorrow"


def dropped(merged: list[str], *versions: list[str]) -> list[str]:
    def lines(texts: list[str]) -> list[Line]:
        return [Line(text, "\n") for text in texts]

    return [line.text for line in drop_repeats([lines(version) for version in versions], lines(merged))]


def test_a_telling_line_that_every_side_says_once_is_said_once() -> None:
    assert dropped([THOUGHT, "x", THOUGHT], [THOUGHT, "x"], ["x", THOUGHT]) == [THOUGHT, "x"]


def test_a_line_that_a_side_says_twice_may_be_said_twice() -> None:
    assert dropped([THOUGHT, "x", THOUGHT, THOUGHT], [THOUGHT], [THOUGHT, "x", THOUGHT]) == [THOUGHT, "x", THOUGHT]


def test_short_lines_and_headings_may_come_again() -> None:
    merged = ["- milk", "# What we need to buy", "- milk", "# What we need to buy"]
    assert dropped(merged, merged[:2], merged[:2]) == merged


def test_in_code_every_line_stays() -> None:
    for fence, other in (("```", "~~~"), ("~~~", "```")):
        merged = [THOUGHT, fence, other, THOUGHT, fence, THOUGHT]
        assert dropped(merged, [THOUGHT], [THOUGHT]) == merged[:-1]


def test_the_side_that_says_it_most_often_counts() -> None:
    merged = [THOUGHT, "x", THOUGHT]
    assert dropped(merged, merged, [THOUGHT]) == merged


def test_fences_in_quotes_and_of_more_signs_are_fences() -> None:
    for fence in ("> ```", "\t```", "````md", "  ~~~~"):
        merged = [THOUGHT, fence, THOUGHT, fence.rstrip("md"), THOUGHT]
        assert dropped(merged, [THOUGHT]) == merged[:-1], fence
