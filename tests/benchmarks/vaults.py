"""Synthetic vaults: the same arguments give the same bytes, names and times."""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Final

MEDIAN_BYTES: Final = 2_048
MEAN_BYTES: Final = 5_120
MOST_BYTES: Final = 1 << 20
LEAST_BYTES: Final = 120
NOTES_PER_FOLDER: Final = 40
DEEPEST: Final = 5
EPOCH_S: Final = 1_700_000_000
"""Notes are dated within the three years before."""
ATTACHMENT_BYTES: Final = (50_000, 3_000_000)

_SIGMA: Final = math.sqrt(2 * math.log(MEAN_BYTES / MEDIAN_BYTES))
_SYLLABLES: Final = [
    a + b
    for a in ("b", "c", "d", "f", "gr", "l", "m", "n", "p", "qu", "r", "st", "t", "v", "w")
    for b in ("a", "e", "i", "o", "u", "an", "en", "in", "or", "un")
]
_COMMON: Final = ("the", "of", "and", "to", "in", "a", "is", "that", "for", "it", "as", "was", "with", "be", "by", "on")
_FOREIGN: Final = ("Café", "Zürich", "São Paulo", "Łódź", "日本語メモ", "Проект", "Ελλάδα", "Ñandú")


class Writer:
    """Writes note-like text from a vocabulary whose words are as unevenly used as a language's."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        made = {"".join(self.random.choices(_SYLLABLES, k=self.random.randint(2, 4))) for _ in range(6_000)}
        self._words = [*_COMMON, *sorted(made)]
        self._weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(self._words))))

    def words(self, count: int) -> list[str]:
        return self.random.choices(self._words, cum_weights=self._weights, k=count)

    def title(self) -> str:
        if self.random.random() < 0.02:
            return f"{self.random.choice(_FOREIGN)} {self.random.randrange(10_000)}"
        return " ".join(self.random.choices(self._words[200:], k=self.random.randint(2, 4))).capitalize()

    def note(self, title: str, size: int) -> bytes:
        """A note of `size` bytes, or a few less where a character would be cut in two."""
        lines = ["---", f'title: "{title}"', f"tags: [{', '.join(self.words(2))}]", "---", "", f"# {title}", ""]
        have = sum(map(len, lines))
        while have < size:
            words = self.words(self.random.randint(8, 60))
            if self.random.random() < 0.1:
                words[0] = f"[[{words[0]}]]"
            lead = self.random.choices(("", "- ", "- [ ] ", "## "), weights=(6, 3, 1, 1))[0]
            lines.append(lead + " ".join(words))
            have += len(lines[-1]) + 1
        return "\n".join(lines).encode()[:size].decode(errors="ignore").encode()

    def size(self) -> int:
        drawn = self.random.lognormvariate(math.log(MEDIAN_BYTES), _SIGMA)
        return int(min(MOST_BYTES, max(LEAST_BYTES, drawn)))


def make_vault(root: Path, notes: int, attachment_bytes: int = 0, seed: int = 1) -> None:
    """Make the vault at `root`, which must not be there."""
    writer = Writer(f"{seed}-{notes}")
    lot = writer.random
    folders = [""]
    while len(folders) <= notes // NOTES_PER_FOLDER:
        parent = lot.choice(folders) if lot.random() < 0.8 else ""
        if parent.count("/") < DEEPEST - 1:
            folders.append(f"{parent}/{writer.title()} {len(folders)}".lstrip("/"))
    for folder in folders:
        os.makedirs(root / folder, exist_ok=True)
    os.makedirs(root / ".obsidian")
    for name in ("app", "appearance", "core-plugins"):
        _write(root / ".obsidian" / f"{name}.json", json.dumps({"made": name}).encode(), lot)
    for number in range(notes):
        title = writer.title()
        _write(root / lot.choice(folders) / f"{title} {number}.md", writer.note(title, writer.size()), lot)
    left, number = attachment_bytes, 0
    low, high = map(math.log, ATTACHMENT_BYTES)
    while left > 0:
        size = min(left, int(math.exp(lot.uniform(low, high))))
        _write(root / lot.choice(folders) / f"picture {number}.png", lot.randbytes(size), lot)
        left, number = left - size, number + 1


def make_file(path: Path, size: int, seed: str) -> None:
    """A file that does not compress."""
    lot = random.Random(seed)
    with open(path, "wb") as file:
        file.writelines(lot.randbytes(min(1 << 24, size - start)) for start in range(0, size, 1 << 24))


def _write(path: Path, data: bytes, lot: random.Random) -> None:
    path.write_bytes(data)
    dated_s = EPOCH_S - lot.randrange(3 * 365 * 86_400)
    os.utime(path, (dated_s, dated_s))


def copy(source: Path, target: Path) -> None:
    """A copy on disk, so that writing it back does not fall into a measurement."""
    shutil.copytree(os.path.realpath(source), target)
    subprocess.run(["sync"], check=True)


def same_tree(a: Path, b: Path, left_out: frozenset[str]) -> bool:
    """Whether both folders hold the same files, byte for byte."""
    names_a, names_b = _names(a, left_out), _names(b, left_out)
    return names_a == names_b and all(_same_file(a / name, b / name) for name in names_a)


def _names(root: Path, left_out: frozenset[str]) -> set[str]:
    found = set()
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name not in left_out]
        found |= {os.path.relpath(os.path.join(folder, name), root) for name in files}
    return found


def _same_file(a: Path, b: Path) -> bool:
    with open(a, "rb") as left, open(b, "rb") as right:
        while True:
            piece = left.read(1 << 20)
            if piece != right.read(1 << 20):
                return False
            if not piece:
                return True
