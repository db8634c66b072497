"""Merging inside one line, where the callers' own short cuts do not reach."""

from __future__ import annotations

import pytest

from vaultsync.merge.words import holds_all, merge_block, merge_line


@pytest.mark.parametrize(
    ("base", "a", "b", "merged"),
    [
        ("here it stands", "here it stands", "there it stands", "there it stands"),
        ("here it stands", "there it stands", "here it stands", "there it stands"),
        ("here it stands", "there it stands", "there it stands", "there it stands"),
        ("we meet at noon", "we meet at ten", "we meet at eleven", None),
        ("- ", "- milk", "* ", "* milk"),
        ("- ", "* ", "- milk", "* milk"),
        ("- ", "- milk", "* milk", "* milk"),
        ("- ", "- milk", "- tea", None),
        ("2. milk", "3. milk", "10. milk", "10. milk"),
        ("-----", "***", "===", "==="),
        ("updated:: 2026-01-03", "updated:: 2026-01-02", "updated:: 2026-01-03", "updated:: 2026-01-02"),
        ("updated:: 2026-01-03", "updated:: 2026-01-03", "updated:: 2026-01-02", "updated:: 2026-01-02"),
        ("3. call Ann about the trip", "4. ask Bob for the keys", "5. ask Bob for the keys", "5. ask Bob for the keys"),
        ("2. eggs", "2 eggs", "3. eggs and ham", "3 eggs and ham"),
        ("walk dog at noon", "visit gran at four", "walk dog and cat at noon", None),
        ("a; b", "a\t- b", "a  b", "a\t- b"),
        ("a; b", "a  b", "a\t- b", "a\t- b"),
        ("we need milk", "we need milk, tea", "we need milk and bread", "we need milk, tea and bread"),
        ("we need milk", "we need milk and bread", "we need milk, tea", "we need milk, tea and bread"),
    ],
    ids=[
        "only b changed it",
        "only a changed it",
        "both changed it alike",
        "two wordings",
        "an empty item is filled, and its bullet changed",
        "its bullet changed, and an empty item filled",
        "an empty item is filled alike",
        "an empty item is filled twice",
        "the higher number, not the one that sorts last",
        "signs only",
        "a sets a stamp back",
        "b sets a stamp back",
        "rewritten alike under another number each",
        "no item of a list any more: its number is text",
        "rewritten but for a word that says little",
        "a sign outlasts white space",
        "white space gives way to a sign",
        "what goes on with a sign comes first",
        "what begins with a word comes second",
    ],
)
def test_one_line(base: str, a: str, b: str, merged: str | None) -> None:
    assert merge_line(base, a, b) == merged


@pytest.mark.parametrize(
    ("a", "b", "merged"),
    [
        ("the train about off four and", "the train sharp so and", "the train about off four sharp so and"),
        ("the train leaves and", "the train leaves noon ten and", "the train leaves noon ten and"),
    ],
    ids=["two wordings, each with what it kept", "cut by both, with something new in its place"],
)
def test_edits_of_a_paragraph_that_run_into_each_other(a: str, b: str, merged: str) -> None:
    base = "the train leaves at nine sharp from platform four and"
    rest = " takes three hours to the coast so bring a good book with you"
    assert merge_line(base + rest, a + rest, b + rest) == merged + rest


def test_a_long_line_that_was_edited_here_and_cut_away_there_takes_no_time_to_speak_of() -> None:
    """Each word was looked for among all the others: half a megabyte took hours, for which its vault did nothing."""
    words = [f"word{number}" for number in range(100_000)]
    edited = [*words[:50_000], "and", *words[50_000:]]
    assert merge_line(" ".join(words), words[0], " ".join(edited)) is None


@pytest.mark.parametrize(
    ("longer", "shorter", "expected"),
    [
        ("buy milk and bread", "buy milk", True),
        ("buy milk", "milk buy", False),
        ("* buy milk and bread", "- buy milk", False),
        ("  - buy milk and bread", "- buy milk", False),
        ("- [x] buy milk", "- [ ] buy milk", True),
        ("- [x] buy milk", "- buy milk", True),
        ("- [x] buy milk and bread", "- [x] buy milk", True),
        ("- [ ] buy milk", "- [x] buy milk", False),
    ],
)
def test_a_line_that_continues_another(longer: str, shorter: str, expected: bool) -> None:
    assert holds_all(longer, shorter) is expected


@pytest.mark.parametrize(
    ("base", "a", "b", "merged"),
    [
        ("one two\nthree four", "one two three four", "one 2\nthree four", "one 2 three four"),
        ("one two", "one\ntwo", "one 2", "one\n2"),
        ("one two", "one\ntwo", "1 two", "1\ntwo"),
        ("one two three", "1 two three", "one 2 three", "1 2 three"),
        ("one, two", "one; two", "1, two", None),
        ("one two three\nfour", "1 two three four", "1 2 three\nfour", "1 2 three four"),
        ("\n", "one\ntwo", "three", None),
        ("one two", "one 2", "one II", None),
    ],
    ids=[
        "unwrapped",
        "wrapped before a word",
        "wrapped behind a word",
        "apart",
        "one next to the other",
        "one word changed alike",
        "nothing to begin with",
        "two wordings",
    ],
)
def test_a_block_merges_where_the_edits_lie_apart(base: str, a: str, b: str, merged: str | None) -> None:
    assert merge_block(base, a, b) == merge_block(base, b, a) == merged
