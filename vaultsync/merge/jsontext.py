"""JSON as text: read without losing how numbers are written, written the way its writer does."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, NoReturn, cast

from vaultsync.merge.lines import BOM
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.values import Number, Value

TOO_DEEP: Final = "It is nested too deeply to merge."
MAX_NESTING: Final = 100

_INVALID: Final = "One of the versions isn't valid JSON."


def read_json(text: str) -> Value:
    """The value of a JSON text (RFC 8259); `CannotMergeError` if it is none, or names a key twice."""
    try:
        value = json.loads(
            text.removeprefix(BOM),
            object_pairs_hook=_object,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_constant,
        )
    except (ValueError, RecursionError) as error:
        raise CannotMergeError(_INVALID) from error
    _check_depth(value)
    return cast("Value", value)


def _check_depth(value: object) -> None:
    """`CannotMergeError` for values in one another without end: each level is compared with all that is below it."""
    level = [value]
    for _ in range(MAX_NESTING):
        level = [
            item
            for outer in level
            if isinstance(outer, dict | list)
            for item in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise CannotMergeError(TOO_DEEP)


def _object(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise CannotMergeError("One of the versions names a key twice.")
    return table


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True)
class Style:
    """How a writer lays JSON out. Down to `depth` every value has its line; what lies deeper stays on one."""

    indent: str = "\t"
    depth: int = 0
    colon: str = ":"
    inner_comma: str = ","
    inner_colon: str = ":"
    newline: str = "\n"
    ascii: bool = False
    bom: bool = False
    tail: str = ""

    @classmethod
    def of(cls, text: str) -> Style:
        """The style that `text` seems to be written in."""
        body = text.removeprefix(BOM)
        stripped = body.rstrip()
        newline = "\r\n" if "\r\n" in body else "\n"
        lines = stripped.split(newline)
        indents = [line[: len(line) - len(line.lstrip())] for line in lines]
        unit = next((indent for indent in indents if indent), "")
        depth = max(len(indent) for indent in indents) // len(unit) if unit else 0
        outer = re.search(r'^\s*"(?:[^"\\]|\\.)*"(\s*:[ \t]*)\S', stripped, re.MULTILINE) if unit else None
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', stripped)
        inner_comma = re.search(r",[ ]*(?=\S)", bare)
        inner_colon = re.search(r'[\[{,]\s*""(\s*:[ ]*)(?=\S)', bare if not unit else _deepest(bare, unit * depth))
        return cls(
            indent=unit,
            depth=depth,
            colon=outer[1] if outer else ":",
            inner_comma=inner_comma[0] if inner_comma else ",",
            inner_colon=inner_colon[1] if inner_colon else ":",
            newline=newline,
            ascii=text.isascii() and "\\u" in text,
            bom=text.startswith(BOM),
            tail=body[len(stripped) :],
        )

    def write(self, value: Value) -> str:
        """`value`, which comes from `read_json` and so is no deeper than `MAX_NESTING`, as text."""
        return (BOM if self.bom else "") + self._value(value, 0) + self.tail

    def _value(self, value: Value, level: int) -> str:
        if isinstance(value, Number):
            return value.raw
        if isinstance(value, dict):
            colon = self.colon if level < self.depth else self.inner_colon
            items = [
                f"{json.dumps(key, ensure_ascii=self.ascii)}{colon}{self._value(item, level + 1)}"
                for key, item in value.items()
            ]
            return self._wrap("{", items, "}", level)
        if isinstance(value, list):
            return self._wrap("[", [self._value(item, level + 1) for item in value], "]", level)
        return json.dumps(value, ensure_ascii=self.ascii)

    def _wrap(self, opening: str, items: list[str], closing: str, level: int) -> str:
        if not items:
            return opening + closing
        if level >= self.depth:
            return opening + self.inner_comma.join(items) + closing
        inside = self.newline + self.indent * (level + 1)
        return opening + inside + f",{inside}".join(items) + self.newline + self.indent * level + closing


def _deepest(bare: str, indent: str) -> str:
    return "\n".join(line for line in bare.splitlines() if line.startswith(indent))
