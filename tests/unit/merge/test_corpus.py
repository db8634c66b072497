"""The corpus in tests/merge_corpus: what a person would expect, case by case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from vaultsync.merge import Clash, Merged, merge_contents
from vaultsync.merge.diff3 import weave_lines
from vaultsync.merge.lines import Text
from vaultsync.merge.tokens import words_of

CORPUS = Path(__file__).parents[2] / "merge_corpus"

SIGNS = {"⏎": "\n", "␍": "\r", "⇥": "\t", "␀": "\0"}


@dataclass(frozen=True)
class Case:
    sentence: str
    path: str
    base: bytes | None
    a: bytes
    b: bytes
    want: bytes | None
    clash: str


def content(text: str) -> bytes:
    if not text:
        return b""
    text = text.removesuffix("⌁") if text.endswith("⌁") else text + "⏎"
    for sign, meant in SIGNS.items():
        text = text.replace(sign, meant)
    return text.encode()


def cases() -> Iterator[tuple[str, Case]]:
    for file in sorted(CORPUS.glob("*.txt")):
        with file.open(encoding="utf-8", newline="\n") as stream:
            paragraphs = stream.read().strip("\n").split("\n\n")
        for number, paragraph in enumerate(paragraphs, 1):
            sentence, *lines = paragraph.split("\n")
            fields = {key: value.removeprefix(" ") for key, _, value in (line.partition(":") for line in lines)}
            yield (
                f"{file.stem}-{number}",
                Case(
                    sentence.removeprefix("# "),
                    fields.get("path", "note.md"),
                    None if fields["base"] == "∅" else content(fields["base"]),
                    content(fields["a"]),
                    content(fields["b"]),
                    content(fields["want"]) if "want" in fields else None,
                    fields.get("clash", ""),
                ),
            )


CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_merges_as_a_person_would_expect(name: str) -> None:
    case = CASES[name]
    result = merge_contents(case.path, case.base, case.a, case.b)
    if case.want is None:
        assert isinstance(result, Clash), case.sentence
        assert case.clash
        assert case.clash in result.reason
        assert result.reason[0].isupper()
        assert result.reason.endswith(".")
    else:
        assert isinstance(result, Merged), f"{case.sentence} {result}"
        assert result.content.decode() == case.want.decode(), case.sentence


@pytest.mark.parametrize("name", CASES)
def test_the_order_of_the_sides_does_not_matter(name: str) -> None:
    case = CASES[name]
    assert merge_contents(case.path, case.base, case.a, case.b) == merge_contents(case.path, case.base, case.b, case.a)


@pytest.mark.parametrize("name", CASES)
def test_merging_the_outcome_again_changes_nothing(name: str) -> None:
    case = CASES[name]
    if case.base is not None and case.want is not None:
        for side in (case.a, case.b):
            assert merge_contents(case.path, side, side, case.want) == Merged(case.want)


def test_the_corpus_is_large_and_says_why() -> None:
    assert len(CASES) >= 200
    assert all(len(case.sentence) > 15 for case in CASES.values())
    assert len({(case.base, case.a, case.b, case.path) for case in CASES.values()}) == len(CASES)


@pytest.mark.parametrize("name", CASES)
def test_weaving_keeps_the_same_lines_whichever_side_comes_first(name: str) -> None:
    """`merge_contents` puts the sides in an order; what `weave_lines` keeps must not hang on it."""
    case = CASES[name]
    try:
        base, a, b = (Text.split((each or b"").decode()).lines for each in (case.base, case.a, case.b))
    except UnicodeError:
        return
    one, other = weave_lines(base, a, b), weave_lines(base, b, a)
    kept, also = (Counter((*sorted(words_of(line.text)), line.ending) for line in each.lines) for each in (one, other))
    assert kept == also
    assert (one.notes, one.said, one.disputed) == (other.notes, other.said, other.disputed)
    assert one.touched == other.touched[::-1]
