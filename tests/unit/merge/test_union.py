"""Two runs of lines for one place."""

from __future__ import annotations

import pytest

from vaultsync.merge.lines import Line
from vaultsync.merge.tokens import is_heading
from vaultsync.merge.union import unite

ONE, TWO, THREE = "red apples fall", "blue plums hang", "green pears wait"


def united(a: list[str], b: list[str]) -> list[str]:
    return [line.text for line in unite([Line(text, "\n") for text in a], [Line(text, "\n") for text in b])]


@pytest.mark.parametrize(
    ("a", "b", "want", "why"),
    [
        ([], [ONE], [ONE], "one has nothing"),
        ([ONE], [], [ONE], "the other has nothing"),
        ([ONE, TWO], [ONE, TWO], [ONE, TWO], "both the same"),
        ([ONE, "", "", TWO], ["", ""], [ONE, "", "", TWO], "one holds the other, in its middle"),
        (["", ""], [ONE, "", "", TWO], [ONE, "", "", TWO], "the other holds the one"),
        (["", ONE], [ONE], ["", ONE], "one holds the other, at its end"),
        ([TWO, ONE], [ONE, THREE], [TWO, ONE, THREE], "what both say is there once, what each adds around it"),
        ([ONE, TWO], [TWO, ONE], [ONE, TWO], "what both say is there once, in whatever order they say it"),
        (["```", ONE, "```"], ["```", TWO, "```"], ["```", TWO, "```", "```", ONE, "```"], "blocks of code stay whole"),
        (["  ~~~", ONE, TWO], [TWO, ONE], ["  ~~~", ONE, TWO, ONE], "in code a line may come twice"),
        ([TWO, ONE], ["> ```", ONE, TWO], ["> ```", TWO, ONE, TWO], "in code a line may come twice"),
        (["# Plan", ONE], [TWO], [TWO, "# Plan", ONE], "what goes on comes before a new section"),
        ([TWO, "", "# Plan", THREE], [ONE], [TWO, ONE, "", "# Plan", THREE], "and stays parted from it"),
        (["", ONE], [TWO], [TWO, "", ONE], "what goes on comes before a new paragraph"),
        (["    - deep " + ONE], ["- " + TWO], ["    - deep " + ONE, "- " + TWO], "what is deeper comes first"),
        (["", "    - " + ONE], ["", "- " + TWO], ["", "    - " + ONE, "", "- " + TWO], "by its first line of text"),
        ([TWO, ""], [THREE], [TWO, "", THREE], "what ends in a blank line comes first"),
    ],
)
def test_unite(a: list[str], b: list[str], want: list[str], why: str) -> None:
    assert united(a, b) == want, why


def test_a_run_is_searched_for_in_another_up_to_200_lines() -> None:
    """More would cost the square of it, and what both say is found without."""
    blank = [""] * 199
    assert united([ONE, *blank, TWO], blank) == [ONE, *blank, TWO]
    assert len(united([ONE, "", *blank, TWO], ["", *blank])) > 202


@pytest.mark.parametrize(
    ("text", "heading"),
    [("# x", True), ("###### x", True), ("####### x", False), ("#", True), ("#\tx", True), ("#x", False), ("x", False)],
)
def test_headings(text: str, heading: bool) -> None:
    assert is_heading(text) is heading
