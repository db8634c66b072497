"""What turns one text into another, as lines for people."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.cli.difference import DiffLine, Mark, difference


def marked(lines: list[DiffLine]) -> list[str]:
    signs = {Mark.SAME: " ", Mark.REMOVED: "-", Mark.ADDED: "+", Mark.PLACE: ""}
    return [signs[line.mark] + line.text for line in lines]


def emphasised(line: DiffLine) -> list[str]:
    return [line.text[start:end] for start, end in line.emphasis]


def test_equal_texts_have_no_difference() -> None:
    assert difference("a\nb\n", "a\nb\n") == []


def test_lines_with_their_neighbours() -> None:
    before = "".join(f"{number}\n" for number in range(20))
    after = before.replace("10\n", "ten\nand more\n")
    assert marked(difference(before, after)) == [
        "@@ -8,7 +8,8 @@", " 7", " 8", " 9", "-10", "+ten", "+and more", " 11", " 12", " 13",
    ]  # fmt: skip


def test_words_that_differ_in_a_paragraph_are_marked() -> None:
    before = "The first idea is good. The second idea is better."
    after = "The very first idea is bad. The second idea is better."
    _, removed, added = difference(before, after)
    assert emphasised(removed) == ["good"]
    assert emphasised(added) == [" very", "bad"]


def test_lines_that_have_nothing_in_common_are_shown_whole() -> None:
    _, removed, added = difference("abcdefghi", "123-(456)-789")
    assert removed.emphasis == added.emphasis == ()


def test_line_endings_alone_are_told() -> None:
    assert marked(difference("a\r\nb\r\n", "a\nb\n")) == ["@@ only line endings differ @@"]


@given(st.text("ab\n ", max_size=40), st.text("ab\n ", max_size=40))
def test_what_is_removed_and_added_makes_one_of_the_other(before: str, after: str) -> None:
    lines = [line for line in difference(before, after) if line.mark is not Mark.PLACE]
    removed = [line.text for line in lines if line.mark is Mark.REMOVED]
    added = [line.text for line in lines if line.mark is Mark.ADDED]
    left = before.splitlines()
    for line in removed:
        left.remove(line)
    assert sorted(left + added) == sorted(after.splitlines())
