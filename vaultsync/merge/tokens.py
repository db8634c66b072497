"""A line as tokens, and how alike two lines are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_IDEOGRAPHS: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Hiragana, katakana and Han ideographs (Unicode blocks): written without spaces, so each is a token."""

_MARKS: Final = "\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f"
"""Combining diacritics and the Indic and Thai blocks, whose vowel signs are not `\\w` to Python."""

_LETTER: Final = rf"(?:[^\W{_IDEOGRAPHS}]|[{_MARKS}])"

_TOKEN = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://[^\s<>()\[\]\"'|]+"  # an address is one thing
    r"|\d+(?:[-:.,/]\d+)+(?!\w)"  # so is a date, a time or a decimal
    rf"|{_LETTER}+(?:['’-]{_LETTER}+)*"
    r"|\s+"
    rf"|[{_IDEOGRAPHS}]"
    r"|[\U0001f1e6-\U0001f1ff]{2}"  # a flag
    r"|[^\w\s](?:[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d[^\w\s])*"  # a sign, an emoji sequence
    r"|."
)

_WORD = re.compile(r"\w")

ALIKE: Final = 0.5
"""From this similarity on, two lines are taken for versions of one line."""


def tokenize(text: str) -> list[str]:
    """Words, runs of white space and single signs; joined they give `text` again. Line feeds are tokens."""
    return _TOKEN.findall(text)


def is_word(token: str) -> bool:
    """Whether a token carries meaning of its own: it holds a letter or a digit."""
    return token[:1].isalnum() or _WORD.search(token) is not None


def words_of(text: str) -> list[str]:
    return [token for token in tokenize(text) if is_word(token)]


@lru_cache(maxsize=1 << 14)
def is_trivial(text: str) -> bool:
    """Whether a line says nothing by itself: blank, a rule, a fence, an empty bullet, a lone bracket."""
    if text.lstrip().startswith(("```", "~~~")):
        return True
    return len(_WORD.findall(text[:200])) < 2


def is_heading(text: str) -> bool:
    """Whether `text` is an ATX heading (CommonMark 4.2)."""
    hashes = len(text) - len(text.lstrip("#"))
    return 1 <= hashes <= 6 and text[hashes : hashes + 1] in ("", " ", "\t")


def weigh_line(text: str) -> int:
    """How much it says that two lines are equal: blank ones little, long ones much."""
    if is_trivial(text):
        return 2 if text.strip() else 1
    return 8 + min(len(text), 64) // 8


def weigh_token(token: str) -> int:
    if is_word(token):
        return 6 + min(len(token), 12)
    return 1 if token.isspace() else 2


@dataclass(frozen=True, slots=True)
class Profile:
    """What `similarity` needs to know of a line."""

    text: str
    words: Counter[str]
    weight: int

    @classmethod
    def of(cls, text: str) -> Profile:
        words = Counter(word.casefold() for word in words_of(text))
        return cls(text, words, sum(len(word) * count for word, count in words.items()))


def similarity(first: Profile, second: Profile) -> float:
    """Of two unequal lines, from 0 (nothing in common) to 1: the share of letters in common words (Dice's coefficient).

    For short lines the share of letters in common is tried too, so that a corrected word is still that word.
    """
    total = first.weight + second.weight
    if not total:
        return 0.9 if first.text.split() == second.text.split() else 0.0
    common = sum(min(count, second.words[word]) * len(word) for word, count in first.words.items())
    dice = 2 * common / total
    if common and common == min(first.weight, second.weight) and _continues(first.text, second.text):
        return max(dice, 0.6)
    if dice < ALIKE and max(len(first.text), len(second.text)) <= 40:
        matcher = SequenceMatcher(None, first.text.casefold(), second.text.casefold())
        if matcher.real_quick_ratio() > 0.7 and matcher.quick_ratio() > 0.7:
            return max(dice, matcher.ratio() - 0.15)
    return dice


def _continues(first: str, second: str) -> bool:
    short, long = sorted((first.rstrip(), second.rstrip()))
    return long.startswith(short)


def texts_of(lines: Sequence[tuple[str, str]]) -> list[str]:
    """The texts of `(text, ending)` lines."""
    return [text for text, _ in lines]
