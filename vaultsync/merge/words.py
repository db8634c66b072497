"""Merging inside what both sides touched: word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vaultsync.merge.lines import three_way
from vaultsync.merge.matching import Hunk, find_hunks, keep_apart
from vaultsync.merge.stamps import later_stamp_line
from vaultsync.merge.tokens import is_word, tokenize, weigh_token

KEPT_SHARE: Final = 0.3
"""A side that changed several places and keeps less than this share of a line has rewritten it: what it kept, it
kept by chance, and the other side's words fit nowhere in it."""

LONG_LINE_WORDS: Final = 20
"""From this many words on, a line is a paragraph: rather both wordings inside it than the paragraph twice."""

MAX_DISPUTED_SHARE: Final = 0.25
"""The largest share of a paragraph's words that may stand in it in two wordings."""

_PREFIX = re.compile(r"(\s*(?:>\s*)*)((?:[-*+]|\d{1,9}[.)])(?:\s+|$))?(\[.\](?:\s+|$))?")


@dataclass(frozen=True, slots=True)
class _Weave:
    """The tokens of a word-level merge."""

    tokens: list[str]
    disputed: int
    """How many words stand in it in two wordings."""
    clean: bool
    """Whether no edit of one side met an edit of the other."""
    apart: bool
    """Whether, too, none came right next to one, but for white space."""


def merge_line(base: str, a: str, b: str) -> str | None:
    """The line that holds both edits of `base`, or None if they are two wordings of the same."""
    if a == b or b == base:
        return a
    if a == base:
        return b
    if (stamp := later_stamp_line(a, b)) is not None:
        return stamp
    head, tails = _merge_prefixes(base, a, b)
    rest, rest_a, rest_b = tails
    if not rest.strip():
        return head + (rest_a or rest_b) if not (rest_a.strip() and rest_b.strip()) or rest_a == rest_b else None
    if rest_a == rest_b or rest_b == rest:
        return head + rest_a
    if rest_a == rest:
        return head + rest_b
    woven = _weave(tokenize(rest), tokenize(rest_a), tokenize(rest_b))
    if woven is None:
        return None if any(map(is_word, (a, b))) else max(a, b, key=lambda text: (len(text), text))
    if woven.disputed:
        total = sum(map(is_word, woven.tokens))
        if total < LONG_LINE_WORDS or woven.disputed > total * MAX_DISPUTED_SHARE:
            return None
    return head + "".join(woven.tokens)


def merge_block(base: str, a: str, b: str) -> str | None:
    """Several lines merged as one run of words, or None unless the two sides' edits lie apart.

    This is how a paragraph that one side wrapped, split or joined takes the words that the other side changed.
    """
    woven = _weave(tokenize(base), tokenize(a), tokenize(b))
    return "".join(woven.tokens) if woven is not None and woven.clean and woven.apart else None


def holds_all(longer: str, shorter: str) -> bool:
    """Whether `longer` is `shorter` with words added, a box ticked, or both."""
    head, short = _split_prefix(shorter)
    long_head, long = _split_prefix(longer)
    if head[:2] != long_head[:2] or (head[2] != long_head[2] and head[2].strip() not in ("", "[ ]")):
        return False
    tokens = iter(tokenize(long.strip()))
    return all(token in tokens for token in tokenize(short.strip()) if not token.isspace())


def unnumbered(line: str) -> str:
    """`line`, and if it is an item of a numbered list, without its number."""
    (indent, marker, box), rest = _split_prefix(line)
    return indent + marker.lstrip("0123456789") + box + rest


def _split_prefix(line: str) -> tuple[tuple[str, str, str], str]:
    match = _PREFIX.match(line)
    assert match is not None
    return (match[1] or "", match[2] or "", match[3] or ""), line[match.end() :]


def _merge_prefixes(base: str, a: str, b: str) -> tuple[str, tuple[str, str, str]]:
    """Indent, list marker and check box, each decided for itself; and what follows them in the three lines.

    If only some of the lines are list items, the marker is text that someone put there or took away.
    """
    (own, rest), (first, rest_a), (second, rest_b) = map(_split_prefix, (base, a, b))
    if len({bool(head[1]) for head in (own, first, second)}) > 1:
        return "", (base, a, b)
    parts = []
    for index, pick in enumerate((_deeper, _higher, _ticked)):
        x, y, z = own[index], first[index], second[index]
        parts.append(three_way(x, y, z) if x in (y, z) or y == z else pick(y, z))
    return "".join(parts), (rest, rest_a, rest_b)


def _deeper(a: str, b: str) -> str:
    return max(a, b, key=lambda indent: (len(indent), indent))


def _higher(a: str, b: str) -> str:
    """Of two numbers that a list item was given, the higher: each side counted its own new items."""

    def rank(marker: str) -> tuple[int, str]:
        digits = marker.strip().rstrip(".)")
        return (int(digits) if digits.isdecimal() else 0, marker)

    return max(a, b, key=rank)


def _ticked(a: str, b: str) -> str:
    return max(a, b, key=lambda box: (box.strip().lower() == "[x]", box))


def _weave(base: Sequence[str], a: Sequence[str], b: Sequence[str]) -> _Weave | None:
    first = find_hunks(base, a, weigh_token)
    second = find_hunks(base, b, weigh_token)
    if any(len(hunks) > 1 and _kept_share(base, hunks) < KEPT_SHARE for hunks in (first, second)):
        return None
    first, second = keep_apart(first, second, base, a), keep_apart(second, first, base, b)
    out: list[str] = []
    position = i = j = disputed = 0
    clean = apart = True
    last: tuple[bool, bool] | None = None
    before_is_space = False
    while i < len(first) or j < len(second):
        start = min(side[k].start for side, k in ((first, i), (second, j)) if k < len(side))
        _extend(out, base[position:start])
        next_i, next_j, end = _cluster(first, i, second, j)
        mine, theirs = first[i:next_i], second[j:next_j]
        sides = bool(mine), bool(theirs)
        spacing = _is_spacing(base, a, mine) and _is_spacing(base, b, theirs)
        if last is not None and start == position and sides != last:
            apart = apart and (before_is_space or spacing)
        before_is_space = spacing
        last = sides
        if not theirs:
            _extend(out, a[mine[0].lo : mine[-1].hi])
        elif not mine:
            _extend(out, b[theirs[0].lo : theirs[-1].hi])
        else:
            text_a, text_b = _apply(base, a, mine, start, end), _apply(base, b, theirs, start, end)
            clean = clean and text_a == text_b
            settled, count = _settle(base, start, end, mine, theirs, text_a, text_b)
            disputed += count
            _extend(out, settled)
        position, i, j = end, next_i, next_j
    _extend(out, base[position:])
    if not clean and min(_kept_share(base, first), _kept_share(base, second)) < KEPT_SHARE:
        return None
    return _Weave(out, disputed, clean, apart)


def _kept_share(base: Sequence[str], hunks: Sequence[Hunk]) -> float:
    total = sum(len(token) for token in base if not token.isspace())
    lost = sum(len(token) for hunk in hunks for token in base[hunk.start : hunk.end] if not token.isspace())
    return 1 - lost / total if total else 1.0


def _cluster(first: Sequence[Hunk], i: int, second: Sequence[Hunk], j: int) -> tuple[int, int, int]:
    """The hunks from `i` and `j` on that run into each other, as the indexes after them and the base index after.

    Hunks that only touch stay apart; two insertions at one place run into each other.
    """
    sides, at = (first, second), [i, j]
    lead = min((k for k in (0, 1) if at[k] < len(sides[k])), key=lambda k: _rank(sides[k][at[k]]))
    start, end = sides[lead][at[lead]].start, sides[lead][at[lead]].end
    grown = True
    while grown:
        grown = False
        for k in (0, 1):
            if at[k] < len(sides[k]):
                hunk = sides[k][at[k]]
                if hunk.start < end or (hunk.inserts and hunk.start == start == end):
                    end = max(end, hunk.end)
                    at[k] += 1
                    grown = True
    return at[0], at[1], end


def _is_spacing(base: Sequence[str], side: Sequence[str], hunks: Sequence[Hunk]) -> bool:
    """Whether a side only put other white space in place of white space."""
    return all(
        not (hunk.inserts or hunk.deletes)
        and all(token.isspace() for token in (*base[hunk.start : hunk.end], *side[hunk.lo : hunk.hi]))
        for hunk in hunks
    )


def _rank(hunk: Hunk) -> tuple[int, int]:
    return hunk.start, hunk.end


def _apply(base: Sequence[str], side: Sequence[str], hunks: Sequence[Hunk], start: int, end: int) -> list[str]:
    """What a side made of `base[start:end]`."""
    before, after = hunks[0].start - start, end - hunks[-1].end
    return [*base[start : start + before], *side[hunks[0].lo : hunks[-1].hi], *base[end - after : end]]


def _settle(
    base: Sequence[str],
    start: int,
    end: int,
    mine: Sequence[Hunk],
    theirs: Sequence[Hunk],
    a: list[str],
    b: list[str],
) -> tuple[list[str], int]:
    """What stands where both sides changed `base[start:end]`, and how many words of it are in dispute."""
    if a == b:
        return a, 0
    if start == end:
        return _side_by_side(a, b), 0
    cut_a, cut_b = all(hunk.deletes for hunk in mine), all(hunk.deletes for hunk in theirs)
    if cut_a and cut_b:
        return [], 0
    if cut_a or cut_b:
        cut, edited = (a, b) if cut_a else (b, a)
        known = set(base[start:end])
        added = any(is_word(token) for token in edited if token not in known)
        return (edited if added else cut), 0
    if _is_within(a, b):
        return b, 0
    if _is_within(b, a):
        return a, 0
    if not any(map(is_word, (*a, *b))):
        return max(a, b, key=lambda tokens: ("".join(tokens).strip(), tokens)), 0
    both = _side_by_side(a, b)
    return both, sum(map(is_word, both))


def _is_within(short: Sequence[str], long: Sequence[str]) -> bool:
    rest = iter(long)
    return all(token in rest for token in short)


def _side_by_side(a: list[str], b: list[str]) -> list[str]:
    """Both additions to one place: signs that belong to what stands before come first, white space parts the two."""
    if _is_within(a, b):
        return b
    if _is_within(b, a):
        return a
    ordered = sorted((a, b), key=lambda tokens: tokens[0].isspace() or is_word(tokens[0]))
    first, second = ordered
    parted = first[-1].isspace() or second[0].isspace() or not is_word(second[0])
    return [*first, *([] if parted else [" "]), *second]


def _extend(out: list[str], tokens: Sequence[str]) -> None:
    """Append, with a space where two edits would otherwise make one word that nobody wrote."""
    if out and tokens and _would_join(out[-1], tokens[0]):
        out.append(" ")
    out.extend(tokens)


def _would_join(before: str, after: str) -> bool:
    return len(tokenize(before + after)) == 1 and is_word(before) and is_word(after)
