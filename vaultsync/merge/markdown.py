"""Notes: the properties at the top by key, the body by lines and words."""

from __future__ import annotations

from vaultsync.merge.diff3 import weave_lines
from vaultsync.merge.lines import Line, Text, agree_on_endings, merge_frame, three_way
from vaultsync.merge.properties import Properties, holds_values, merge_properties, read_properties
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.text import common_text, merge_texts
from vaultsync.merge.tokens import is_trivial


def merge_markdown(base: Text | None, a: Text, b: Text, notes: set[str]) -> Text:
    """Merge two versions of a note; `CannotMergeError` where both changed one property, or all of the body.

    A side without properties has none of their keys. What stands at the top and isn't YAML (a template's code, a lost
    fence) is merged as text like the rest.
    """
    origin, a, b = agree_on_endings(base or Text(()), a, b)
    texts = (origin, a, b)
    fronts = [_front_end(text) for text in texts]
    if not (fronts[1] or fronts[2]) or _has_lost_a_fence(texts, fronts):
        return merge_texts(base, a, b, notes)
    parsed = [
        read_properties(text.lines[1 : end - 1]) if end else Properties({})
        for text, end in zip(texts, fronts, strict=True)
    ]
    own, first, second = parsed
    if first is None or second is None:
        return merge_texts(base, a, b, notes)
    bodies = [Text(text.lines[end:]) for text, end in zip(texts, fronts, strict=True)]
    if base is None:
        shared = len(first.table.keys() & second.table.keys())
        common = common_text(bodies[1], bodies[2], shared, min(len(first.table), len(second.table)))
        bodies[0] = common
    front = _merge_fronts(texts, fronts, own, first, second, notes)
    body = merge_texts(bodies[0], bodies[1], bodies[2], notes)
    return merge_frame(*texts, (*front, *body.lines))


def _front_end(text: Text) -> int:
    """How many lines the block of properties takes with both its fences; 0 if there is none."""
    if not text.lines or not _is_fence(text.lines[0]):
        return 0
    return next((i for i, line in enumerate(text.lines[1:], 2) if _is_fence(line)), 0)


def _has_lost_a_fence(texts: tuple[Text, Text, Text], fronts: list[int]) -> bool:
    """Whether a side has no block of properties, but a fence to begin with, or lines of the other blocks."""
    fenced = {line.text for text, end in zip(texts, fronts, strict=True) for line in text.lines[:end]}
    bare = [text for text, end in zip(texts[1:], fronts[1:], strict=True) if text.lines and not end]
    return any(
        _is_fence(text.lines[0]) or any(line.text in fenced and not is_trivial(line.text) for line in text.lines)
        for text in bare
    )


def _is_fence(line: Line) -> bool:
    return line.text.rstrip() == "---"


def _merge_fronts(
    texts: tuple[Text, Text, Text],
    fronts: list[int],
    base: Properties | None,
    a: Properties,
    b: Properties,
    notes: set[str],
) -> list[Line]:
    own, first, second = (text.lines[:end] for text, end in zip(texts, fronts, strict=True))
    if first == second or own in (first, second):
        return list(three_way(own, first, second))
    fences = (first or second)[0], (first or second)[-1]
    try:
        lines = merge_properties(base, a, b, notes)
    except CannotMergeError:
        woven = weave_lines(own, first or fences, second or fences)
        found = None if woven.disputed else read_properties(woven.lines[1:-1])
        if found is None or not holds_values(found, base, a, b):
            raise
        lines = woven.lines[1:-1]
    if not lines and not (first and second):
        return []
    return [fences[0], *lines, fences[1]]
