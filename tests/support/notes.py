"""A small vault of notes as people write them: front matter, links, tables, odd names, deep folders, empty things."""

from __future__ import annotations

import random
from pathlib import Path

FOLDERS = ("", "Daily", "Projects/Ålesund 2026", "Projects/日本語/メモ", "Deep/er/and/deep/er/still", "📚 Reading")
NAMES = (
    "Note",
    "Überlegung",
    "café – crème",
    "👩‍🔬 lab",
    "списък",
    "a.b.c",
    "Zażółć gęślą",
    "-dash",
    "ends with space in",
)

NOTE = """---
title: "{title}"
tags: [notes, number-{number}]
aliases:
  - {title} alias
---
# {title}

A link to [[Note 1]] and an embed ![[picture.png]]; {words}

| a | b |
|---|---|
| {number} | äöü 🙂 |

- [ ] open
- [x] done
"""


def write_notes(root: Path, count: int, seed: int = 1) -> None:
    """`count` notes, and what else a vault holds: empty folders, an empty note, settings, a small picture."""
    lot = random.Random(seed)
    for number in range(count):
        folder, name = FOLDERS[number % len(FOLDERS)], NAMES[number % len(NAMES)]
        title = f"{name} {number}"
        words = " ".join(f"word{lot.randrange(10_000)}" for _ in range(lot.randint(5, 400)))
        path = root / folder / f"{title}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(NOTE.format(title=title, number=number, words=words))
    for folder in ("Empty", "Empty too/inside"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "nothing.md").write_bytes(b"")
    (root / ".obsidian").mkdir(exist_ok=True)
    (root / ".obsidian" / "app.json").write_text('{"promptDelete": false}\n')
    (root / "picture.png").write_bytes(lot.randbytes(90_000))


def attachment(root: Path, name: str, size: int, seed: int = 7) -> Path:
    """A file of `size` bytes that nothing compresses."""
    path = root / name
    path.write_bytes(random.Random(seed).randbytes(size))
    return path
