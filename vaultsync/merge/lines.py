"""A text as lines that remember their endings, and the frame around them: byte order mark, final newline."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

BOM: Final = "\ufeff"

_ENDING = re.compile(r"(\r?\n)")

_T = TypeVar("_T")


class Line(NamedTuple):
    """One line; two lines are the same line if their texts are, whatever their endings."""

    text: str
    ending: str
    """`\\n` or `\\r\\n`; for an unfinished last line, the ending that the rest of its file uses."""


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text, taken apart. Only `\\n` and `\\r\\n` end a line: form feeds and U+2028 are content."""

    lines: tuple[Line, ...]
    bom: bool = False
    final: bool | None = None
    """Whether the last line has an ending; None for a text without lines."""

    @classmethod
    def split(cls, text: str) -> Text:
        bom = text.startswith(BOM)
        pieces = _ENDING.split(text[1:] if bom else text)
        lines = [Line(pieces[i], pieces[i + 1]) for i in range(0, len(pieces) - 1, 2)]
        last = pieces[-1]
        if not last:
            return cls(tuple(lines), bom, True if lines else None)
        usual = Counter(line.ending for line in lines).most_common(1)
        lines.append(Line(last, usual[0][0] if usual else "\n"))
        return cls(tuple(lines), bom, False)

    def join(self) -> str:
        parts = [part for line in self.lines for part in line]
        if parts and self.final is False:
            parts.pop()
        return (BOM if self.bom else "") + "".join(parts)

    def with_lines(self, lines: Iterable[Line]) -> Text:
        return Text(tuple(lines), self.bom, self.final)


def three_way(base: _T, a: _T, b: _T) -> _T:
    """The side that differs from the base; `a` if both do."""
    return b if a == base else a


def merge_frame(base: Text, a: Text, b: Text, lines: Iterable[Line]) -> Text:
    """`lines` with the byte order mark and the final newline that the sides agree on."""
    finals = [text.final for text in (base, a, b)]
    known = [final for final in finals if final is not None]
    if a.final is None or b.final is None or base.final is None:
        final = any(known) if known else None
    else:
        final = three_way(base.final, a.final, b.final)
    return Text(tuple(lines), three_way(base.bom, a.bom, b.bom), final)


def agree_on_endings(base: Text, a: Text, b: Text) -> tuple[Text, Text, Text]:
    """The three texts under one ending, if each has only one: a side that converted its file converts the result.

    A text that mixes endings is left as it is; its lines then keep their own.
    """
    found = [_endings(text.lines) for text in (base, a, b)]
    if any(len(endings) > 1 for endings in found) or len(set().union(*found)) < 2:
        return base, a, b
    own, first, second = ("".join(endings) for endings in found)
    wanted = three_way(own or first, first, second) if first and second else first or second
    return _convert(base, wanted), _convert(a, wanted), _convert(b, wanted)


def _endings(lines: Sequence[Line]) -> set[str]:
    return {line.ending for line in lines}


def _convert(text: Text, ending: str) -> Text:
    return text.with_lines(Line(line.text, ending) for line in text.lines)
