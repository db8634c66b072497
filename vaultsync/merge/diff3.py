"""The three-way merge of lines: what became of each base line on either side decides what becomes of it here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from vaultsync.merge.alignment import GONE, align
from vaultsync.merge.lines import Line, three_way
from vaultsync.merge.moves import drop_echoes, relocate
from vaultsync.merge.tokens import is_trivial, texts_of
from vaultsync.merge.union import unite
from vaultsync.merge.words import merge_block, merge_line, unnumbered

BOTH_KEPT: Final = "Both wordings of what was changed on both sides were kept."
EDIT_KEPT: Final = "What one side deleted and the other edited was kept."

MAX_BLOCK_LINES: Final = 60
"""The longest run of touched lines that is merged as one run of words."""


@dataclass(slots=True)
class Woven:
    """The lines of a merge, and how it went."""

    lines: list[Line] = field(default_factory=list)
    notes: set[str] = field(default_factory=set)
    said: int = 0
    """How many lines of the base say something."""
    touched: tuple[int, int] = (0, 0)
    """How many of these each side edited, deleted or moved."""
    disputed: int = 0
    """How many of these both sides rewrote, so that both wordings had to be kept."""


def weave_lines(base: Sequence[Line], a: Sequence[Line], b: Sequence[Line]) -> Woven:
    """Merge two versions of `base`. Symmetric if the caller brings `a` and `b` into a fixed order.

    - A line that one side deleted and the other left alone is gone; one that the other edited stays, edited.
    - A line that both edited is merged word by word, else both wordings stay, `a`'s first.
    - New lines of both at one place: what they share once, then by `union`'s order.
    """
    return _Weaver(base, a, b).run()


class _Weaver:
    def __init__(self, base: Sequence[Line], a: Sequence[Line], b: Sequence[Line]) -> None:
        self.base = base
        self.sides = (a, b)
        texts = texts_of(base), texts_of(a), texts_of(b)
        self.fates = align(*texts)
        drop_echoes(*texts, *self.fates)
        self.out = Woven()
        self.rivals: tuple[list[Line], list[Line]] = ([], [])
        self.replaced: tuple[dict[int, Line], dict[int, Line]] = ({}, {})
        """Lines that one side moved, as the other side edited them, by their new place."""
        self.joined: tuple[dict[int, list[Line]], dict[int, list[Line]]] = ({}, {})
        """Lines that one side put between lines which the other moved, by the line they follow at the new place."""
        self.rescued = GONE
        """The base line that was kept last because it was edited, where the other side deleted it."""
        self._follow_moves()

    def run(self) -> Woven:
        self._count()
        i = 0
        while i <= len(self.base):
            end = self._block_end(i)
            block = self._merge_as_block(i, end) if end > i else None
            if block is not None:
                self._flush()
                self.out.lines += block
                i = end
            else:
                self._insert(i)
            if i < len(self.base):
                self._settle(i)
            i += 1
        self._flush()
        return self.out

    def _follow_moves(self) -> None:
        texts = texts_of(self.base)
        for side, fates in enumerate(self.fates):
            other = self.fates[1 - side]
            for i, j in fates.moved.items():
                k = other.image[i]
                if k != GONE and i in other.alike:
                    self.replaced[side][j] = self.sides[1 - side][k]
            arrived = set(other.moved.values())
            for gap in list(other.inserted):
                new = [self.sides[1 - side][j] for j in other.inserted[gap]]
                if not new or not arrived.isdisjoint(other.inserted[gap]):
                    continue
                behind = relocate(texts, fates, gap, new[0].text)
                if behind is not None:
                    del other.inserted[gap]
                    if not texts[gap - 1].strip():
                        new = _parted_before(new)
                    self.joined[side].setdefault(behind, []).extend(new)

    def _new_lines(self, side: int, gap: int) -> list[Line]:
        lines: list[Line] = []
        for j in self.fates[side].inserted.get(gap, ()):
            lines.append(self.replaced[side].get(j, self.sides[side][j]))
            lines += self.joined[side].get(j, ())
        return lines

    def _insert(self, gap: int) -> None:
        a, b = self._new_lines(0, gap), self._new_lines(1, gap)
        if self.rivals[0] or self.rivals[1]:
            self.rivals[0].extend(a)
            self.rivals[1].extend(b)
        else:
            self.out.lines += unite(a, b)

    def _flush(self) -> None:
        if self.rivals[0] or self.rivals[1]:
            self.out.lines += unite(*self.rivals)
            self.rivals = ([], [])

    def _settle(self, i: int) -> None:
        """Emit what becomes of base line `i`."""
        line, rivals = self._outcome(i)
        if rivals is not None:
            self.rivals[0].append(rivals[0])
            self.rivals[1].append(rivals[1])
            if not is_trivial(self.base[i].text):
                self.out.notes.add(BOTH_KEPT)
                self.out.disputed += 1
        elif line is not None:
            self._flush()
            self.out.lines.append(line)

    def _outcome(self, i: int) -> tuple[Line | None, tuple[Line, Line] | None]:
        base = self.base[i]
        a, b = self._image(0, i), self._image(1, i)
        if a is None or b is None:
            side = 0 if a is not None else 1
            kept = a if a is not None else b
            if kept is None:
                return None, None
            if not self._is_edited(side, i):
                parts = not base.text.strip() and self.rescued == i - 1
                return (kept if parts else None), None
            if i in self.fates[1 - side].moved and i in self.fates[side].alike:
                return None, None
            self.out.notes.add(EDIT_KEPT)
            self.rescued = i
            return kept, None
        if a.text == b.text or b.text == base.text or a.text == base.text:
            text = three_way(base.text, a.text, b.text)
            return Line(text, three_way(base.ending, a.ending, b.ending)), None
        merged = merge_line(base.text, a.text, b.text)
        if merged is None:
            return None, (a, b)
        return Line(merged, three_way(base.ending, a.ending, b.ending)), None

    def _image(self, side: int, i: int) -> Line | None:
        j = self.fates[side].image[i]
        return None if j == GONE else self.sides[side][j]

    def _is_edited(self, side: int, i: int) -> bool:
        """Whether a side changed more of base line `i` than its white space, or the number that it has in a list."""
        line = self._image(side, i)
        return line is not None and unnumbered(line.text).split() != unnumbered(self.base[i].text).split()

    def _is_touched(self, side: int, i: int) -> bool:
        line = self._image(side, i)
        return line is None or line.text != self.base[i].text

    def _block_end(self, start: int) -> int:
        """Where the run of touched lines from `start` on ends, if both sides touched one of them; else `start`."""
        if start and (self._is_touched(0, start - 1) or self._is_touched(1, start - 1)):
            return start
        end, needed = start, False
        while end < len(self.base) and end - start <= MAX_BLOCK_LINES:
            touched = self._is_touched(0, end), self._is_touched(1, end)
            if not any(touched):
                break
            needed = needed or all(touched)
            end += 1
        return end if needed and end - start <= MAX_BLOCK_LINES else start

    def _merge_as_block(self, start: int, end: int) -> list[Line] | None:
        """The block with all its words merged at once: right if a side wrapped, split or joined its lines."""
        spans = [self._span(side, start, end) for side in (0, 1)]
        for fates, span in zip(self.fates, spans, strict=True):
            if fates.moved.keys() & set(range(start, end)) or set(fates.moved.values()) & set(span):
                return None
        blocks = [
            self.base[start:end],
            *([lines[j] for j in span] for lines, span in zip(self.sides, spans, strict=True)),
        ]
        if len(blocks[1]) == len(blocks[2]) == end - start:
            return None
        if blocks[1] == blocks[2]:
            return list(blocks[1])
        texts = ["\n".join(texts_of(block)) for block in blocks]
        merged = merge_block(*texts)
        if merged is None:
            return None
        ending = (*blocks[1], *blocks[2], *blocks[0])[0].ending
        return [Line(text, ending) for text in merged.split("\n")]

    def _span(self, side: int, start: int, end: int) -> list[int]:
        """The side's lines that stand for `base[start:end]` and in the gaps before, inside and after it."""
        fates = self.fates[side]
        found = [j for i in range(start, end) if (j := fates.image[i]) != GONE]
        found += [j for gap in range(start, end + 1) for j in fates.inserted.get(gap, ())]
        return sorted(found)

    def _count(self) -> None:
        said = [i for i, line in enumerate(self.base) if not is_trivial(line.text)]
        self.out.said = len(said)
        self.out.touched = (
            sum(self._is_touched(0, i) for i in said),
            sum(self._is_touched(1, i) for i in said),
        )


def _parted_before(lines: list[Line]) -> list[Line]:
    """A paragraph that comes before the blank line that parts it from the next, as one that comes after."""
    blank = lines[-1] if not lines[-1].text.strip() else Line("", lines[-1].ending)
    return [blank, *(lines[:-1] if blank is lines[-1] else lines)]
