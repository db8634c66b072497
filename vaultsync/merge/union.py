"""Two runs of lines for one place, neither derived from the other: what they share once, in order, and all the rest."""

from __future__ import annotations

from collections.abc import Sequence

from vaultsync.merge.lines import Line
from vaultsync.merge.matching import find_hunks
from vaultsync.merge.tokens import is_heading, is_trivial, texts_of, weigh_line


def unite(a: Sequence[Line], b: Sequence[Line]) -> list[Line]:
    """All lines of both, each side's in its order; shared ones once if they say something, whatever their order."""
    if not a or not b:
        return [*a, *b]
    x, y = texts_of(a), texts_of(b)
    if x == y or _contains(x, y):
        return list(a)
    if _contains(y, x):
        return list(b)
    known = set() if _has_fence(x) or _has_fence(y) else {text for text in x if not is_trivial(text)}
    out: list[Line] = []
    i = j = 0
    for p, q in (*_shared(x, y), (len(a), len(b))):
        out += _one_after_other(a[i:p], [line for line in b[j:q] if line.text not in known])
        if p < len(a):
            out.append(a[p])
        i, j = p + 1, q + 1
    return out


def _has_fence(texts: Sequence[str]) -> bool:
    """Whether a code block begins or ends among these lines; in code, equal lines are not one line said twice."""
    return any(text.lstrip(" >\t").startswith(("```", "~~~")) for text in texts)


def _contains(whole: Sequence[str], part: Sequence[str]) -> bool:
    return (
        any(whole[k : k + len(part)] == part for k in range(len(whole) - len(part) + 1)) if len(part) < 200 else False
    )


def _shared(x: Sequence[str], y: Sequence[str]) -> list[tuple[int, int]]:
    """The lines that both have, as pairs of indexes; trivial ones only next to one that says something."""
    runs: list[list[tuple[int, int]]] = [[]]
    i = j = 0
    for hunk in find_hunks(x, y, weigh_line):
        runs[-1].extend(zip(range(i, hunk.start), range(j, hunk.lo), strict=True))
        runs.append([])
        i, j = hunk.end, hunk.hi
    runs[-1].extend(zip(range(i, len(x)), range(j, len(y)), strict=True))
    return [pair for run in runs if any(not is_trivial(x[p]) for p, _ in run) for pair in run]


def _one_after_other(a: Sequence[Line], b: Sequence[Line]) -> list[Line]:
    if not a or not b:
        return [*a, *b]
    first, second = sorted((a, b), key=_place)
    heading = next((k for k, line in enumerate(first) if is_heading(line.text)), 0)
    if heading and not any(is_heading(line.text) for line in second):
        while heading and not first[heading - 1].text.strip():
            heading -= 1
        return [*first[:heading], *second, *first[heading:]]
    return [*first, *second]


def _place(block: Sequence[Line]) -> tuple[bool, bool, int, bool, list[str]]:
    """What continues the text before comes before what starts something new; else the order of the texts."""
    opening = next((line.text for line in block if line.text.strip()), "")
    indent = len(opening) - len(opening.lstrip())
    return (
        is_heading(opening),
        not block[0].text.strip(),
        -indent,
        bool(block[-1].text.strip()),
        texts_of(block),
    )
