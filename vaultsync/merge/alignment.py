"""What became of every line of the base on one side: kept, edited, moved, or gone; and what was put between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from vaultsync.merge.matching import Hunk, find_hunks, keep_apart
from vaultsync.merge.tokens import ALIKE, Profile, is_heading, is_trivial, similarity, weigh_line, words_of

MAX_PAIRS: Final = 2_500
"""Largest table (base lines x side lines) that is filled to pair the edited lines of one hunk."""

MAX_PAIRS_IN_ALL: Final = 60_000
"""Most pairs of lines that are compared for one side of a merge."""

GONE: Final = -1


@dataclass(slots=True)
class Fates:
    """One side, seen from the base."""

    image: list[int]
    """For each base line the side's line that it became, or `GONE`."""
    inserted: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The side's new lines before each base line; the number of base lines stands for the end."""
    moved: dict[int, int] = field(default_factory=dict)
    """For each base line that stands elsewhere on the side: where. Its image is `GONE`, its new place an insertion."""
    alike: set[int] = field(default_factory=set)
    """The edited base lines whose image is a version of them, rather than something put in their place."""


def align(base: Sequence[str], a: Sequence[str], b: Sequence[str]) -> tuple[Fates, Fates]:
    """What became of the base's lines on the two sides."""
    first, second = find_hunks(base, a, weigh_line), find_hunks(base, b, weigh_line)
    apart = keep_apart(first, second, base, a), keep_apart(second, first, base, b)
    return _fates(base, a, apart[0]), _fates(base, b, apart[1])


def _fates(base: Sequence[str], side: Sequence[str], hunks: Sequence[Hunk]) -> Fates:
    fates = Fates([0] * len(base))
    position = offset = 0
    for hunk in (*hunks, Hunk(len(base), len(base), len(side), len(side))):
        for i in range(position, hunk.start):
            fates.image[i] = i + offset
        for i in range(hunk.start, hunk.end):
            fates.image[i] = GONE
        position, offset = hunk.end, hunk.hi - hunk.end
    hunks = _join_over_trivia(hunks, side)
    fates.moved = _find_moves(base, side, hunks, fates.image)
    settled, arrived = set(fates.moved), set(fates.moved.values())
    pairing = _Pairing(base, side)
    for hunk in hunks:
        rows = [i for i in range(hunk.start, hunk.end) if i not in settled]
        columns = [j for j in range(hunk.lo, hunk.hi) if j not in arrived]
        found = pairing.pair(rows, columns)
        pairs = _pair_rest(base, side, rows, columns, found)
        for i in rows:
            fates.image[i] = GONE
        for i, j, alike in pairs:
            fates.image[i] = j
            if alike:
                fates.alike.add(i)
        _place_insertions(fates, hunk, {j: i for i, j, _ in pairs})
    return fates


def _join_over_trivia(hunks: Sequence[Hunk], side: Sequence[str]) -> list[Hunk]:
    """Replacements that only blank lines and the like keep apart, as one: those lines match by chance."""
    joined: list[Hunk] = []
    for hunk in hunks:
        if joined:
            last = joined[-1]
            between = range(last.hi, hunk.lo)
            mixed = not (_is_pure(last) and _is_pure(hunk))
            if mixed and len(between) <= 2 and all(is_trivial(side[j]) for j in between):
                joined[-1] = Hunk(last.start, hunk.end, last.lo, hunk.hi)
                continue
        joined.append(hunk)
    return joined


def _is_pure(hunk: Hunk) -> bool:
    return hunk.inserts or hunk.deletes


def _find_moves(
    base: Sequence[str], side: Sequence[str], hunks: Sequence[Hunk], image: Sequence[int]
) -> dict[int, int]:
    """Lines cut here and pasted there: equal lines, telling ones, as many cut as pasted."""
    cut: dict[str, list[int]] = defaultdict(list)
    pasted: dict[str, list[int]] = defaultdict(list)
    for hunk in hunks:
        taken = {image[i] for i in range(hunk.start, hunk.end)}
        for i in range(hunk.start, hunk.end):
            if image[i] == GONE and not is_trivial(base[i]):
                cut[base[i]].append(i)
        for j in range(hunk.lo, hunk.hi):
            if j not in taken and not is_trivial(side[j]):
                pasted[side[j]].append(j)
    return {
        i: j
        for text, rows in cut.items()
        if len(rows) == len(pasted.get(text, ()))
        for i, j in zip(rows, pasted[text], strict=True)
    }


class _Pairing:
    """Pairs the edited lines of a side's hunks with what they were, at a bounded cost for the whole side."""

    def __init__(self, base: Sequence[str], side: Sequence[str]) -> None:
        self.base = base
        self.side = side
        self.budget = MAX_PAIRS_IN_ALL

    def pair(self, rows: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
        """Equal and similar lines of one hunk, in order.

        In a hunk that is too large to compare all with all, lines that say the same in other signs or case are
        found first, and what lies between them is compared.
        """
        if not rows or not columns:
            return []
        if self._affords(rows, columns):
            return self._pair_alike(rows, columns)
        left, right = [_gist(self.base[i]) for i in rows], [_gist(self.side[j]) for j in columns]
        found: list[tuple[int, int]] = []
        x = y = 0
        for hunk in (*find_hunks(left, right, weigh_line), Hunk(len(left), len(left), len(right), len(right))):
            found += zip(rows[x : hunk.start], columns[y : hunk.lo], strict=True)
            inner = rows[hunk.start : hunk.end], columns[hunk.lo : hunk.hi]
            if all(inner) and self._affords(*inner):
                found += self._pair_alike(*inner)
            x, y = hunk.end, hunk.hi
        return found

    def _affords(self, rows: Sequence[int], columns: Sequence[int]) -> bool:
        return len(rows) * len(columns) <= min(MAX_PAIRS, self.budget)

    def _pair_alike(self, rows: Sequence[int], columns: Sequence[int]) -> list[tuple[int, int]]:
        """Lines paired in order so that their similarities add up to the most."""
        self.budget -= len(rows) * len(columns)
        left = [Profile.of(self.base[i]) for i in rows]
        right = [Profile.of(self.side[j]) for j in columns]
        scores = [[_score(x, y) for y in right] for x in left]
        best = [[0.0] * (len(columns) + 1) for _ in range(len(rows) + 1)]
        for x in range(len(rows) - 1, -1, -1):
            for y in range(len(columns) - 1, -1, -1):
                paired = best[x + 1][y + 1] + scores[x][y] if scores[x][y] else 0.0
                best[x][y] = max(paired, best[x + 1][y], best[x][y + 1])
        pairs = []
        x = y = 0
        while x < len(rows) and y < len(columns):
            if scores[x][y] and best[x][y] == best[x + 1][y + 1] + scores[x][y]:
                pairs.append((rows[x], columns[y]))
                x, y = x + 1, y + 1
            elif best[x][y] == best[x + 1][y]:
                x += 1
            else:
                y += 1
        return pairs


def _gist(text: str) -> str:
    """A line's words alone, so that a reformatted line is still that line; a line without words as it is."""
    return " ".join(words_of(text)).casefold() or text


def _score(x: Profile, y: Profile) -> float:
    if x.text == y.text:
        return float(weigh_line(x.text))
    alike = similarity(x, y)
    return alike * weigh_line(x.text) if alike >= ALIKE else 0.0


def _pair_rest(
    base: Sequence[str],
    side: Sequence[str],
    rows: Sequence[int],
    columns: Sequence[int],
    found: Sequence[tuple[int, int]],
) -> list[tuple[int, int, bool]]:
    """`found`, and between its pairs the lines that something else was put in the place of.

    As many lines as there were: one for one, in order. Else only lines of text stand for lines of text. A heading in
    the place of a heading is a version of it.
    """
    pairs: list[tuple[int, int, bool]] = []
    x = y = 0
    for i, j in (*found, (len(base), len(side))):
        open_rows, open_columns = [], []
        while x < len(rows) and rows[x] < i:
            open_rows.append(rows[x])
            x += 1
        while y < len(columns) and columns[y] < j:
            open_columns.append(columns[y])
            y += 1
        if len(open_rows) != len(open_columns):
            open_rows = [row for row in open_rows if base[row].strip()]
            open_columns = [column for column in open_columns if side[column].strip()]
        pairs.extend(
            (row, column, is_heading(base[row]) and is_heading(side[column]))
            for row, column in zip(open_rows, open_columns, strict=False)
        )
        if i < len(base):
            pairs.append((i, j, True))
            x, y = x + 1, y + 1
    return pairs


def _place_insertions(fates: Fates, hunk: Hunk, source: dict[int, int]) -> None:
    """Give each of the side's lines in `hunk` that stems from no base line its place: after the line before it."""
    gap = hunk.start
    for j in range(hunk.lo, hunk.hi):
        if j in source:
            gap = source[j] + 1
        else:
            fates.inserted[gap].append(j)
