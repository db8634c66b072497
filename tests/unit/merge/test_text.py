"""Notes as text: the promise that is checked at the end, and hunks too large to compare all with all."""

from __future__ import annotations

import pytest

from vaultsync.merge import Clash, Merged, diff3, merge_contents, text
from vaultsync.merge.alignment import MAX_PAIRS
from vaultsync.merge.diff3 import Woven
from vaultsync.merge.lines import Line, Text
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.text import common_text


def test_a_merge_that_loses_a_word_is_refused_whatever_lost_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(*versions: list[Line]) -> Woven:
        woven = diff3.weave_lines(*versions)
        woven.lines = [line for line in woven.lines if "umbrella" not in line.text]
        return woven

    monkeypatch.setattr(text, "weave_lines", forgetful)
    base = "milk\nbread\n"
    for side in (f"{base}umbrella\n", base.replace("bread", "bread, umbrella")):
        assert merge_contents("n.md", base.encode(), side.encode(), f"salt\n{base}".encode()) == Clash(
            "A merge would have lost words."
        )


def test_a_long_list_that_one_side_wrote_anew_takes_the_other_sides_edit() -> None:
    """Every line of it differs, in its bullet and in case, and one is replaced by two."""
    items = [f"* Item number {i} stands here" for i in range(70)]
    assert len(items) ** 2 > MAX_PAIRS
    anew = [item.replace("* Item", "- item") for item in items]
    anew[5:6] = ["- quite another thing", "- and one more"]
    edited = items.copy()
    edited[33] = "* Item number 33 always stands here"
    result = merge_contents("n.md", *("\n".join(lines).encode() for lines in (items, anew, edited)))
    wanted = anew.copy()
    wanted[34] = "- item number 33 always stands here"
    assert isinstance(result, Merged)
    assert result.content.decode().split("\n") == wanted


def rewritten(lines: int, rewritten: int) -> Merged | Clash:
    """A note of which both sides write some lines anew, each in its own way."""
    base = [f"line{i} stands here" for i in range(lines)]
    sides = [[f"{mark}{i}{mark} {mark}x{i}" if i < rewritten else line for i, line in enumerate(base)] for mark in "qz"]
    return merge_contents("n.md", *("\n".join(each).encode() for each in (base, *sides)))


@pytest.mark.parametrize(
    ("lines", "disputed", "merges", "why"),
    [
        (4, 4, True, "four lines are few, even if they are all"),
        (5, 5, False, "all of five"),
        (12, 6, True, "no more than half"),
        (12, 7, False, "more than half"),
    ],
)
def test_how_much_both_may_rewrite(lines: int, disputed: int, merges: bool, why: str) -> None:
    result = rewritten(lines, disputed)
    if merges:
        assert isinstance(result, Merged), why
    else:
        assert result == Clash("Both sides rewrote more than half of it, each in its own way."), why


def common(a: str, b: str, shared: int = 0, of: int = 0) -> str:
    return common_text(Text.split(a), Text.split(b), shared, of).join()


@pytest.mark.parametrize(
    ("a", "b", "begun", "why"),
    [
        ("red one\nblue two\n", "red one\ngreen three\n", "red one\n", "half is enough"),
        ("- [ ] call home\n", "- [x] call home\n", "- [ ] call home\n", "a box was empty before it was ticked"),
        ("- [X] call home\n", "- [ ] call home\n", "- [ ] call home\n", "a box was empty before it was ticked"),
        ("red one and more\n", "red one\n", "red one\n", "the shorter came first"),
        (
            "red one\nblue two\nsame old\n",
            "red one here\nblue two there\nsame old\n",
            "red one\nblue two\nsame old\n",
            "each line goes on from its own",
        ),
        ("\nred one\nsame old\n", "red one here\nsame old\n", "red one\nsame old\n", "a blank line begins nothing"),
        ("red one", "red one", "red one", "none ends in a newline"),
        ("red one\n", "red one", "red one", "only one ends in a newline"),
        ("\ufeffred one\n", "\ufeffred one\n", "\ufeffred one\n", "both have a byte order mark"),
        ("\ufeffred one\n", "red one\n", "red one\n", "only one has"),
    ],
)
def test_what_two_texts_made_apart_could_have_begun_as(a: str, b: str, begun: str, why: str) -> None:
    assert common(a, b) == begun, why
    assert common(b, a) == begun, why


def test_what_they_share_elsewhere_counts() -> None:
    a, b = "same one\nred two\nred three\n", "same one\nblue four\nblue five\n"
    with pytest.raises(CannotMergeError, match="made apart and have little in common"):
        common(a, b)
    assert common(a, b, shared=1, of=1) == "same one\n"
    with pytest.raises(CannotMergeError):
        common(a, b, shared=1, of=2)


def test_lines_begin_others_in_one_order_only() -> None:
    a, b = "blue two\nred one\nsame old\nsame new\n", "red one here\nblue two there\nsame old\nsame new\n"
    assert common(a, b) == "blue two\nsame old\nsame new\n"
