"""How programs write files: each in its own way, and each way has its own moments in which the file looks odd."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

Style = Callable[[Path, bytes, random.Random], None]


def in_place(path: Path, content: bytes, lot: random.Random) -> None:
    """As Obsidian does: the file is emptied, then written."""
    path.write_bytes(content)


def in_pieces(path: Path, content: bytes, lot: random.Random) -> None:
    """As slow programs do: emptied, then written a part at a time."""
    cut = lot.randrange(len(content) + 1)
    with path.open("wb") as file:
        for piece in (content[:cut], content[cut:]):
            file.write(piece)
            file.flush()
            time.sleep(lot.choice([0, 0.002, 0.03, 0.15]))


def beside(path: Path, content: bytes, lot: random.Random) -> None:
    """A new file takes the old one's place."""
    other = path.with_name(f".{path.name}.swp~")
    other.write_bytes(content)
    os.replace(other, path)


def as_sed(path: Path, content: bytes, lot: random.Random) -> None:
    """As `sed -i` does: the new file has a name that nobody takes for a temporary one."""
    other = path.with_name(f"sed{lot.randrange(10**6):06}")
    other.write_bytes(content)
    os.replace(other, path)


def as_vim(path: Path, content: bytes, lot: random.Random) -> None:
    """As vim does with `backupcopy=no`: the old file moves aside, a new one is written, the old one goes."""
    backup = path.with_name(f"{path.name}~")
    if path.exists():
        os.replace(path, backup)
    path.write_bytes(content)
    backup.unlink(missing_ok=True)


def over(path: Path, content: bytes, lot: random.Random) -> None:
    """Over what is there, without emptying it first; the rest is cut off."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        return in_place(path, content, lot)
    with file:
        file.write(content)
        file.truncate()
    return None


def dated(path: Path, content: bytes, lot: random.Random) -> None:
    """In place, with another file's time: as `cp -p`, `rsync -t` and archives leave it, in the past or the future."""
    path.write_bytes(content)
    when_s = time.time() + lot.choice([-400 * 86400, -3600, -1, 3600, 30 * 86400])
    os.utime(path, (when_s, when_s))


STYLES: tuple[tuple[int, Style], ...] = (
    (12, in_place),
    (2, in_pieces),
    (4, beside),
    (2, as_sed),
    (2, as_vim),
    (2, over),
    (1, dated),
)


def save(path: Path, content: bytes, lot: random.Random) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    style = lot.choices([style for _, style in STYLES], [weight for weight, _ in STYLES])[0]
    style(path, content, lot)


def append(path: Path, content: bytes) -> None:
    """As `echo … >>` does."""
    with path.open("ab") as file:
        file.write(content)
