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


def test_a_long_line_that_was_edited_here_and_cut_away_there_takes_no_time_to_speak_of() -> None:
    """Each word was looked for among all the others: half a megabyte took hours, for which its vault did nothing."""
    words = [f"word{number}" for number in range(100_000)]
    edited = [*words[:50_000], "and", *words[50_000:]]
    assert merge_line(" ".join(words), words[0], " ".join(edited)) is None
