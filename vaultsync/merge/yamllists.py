"""A list of scalars in YAML, as its writer lays it out: in brackets, or one item to a line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from vaultsync.merge.values import Value

_FLOW = re.compile(r"(?P<open>[^#\[\]]*:\s*\[\s*)(?P<items>.*?)(?P<close>\s*\]\s*(?:#.*)?)$")
_FLOW_ITEM = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,\[\]{}"']*[^,\[\]{}"'\s])\s*(,|$)""")
_BLOCK_ITEM = re.compile(r"(?P<dash>\s*-\s+)(?P<source>\S.*)$")


class Shape(StrEnum):
    """Where a list's items stand."""

    FLOW = "flow"
    BLOCK = "block"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class ListStyle:
    """One list: its items as they are written, by value, and what stands around them."""

    shape: Shape
    sources: Mapping[str, str]
    opening: str
    closing: str = ""
    comma: str = ", "

    @classmethod
    def read(cls, lines: Sequence[str], value: Value) -> ListStyle | None:
        """Read the lines of a property from its key on; None unless it is a plain list of different scalars."""
        head = lines[0]
        while len(lines) > 1 and not lines[-1].strip():
            lines = lines[:-1]
        if len(lines) == 1 and (value in (None, "") or value == []):
            return cls(Shape.EMPTY, {}, head.split(":")[0] + ":")
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            return None
        names = [item for item in value if isinstance(item, str)]
        if len(lines) == 1 and (match := _FLOW.match(head)):
            sources = _split_flow(match["items"])
            comma = ", " if ", " in match["items"] or len(names) < 2 else ","
            style = (Shape.FLOW, match["open"], match["close"], comma)
        else:
            items = [_BLOCK_ITEM.match(line) for line in lines[1:]]
            if not all(items):
                return None
            sources = [item["source"] for item in items if item]
            style = (Shape.BLOCK, head, items[0]["dash"] if items and items[0] else "- ", "")
        if len(set(names)) != len(names) or len(sources) != len(names):
            return None
        shape, opening, closing, comma = style
        return cls(shape, dict(zip(names, sources, strict=True)), opening, closing, comma)

    def write(self, sources: Sequence[str]) -> list[str]:
        """The property's lines with these items in it."""
        if self.shape is Shape.FLOW or not sources:
            opening, closing = (self.opening, self.closing) if self.shape is Shape.FLOW else (self.opening + " [", "]")
            return [opening + self.comma.join(sources) + closing]
        dash = self.closing if self.shape is Shape.BLOCK else "  - "
        return [self.opening, *(dash + source for source in sources)]


def _split_flow(items: str) -> list[str]:
    found, position = [], 0
    while position < len(items):
        match = _FLOW_ITEM.match(items, position)
        if match is None:
            return []
        found.append(match[1])
        position = match.end()
    return found
