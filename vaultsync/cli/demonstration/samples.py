"""Sample notes: what real ones have in them, made anew each time."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Final

SHARED_NOTE: Final = "Lists/Shopping.md"
"""The note that both devices edit while they are apart."""

SHARED_TEXT: Final = "---\ntags: [home, weekly]\n---\n# Shopping\n\n- apples\n- bread\n- coffee\n- oats\n- rice\n"

LAPTOP_NOTES: Final = {
    "Welcome.md": "# Welcome\n\nThis vault is on two devices. Start at [[Ideas]] or [[Lists/Shopping]].\n",
    "Ideas.md": "---\naliases: [thoughts]\ntags: [inbox]\n---\n# Ideas\n\n- a bench outside\n- [[Trips/Lisbon]]\n",
    SHARED_NOTE: SHARED_TEXT,
    "Lists/Books.md": "# Books\n\n- [ ] The Odyssey\n- [x] Moby-Dick\n",
    "Trips/Lisbon.md": "# Lisbon\n\n![[Attachments/tiles.png]]\n\nTram 28, then up to the castle.\n",
    "Trips/🏔 Alps.md": "# Alps 🏔\n\nPack light. Map in [[Ideas]].\n",
    "Daily/2026-11-19.md": "# Thursday\n\nCalled the plumber.\n",
    "Daily/2026-11-20.md": "# Friday\n\nIt rained; read a lot.\n",
    "Recipes/Crème brûlée.md": "# Crème brûlée\n\n- 5 yolks\n- 500 ml cream\n- 80 g sugar\n",
    "Recipes/日本のカレー.md": "# 日本のカレー\n\n玉ねぎ、人参、じゃがいも。\n",
    "Old draft.md": "# Old draft\n\nNobody needs this.\n",
    "Empty.md": "",
}

PHONE_NOTES: Final = {"Voice memo.md": "# Voice memo\n\nWritten on the phone before it ever met the laptop.\n"}


def write_laptop(root: Path) -> None:
    """The vault that is shared."""
    _write(root, LAPTOP_NOTES)
    picture = root / "Attachments" / "tiles.png"
    picture.parent.mkdir()
    picture.write_bytes(tiles_png())


def write_phone(root: Path) -> None:
    """What the joining device has already."""
    _write(root, PHONE_NOTES)


def _write(root: Path, notes: dict[str, str]) -> None:
    for name, text in notes.items():
        note = root / name
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(text, encoding="utf-8")


def tiles_png(side: int = 192) -> bytes:
    """A small picture of blue tiles (PNG, ISO/IEC 15948), 8-bit RGB."""
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            tile = ((x % 48) - 24) * ((y % 48) - 24)
            rows += bytes((tile * 7 & 0x5F, (x ^ y) & 0x7F, 0x80 | (tile & 0x7F)))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(bytes(rows), 1)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
