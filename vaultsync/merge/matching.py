"""What one side changed: the hunks between two sequences of lines or of words.

Patience first (`patiencediff`: elements that are unique on both sides anchor the match), then, in what lies
between anchors, the heaviest common subsequence where that is affordable, and Myers' greedy search with bounded
effort where it isn't. Past the bounds the match is coarser, never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from patiencediff import unique_lcs

MAX_CELLS: Final = 20_000
"""Largest table (rows x columns) that is filled to find the heaviest match between two anchors."""

MAX_EDITS: Final = 300
"""Most insertions and deletions that Myers' search follows between two anchors; its cost grows with the square."""

MAX_DEPTH: Final = 20

Weigh = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Hunk:
    """`base[start:end]` became `side[lo:hi]`."""

    start: int
    end: int
    lo: int
    hi: int

    @property
    def inserts(self) -> bool:
        return self.start == self.end

    @property
    def deletes(self) -> bool:
        return self.lo == self.hi

    def shifted(self, by: int) -> Hunk:
        return Hunk(self.start + by, self.end + by, self.lo + by, self.hi + by)


def find_hunks(base: Sequence[str], side: Sequence[str], weigh: Weigh) -> list[Hunk]:
    """The changes from `base` to `side`, in order; insertions and deletions stand as far down as they can."""
    pairs: list[tuple[int, int]] = []
    _match(base, side, 0, len(base), 0, len(side), weigh, MAX_DEPTH, pairs)
    return _settle_down(_hunks_of(pairs, len(base), len(side)), base, side)


def _hunks_of(pairs: Sequence[tuple[int, int]], rows: int, columns: int) -> list[Hunk]:
    hunks: list[Hunk] = []
    i = j = 0
    for x, y in (*pairs, (rows, columns)):
        if x > i or y > j:
            hunks.append(Hunk(i, x, j, y))
        i, j = x + 1, y + 1
    return hunks


def _match(
    base: Sequence[str],
    side: Sequence[str],
    start: int,
    end: int,
    lo: int,
    hi: int,
    weigh: Weigh,
    depth: int,
    pairs: list[tuple[int, int]],
) -> None:
    while start < end and lo < hi and base[start] == side[lo]:
        pairs.append((start, lo))
        start, lo = start + 1, lo + 1
    tail = 0
    while start < end - tail and lo < hi - tail and base[end - tail - 1] == side[hi - tail - 1]:
        tail += 1
    end, hi = end - tail, hi - tail
    if start < end and lo < hi:
        inner_base, inner_side = base[start:end], side[lo:hi]
        if len(inner_base) * len(inner_side) <= MAX_CELLS:
            found = _heaviest(inner_base, inner_side, weigh)
            pairs.extend((start + x, lo + y) for x, y in found)
        elif depth and (anchors := unique_lcs(inner_base, inner_side)):
            x, y = start, lo
            for dx, dy in anchors:
                next_x, next_y = start + dx, lo + dy
                _match(base, side, x, next_x, y, next_y, weigh, depth - 1, pairs)
                pairs.append((next_x, next_y))
                x, y = next_x + 1, next_y + 1
            _match(base, side, x, end, y, hi, weigh, depth - 1, pairs)
        else:
            pairs.extend((start + x, lo + y) for x, y in _greedy(inner_base, inner_side))
    pairs.extend((end + k, hi + k) for k in range(tail))


def _heaviest(base: Sequence[str], side: Sequence[str], weigh: Weigh) -> list[tuple[int, int]]:
    """The common subsequence of the greatest weight; of several, the earliest."""
    rows, columns = len(base), len(side)
    common = set(base) & set(side)
    if not common:
        return []
    weights = [weigh(item) if item in common else 0 for item in base]
    below = [0] * (columns + 1)
    table = [below]
    for i in range(rows - 1, -1, -1):
        item, weight = base[i], weights[i]
        if not weight:
            table.append(below)
            continue
        row = [0] * (columns + 1)
        best = 0
        for j in range(columns - 1, -1, -1):
            skip = below[j]
            if skip > best:
                best = skip
            if side[j] == item and below[j + 1] + weight > best:
                best = below[j + 1] + weight
            row[j] = best
        table.append(row)
        below = row
    table.reverse()
    pairs = []
    i = j = 0
    while i < rows and j < columns and table[i][j]:
        here = table[i][j]
        if base[i] == side[j] and here == table[i + 1][j + 1] + weights[i]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] == here:
            i += 1
        else:
            j += 1
    return pairs


def _greedy(base: Sequence[str], side: Sequence[str]) -> list[tuple[int, int]]:
    """Myers, "An O(ND) Difference Algorithm" (1986), given up after `MAX_EDITS`: then nothing matches."""
    rows, columns = len(base), len(side)
    reach = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(rows + columns, MAX_EDITS) + 1):
        trail.append(dict(reach))
        for k in range(-edits, edits + 1, 2):
            if k == -edits or (k != edits and reach.get(k - 1, -1) < reach.get(k + 1, -1)):
                x = reach[k + 1]
            else:
                x = reach[k - 1] + 1
            y = x - k
            while x < rows and y < columns and base[x] == side[y]:
                x, y = x + 1, y + 1
            reach[k] = x
            if x >= rows and y >= columns:
                return _retrace(trail, rows, columns)
    return []


def _retrace(trail: Sequence[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        reach, k = trail[edits], x - y
        down = k == -edits or (k != edits and reach.get(k - 1, -1) < reach.get(k + 1, -1))
        from_k = k + 1 if down else k - 1
        from_x = reach[from_k] if edits else 0
        from_y = from_x - from_k if edits else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            pairs.append((x, y))
        x, y = from_x, from_y
    pairs.reverse()
    return pairs


def _settle_down(hunks: list[Hunk], base: Sequence[str], side: Sequence[str]) -> list[Hunk]:
    """Shift each pure insertion or deletion down while the content allows it, as `git diff` does.

    The place of an insertion among equal neighbours is then the same whoever made it. It stops short of the next
    hunk: run together, the two would look like one replacement.
    """
    settled: list[Hunk] = []
    for hunk in reversed(hunks):
        limit = settled[-1].start - 1 if settled else len(base)
        while hunk.end < limit and (
            (hunk.inserts and base[hunk.end] == side[hunk.lo]) or (hunk.deletes and base[hunk.start] == base[hunk.end])
        ):
            hunk = hunk.shifted(1)
        settled.append(hunk)
    settled.reverse()
    return settled


def keep_apart(hunks: Sequence[Hunk], others: Sequence[Hunk], base: Sequence[str], side: Sequence[str]) -> list[Hunk]:
    """`hunks`, with insertions and deletions moved up among equal neighbours where that keeps them off `others`."""
    touched = {i for other in others for i in range(other.start, other.end)}
    rewritten = {i for other in others if not other.deletes for i in range(other.start, other.end)}
    if not touched:
        return list(hunks)
    placed: list[Hunk] = []
    for hunk in hunks:
        best, best_cost = hunk, _nearness(hunk, touched, rewritten)
        limit = placed[-1].end if placed else 0
        candidate = hunk
        while best_cost and candidate.start > limit and _can_rise(candidate, base, side):
            candidate = candidate.shifted(-1)
            if candidate.start <= limit and placed:
                break
            cost = _nearness(candidate, touched, rewritten)
            if cost < best_cost:
                best, best_cost = candidate, cost
        placed.append(best)
    return placed


def _can_rise(hunk: Hunk, base: Sequence[str], side: Sequence[str]) -> bool:
    if hunk.inserts:
        return base[hunk.start - 1] == side[hunk.hi - 1]
    return hunk.deletes and base[hunk.start - 1] == base[hunk.end - 1]


def _nearness(hunk: Hunk, touched: set[int], rewritten: set[int]) -> int:
    if hunk.inserts:
        before, after = hunk.start - 1 in touched, hunk.start in touched
        return before + after
    if hunk.deletes:
        return sum(i in rewritten for i in range(hunk.start, hunk.end))
    return 0
