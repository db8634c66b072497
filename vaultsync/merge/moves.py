"""Lines that were cut here and pasted there, while the other side worked on them or around them."""

from __future__ import annotations

from collections.abc import Sequence

from vaultsync.merge.alignment import GONE, Fates
from vaultsync.merge.tokens import is_heading, words_of

DISTINCT_WORDS = 4
"""From this many words on, a line that both sides added in different places is one thought, not two."""


def drop_echoes(base: Sequence[str], a: Sequence[str], b: Sequence[str], first: Fates, second: Fates) -> None:
    """Drop what both sides put in the note, in different places, from one of the two.

    That is a line that both moved, and a run of lines that the other side has too: all in the same list or
    paragraph, or telling enough to be no coincidence.
    """
    gaps_a, gaps_b = _gaps(first), _gaps(second)
    for i, j in list(second.moved.items()):
        k = first.moved.get(i)
        if k is not None and gaps_a[k] != gaps_b[j]:
            second.inserted[gaps_b[j]].remove(j)
            del second.moved[i]
    _drop_runs(base, b, second, a, first)
    _drop_runs(base, a, first, b, second)


def _gaps(fates: Fates) -> dict[int, int]:
    return {j: gap for gap, lines in fates.inserted.items() for j in lines}


def _drop_runs(base: Sequence[str], side: Sequence[str], fates: Fates, other: Sequence[str], theirs: Fates) -> None:
    moved, their_moved = set(fates.moved.values()), set(theirs.moved.values())
    places: dict[str, list[int]] = {}
    for gap, lines in theirs.inserted.items():
        for j in lines:
            if j not in their_moved and words_of(other[j]):
                places.setdefault(other[j], []).append(gap)
    for gap, lines in list(fates.inserted.items()):
        said = [side[j] for j in lines if words_of(side[j])]
        if not said or moved.intersection(lines):
            continue
        if any(gap in places.get(text, (gap,)) for text in said):
            continue
        near = all(any(_same_block(base, gap, place) for place in places[text]) for text in said)
        if near or any(is_distinct(text) for text in said):
            del fates.inserted[gap]


def is_distinct(text: str) -> bool:
    """Whether a line says so much that two devices would not write it twice: no heading, no table row."""
    return not text.lstrip().startswith(("#", "|")) and len(words_of(text)) >= DISTINCT_WORDS


def _same_block(base: Sequence[str], gap: int, place: int) -> bool:
    low, high = sorted((gap, place))
    return high - low <= 50 and all(base[i].strip() for i in range(low, high))


def relocate(base: Sequence[str], fates: Fates, gap: int, new: str) -> int | None:
    """The side's line behind which an insertion at `gap` that begins with the line `new` belongs, if that was moved.

    So it is if the lines on both sides of the gap moved together; and at the end of what moved, if what the insertion
    is part of moved along: the item that it is indented under, or its section's heading.
    """
    before, after = fates.moved.get(gap - 1, GONE), fates.moved.get(gap, GONE)
    if before != GONE and after == before + 1:
        return before
    last = next((i for i in range(gap - 1, -1, -1) if base[i].strip()), GONE)
    behind = fates.moved.get(last, GONE)
    if GONE in (last, behind) or after != GONE:
        return None
    above = _above(base, last, new)
    return behind if fates.moved.get(above) == behind - (last - above) else None


def _above(base: Sequence[str], last: int, new: str) -> int:
    """The base line at `last` or before that a line `new` behind `last` is part of; `GONE` if it is of none."""
    if not new.strip() or is_heading(new):
        return GONE
    indent = _indent(new)
    if indent:
        return next((i for i in range(last, -1, -1) if base[i].strip() and _indent(base[i]) < indent), GONE)
    return next((i for i in range(last, -1, -1) if is_heading(base[i])), GONE)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
