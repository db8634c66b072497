"""The last look at a merge: what no side says twice isn't said twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vaultsync.merge.lines import Line
from vaultsync.merge.moves import is_distinct
from vaultsync.merge.tokens import texts_of


def drop_repeats(versions: Sequence[Sequence[Line]], merged: Sequence[Line]) -> list[Line]:
    """`merged` without the later copies of telling lines that stand in it more often than in any of `versions`.

    They come from moves that no matching recognised. Inside code fences every line stays: there a line is
    nothing without its neighbours.
    """
    counts = Counter(texts_of(merged))
    suspects = {text for text, count in counts.items() if count > 1 and is_distinct(text)}
    if not suspects:
        return list(merged)
    most: Counter[str] = Counter()
    for version in versions:
        most |= Counter(text for text in texts_of(version) if text in suspects)
    seen: Counter[str] = Counter()
    kept: list[Line] = []
    fence = ""
    for line in merged:
        mark = line.text.lstrip(" >\t")[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        seen[line.text] += 1
        if fence or line.text not in suspects or seen[line.text] <= max(1, most[line.text]):
            kept.append(line)
    return kept
