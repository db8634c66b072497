"""Two texts as the lines that differ, with the words that differ in them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Final

CONTEXT: Final = 3
"""Unchanged lines shown around a change."""
_WORDS: Final = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE: Final = 0.3
"""Lines less alike than this are shown whole, without marked words."""


class Mark(StrEnum):
    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"
    PLACE = "place"
    """A heading that tells where the lines after it stand."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    mark: Mark
    text: str
    """Without its line ending."""
    emphasis: tuple[tuple[int, int], ...] = ()
    """Spans of `text` that are only on this side."""


def difference(before: str, after: str) -> list[DiffLine]:
    """What turns `before` into `after`, in the order of a unified diff; nothing if they are equal."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[DiffLine] = []
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        place = f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@"
        lines.append(DiffLine(Mark.PLACE, place))
        for kind, i, i_end, j, j_end in group:
            if kind == "equal":
                lines += [DiffLine(Mark.SAME, line) for line in old[i:i_end]]
            elif kind == "replace" and i_end - i == j_end - j:
                pairs = [_pair(a, b) for a, b in zip(old[i:i_end], new[j:j_end], strict=True)]
                lines += [removed for removed, _ in pairs] + [added for _, added in pairs]
            else:
                lines += [DiffLine(Mark.REMOVED, line) for line in old[i:i_end]]
                lines += [DiffLine(Mark.ADDED, line) for line in new[j:j_end]]
    if not lines and before != after:
        return [DiffLine(Mark.PLACE, "@@ only line endings differ @@")]
    return lines


def _pair(old: str, new: str) -> tuple[DiffLine, DiffLine]:
    """A changed line, before and after, with the words that differ marked: paragraphs are single long lines."""
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    removed: list[tuple[int, int]] = []
    added: list[tuple[int, int]] = []
    if matcher.ratio() >= _ALIKE:
        for kind, i, i_end, j, j_end in matcher.get_opcodes():
            if kind != "equal":
                removed += _span(a, i, i_end)
                added += _span(b, j, j_end)
    return DiffLine(Mark.REMOVED, old, tuple(removed)), DiffLine(Mark.ADDED, new, tuple(added))


def _span(words: list[str], start: int, end: int) -> list[tuple[int, int]]:
    if start == end:
        return []
    offset = sum(map(len, words[:start]))
    return [(offset, offset + sum(map(len, words[start:end])))]
