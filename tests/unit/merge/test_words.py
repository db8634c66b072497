"""Merging inside one line, where the callers' own short cuts do not reach."""

from __future__ import annotations

import pytest

from vaultsync.merge.words import merge_line


@pytest.mark.parametrize(
    ("base", "a", "b", "merged"),
    [
        ("here it stands", "here it stands", "there it stands", "there it stands"),
        ("here it stands", "there it stands", "here it stands", "there it stands"),
        ("here it stands", "there it stands", "there it stands", "there it stands"),
        ("we meet at noon", "we meet at ten", "we meet at eleven", None),
    ],
    ids=["only b changed it", "only a changed it", "both changed it alike", "two wordings"],
)
def test_one_line(base: str, a: str, b: str, merged: str | None) -> None:
    assert merge_line(base, a, b) == merged
