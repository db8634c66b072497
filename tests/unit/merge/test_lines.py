"""Lines, and the frame around them: byte order mark, line endings, final newline."""

from __future__ import annotations

import pytest

from vaultsync.merge.lines import Line, Text, agree_on_endings, merge_frame


def text(*lines: str, bom: bool = False, final: bool | None = True, ending: str = "\n") -> Text:
    return Text(tuple(Line(line, ending) for line in lines), bom, final)


@pytest.mark.parametrize(
    ("base", "a", "b", "final", "why"),
    [
        (True, True, False, False, "one took it away"),
        (False, True, False, True, "one added it"),
        (None, False, True, True, "begun apart: if one has it"),
        (None, False, False, False, "begun apart: none has it"),
        (False, None, True, True, "one is empty"),
        (False, True, None, True, "one is empty"),
        (False, None, False, False, "one is empty, the other has none"),
        (True, None, None, True, "both are empty: what was"),
        (None, None, None, None, "nothing anywhere"),
    ],
)
def test_the_final_newline(base: bool | None, a: bool | None, b: bool | None, final: bool | None, why: str) -> None:
    merged = merge_frame(text(final=base), text(final=a), text(final=b), [])
    assert merged.final is final, why


@pytest.mark.parametrize(
    ("base", "a", "b", "bom"), [(True, True, False, False), (True, True, True, True), (False, True, False, True)]
)
def test_the_byte_order_mark(base: bool, a: bool, b: bool, bom: bool) -> None:
    assert merge_frame(text(bom=base), text(bom=a), text(bom=b), []).bom is bom


def endings(*texts: Text) -> list[list[str]]:
    return [[line.ending for line in each.lines] for each in agree_on_endings(*texts)]


def test_endings_that_one_side_converted() -> None:
    unix, windows = text("x"), text("x", ending="\r\n")
    assert endings(unix, windows, unix) == [["\r\n"]] * 3
    assert endings(windows, windows, unix) == [["\n"]] * 3
    assert endings(windows, unix, unix) == [["\n"]] * 3


def test_endings_where_one_is_empty() -> None:
    unix, windows, none = text("x"), text("x", ending="\r\n"), text()
    assert endings(unix, windows, none) == [["\r\n"], ["\r\n"], []]
    assert endings(unix, none, windows) == [["\r\n"], [], ["\r\n"]]
    assert endings(none, unix, windows) == [[], ["\r\n"], ["\r\n"]]


def test_mixed_endings_stay() -> None:
    mixed = Text((Line("x", "\n"), Line("y", "\r\n")), final=True)
    windows = text("x", ending="\r\n")
    assert endings(windows, mixed, text("x")) == [["\r\n"], ["\n", "\r\n"], ["\n"]]


def test_other_lines_in_the_same_frame() -> None:
    assert text("x", bom=True, final=False).with_lines([Line("y", "\n")]) == text("y", bom=True, final=False)
