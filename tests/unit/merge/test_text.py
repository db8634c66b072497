"""Notes as text: the promise that is checked at the end, and hunks too large to compare all with all."""

from __future__ import annotations

import pytest

from vaultsync.merge import Clash, Merged, diff3, merge_contents, text
from vaultsync.merge.alignment import MAX_PAIRS
from vaultsync.merge.diff3 import Woven
from vaultsync.merge.lines import Line


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
