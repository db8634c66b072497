"""The difference of two versions of a note, as lines for a person. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final

from vaultsync.client import words
from vaultsync.tui.tone import Tone

COMPARED_BYTES: Final = 512 << 10
"""Larger contents are not compared line by line: it would take seconds."""

CONTEXT: Final = 3
"""Unchanged lines around each change."""

SHOWN_LINES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference. The sign tells what the colour tells."""

    sign: str
    text: str
    tone: Tone


def as_text(content: bytes | None) -> str | None:
    """A note's text; None if it is no text."""
    if content is None or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def difference(old: bytes, new: bytes) -> list[Line]:
    """From `old` to `new`: removed and added lines with some context."""
    if old == new:
        return [Line(" ", "No difference.", Tone.DIM)]
    if max(len(old), len(new)) > COMPARED_BYTES:
        return [Line(" ", f"Too large to compare: {words.size(len(old))} and {words.size(len(new))}.", Tone.DIM)]
    before, after = as_text(old), as_text(new)
    if before is None or after is None:
        return [Line(" ", f"No text: {words.size(len(old))} before, {words.size(len(new))} after.", Tone.DIM)]
    lines: list[Line] = []
    for text in difflib.unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT, lineterm=""):
        if text.startswith(("---", "+++")) and not lines:
            continue
        if text.startswith("@@"):
            place = text.split("@@")[1].split("+")[1].split(",")[0].strip()
            lines.append(Line("⋯", f"line {place}", Tone.DIM))
        else:
            lines.append(Line(text[:1], text[1:], _TONES.get(text[:1], Tone.PLAIN)))
        if len(lines) >= SHOWN_LINES:
            lines.append(Line("⋯", "more is not shown", Tone.DIM))
            break
    return lines or [Line(" ", "They differ only in how the last line ends.", Tone.DIM)]


_TONES: Final = {"+": Tone.GOOD, "-": Tone.BAD}
