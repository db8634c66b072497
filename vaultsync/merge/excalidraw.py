"""Drawings inside notes: the text merges, the drawing itself is one thing that nobody may splice."""

from __future__ import annotations

from typing import Final

from vaultsync.merge.lines import Line, Text, three_way
from vaultsync.merge.markdown import merge_markdown
from vaultsync.merge.result import CannotMergeError

_FENCES: Final = ("```compressed-json", "```json")
_STAND_IN: Final = Line("\0the drawing stands here\0", "\n")
"""Holds the drawing's place while the text merges; no text that merges holds a NUL."""


def merge_excalidraw(base: Text | None, a: Text, b: Text, notes: set[str]) -> Text:
    """Merge two versions of an Excalidraw note; `CannotMergeError` if both changed the drawing."""
    first, second = _take_out(a), _take_out(b)
    origin = None if base is None else _take_out(base)
    drawings = [drawing for _, drawing in (first, second)]
    if drawings[0] != drawings[1] and () in drawings:
        raise CannotMergeError("Only one of the versions holds the drawing.")
    if drawings[0] != drawings[1] and (origin is None or origin[1] not in drawings):
        raise CannotMergeError("Both sides changed the drawing.")
    drawing = three_way(origin[1] if origin else drawings[0], *drawings)
    merged = merge_markdown(origin[0] if origin else None, first[0], second[0], notes)
    places = [i for i, line in enumerate(merged.lines) if line.text == _STAND_IN.text]
    if len(places) != (1 if drawing else 0):
        raise CannotMergeError("The drawing's place in the note is unclear.")
    if not drawing:
        return merged
    return merged.with_lines((*merged.lines[: places[0]], *drawing, *merged.lines[places[0] + 1 :]))


def _take_out(text: Text) -> tuple[Text, tuple[Line, ...]]:
    """The text with its last JSON block replaced, and that block; nothing if the text has no drawing."""
    texts = [line.text.rstrip() for line in text.lines]
    starts = [i for i, line in enumerate(texts) if line in _FENCES]
    if not starts:
        return text, ()
    start = starts[-1]
    end = next((i for i in range(start + 1, len(texts)) if texts[i] == "```"), None)
    if end is None:
        raise CannotMergeError("The drawing is incomplete.")
    stand_in = _STAND_IN._replace(ending=text.lines[start].ending)
    lines = (*text.lines[:start], stand_in, *text.lines[end + 1 :])
    return text.with_lines(lines), text.lines[start : end + 1]
