"""Plain text: lines, then words; the frame kept; what would be absurd refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from vaultsync.merge.diff3 import Woven, weave_lines
from vaultsync.merge.lines import Line, Text, agree_on_endings, merge_frame
from vaultsync.merge.matching import find_hunks
from vaultsync.merge.repeats import drop_repeats
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.stamps import without_stamp
from vaultsync.merge.tokens import is_trivial, texts_of, weigh_line, words_of
from vaultsync.merge.words import holds_all

FEW_LINES: Final = 4
"""Up to this many disputed lines, both wordings are kept however small the note."""

REWRITTEN_SHARE: Final = 0.5
"""A side that touched more than this share of a note's lines has rewritten it."""

ALIKE_SHARE: Final = 0.5
"""Without a base, two notes merge from this share of common lines on (of the shorter one's)."""

MAX_BEGUN: Final = 60
"""How many lines of one place are searched for lines that the other side's continue."""


def merge_texts(base: Text | None, a: Text, b: Text, notes: set[str]) -> Text:
    """Merge two texts and add to `notes`; `CannotMergeError` if the result would be absurd or they are unrelated."""
    if base is None:
        base = common_text(a, b)
    base, a, b = agree_on_endings(base, a, b)
    woven = weave_lines(base.lines, a.lines, b.lines)
    _refuse_absurd(woven)
    woven.lines = drop_repeats((base.lines, a.lines, b.lines), woven.lines)
    _refuse_loss(base, a, b, woven)
    notes |= woven.notes
    return merge_frame(base, a, b, woven.lines)


def _refuse_absurd(woven: Woven) -> None:
    limit = woven.said * REWRITTEN_SHARE
    if woven.disputed > max(FEW_LINES, limit) and min(woven.touched) > limit:
        raise CannotMergeError("Both sides rewrote more than half of it, each in its own way.")


def _refuse_loss(base: Text, a: Text, b: Text, woven: Woven) -> None:
    """The promise, checked: every word that a side brought in is there."""
    known, held = set(texts_of(base.lines)), set(texts_of(woven.lines))
    for side in (a, b):
        said = set(texts_of(side.lines))
        owed = _words(map(without_stamp, said - known - held))
        owed -= _words(held - known) | _words(known - said)
        if owed and owed - _words(known) - _words(held):
            raise CannotMergeError("A merge would have lost words.")


def _words(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in words_of(text)}


def common_text(a: Text, b: Text, shared: int = 0, of: int = 0) -> Text:
    """What two texts without a common ancestor could have begun as: the lines that both have.

    Where one side's line is the other's with words added or a box ticked, the shorter line. If they share less
    than half of the shorter text's lines, `CannotMergeError`; `shared` of `of` more lines are counted with them.
    """
    x, y = texts_of(a.lines), texts_of(b.lines)
    common: list[Line] = []
    i = 0
    for hunk in find_hunks(x, y, weigh_line):
        common += a.lines[i : hunk.start]
        common += _begun(a.lines[hunk.start : hunk.end], b.lines[hunk.lo : hunk.hi])
        i = hunk.end
    common += a.lines[i:]
    shorter = min(_telling(a.lines), _telling(b.lines))
    if _telling(common) + shared < ALIKE_SHARE * (shorter + of):
        raise CannotMergeError("The two were made apart and have little in common.")
    return Text(tuple(common), a.bom and b.bom, a.final if a.final == b.final else False)


def _telling(lines: Sequence[Line]) -> int:
    return sum(not is_trivial(line.text) for line in lines)


def _begun(a: Sequence[Line], b: Sequence[Line]) -> list[Line]:
    begun = []
    y = 0
    for line in a[:MAX_BEGUN]:
        for k in range(y, min(len(b), MAX_BEGUN)):
            other = b[k]
            if not line.text.strip() or not other.text.strip():
                continue
            held = [each for each, of in ((line, other), (other, line)) if holds_all(of.text, each.text)]
            if held:
                begun.append(min(held, key=lambda each: (len(each.text), each)))
                y = k + 1
                break
    return begun
