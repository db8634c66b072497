"""JSON files and canvases: merged by key and id, written back the way their writer lays them out."""

from __future__ import annotations

from typing import Final

from vaultsync.merge.diff3 import weave_lines
from vaultsync.merge.jsontext import Style, read_json
from vaultsync.merge.lines import Text, agree_on_endings, merge_frame, three_way
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.values import MISSING, Maybe, Merger, Value, refuse

PICKED: Final = "Where both sides changed one setting, one of the two values was taken."
LAYOUT: Final = "Where both sides moved or coloured one card, one of the two places or colours was taken."
REVIVED: Final = "A card that one side deleted and the other connected was kept."

_LAYOUT_KEYS: Final = frozenset({"x", "y", "width", "height", "color", "fromSide", "toSide", "fromEnd", "toEnd"})
"""What a canvas says of looks (jsoncanvas.org, 1.0): no words of a person."""

_PROSE: Final = frozenset({"text", "label"})


def merge_json_texts(base: str | None, a: str, b: str, notes: set[str], *, settings: bool) -> str:
    """Merge two JSON texts; `CannotMergeError` where both changed a value that isn't a matter of looks.

    With `settings` (files of the app itself) one of the two values is taken instead: a second settings file
    helps nobody.
    """
    first, second = read_json(a), read_json(b)
    origin: Maybe = MISSING if base is None else read_json(base)

    def settle(place: tuple[str, ...], x: Value, y: Value) -> Value:
        if settings:
            notes.add(PICKED)
            return y
        if place and place[-1] in _LAYOUT_KEYS:
            notes.add(LAYOUT)
            return x
        return refuse(place, x, y)

    merged = Merger(settle, _PROSE).merge(origin, first, second)
    assert merged is not MISSING, "neither side is"
    if isinstance(merged, dict):
        merged = _reconnect(merged, [origin, first, second], notes)
    return _write(base, a, b, merged)


def _reconnect(canvas: dict[str, Value], sources: list[Maybe], notes: set[str]) -> dict[str, Value]:
    """Bring back the nodes that an edge still needs: to connect a card is to edit it, and an edit wins."""
    nodes, edges = canvas.get("nodes"), canvas.get("edges")
    if not isinstance(nodes, list) or not isinstance(edges, list):
        return canvas
    needed = [edge[end] for edge in edges if isinstance(edge, dict) for end in ("fromNode", "toNode") if end in edge]
    present = {node.get("id") for node in nodes if isinstance(node, dict) and isinstance(node.get("id"), str)}
    known: dict[str, Value] = {}
    for source in sources:
        table = source.get("nodes") if isinstance(source, dict) else None
        for node in table if isinstance(table, list) else ():
            if isinstance(node, dict) and isinstance(key := node.get("id"), str):
                known[key] = node
    revived = []
    for key in needed:
        if isinstance(key, str) and key not in present and key in known:
            present.add(key)
            revived.append(known[key])
    if not revived:
        return canvas
    notes.add(REVIVED)
    return {**canvas, "nodes": [*nodes, *revived]}


def _write(base: str | None, a: str, b: str, value: Value) -> str:
    """`value` as the sides' writer would write it; if they keep to no style, their own lines where these say it."""
    styles = [Style.of(text) for text in (base if base is not None else a, a, b)]
    style = three_way(*styles)
    texts = dict(zip(styles[1:], (a, b), strict=True))
    exact = style.write(read_json(texts[style])) == texts[style]
    if not exact and base is not None:
        frames = agree_on_endings(*(Text.split(text) for text in (base, a, b)))
        woven = weave_lines(*(frame.lines for frame in frames))
        text = merge_frame(*frames, woven.lines).join()
        try:
            if read_json(text) == value:
                return text
        except CannotMergeError:
            return style.write(value)
    return style.write(value)
