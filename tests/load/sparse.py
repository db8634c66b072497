"""One very large file, most of it holes: sent, killed in the middle, resumed; and again after an edit."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from tests.load.pair import Numbers, Pair, until

MEGABYTE: Final = 1 << 20


def make_image(path: Path, size: int, real: int) -> None:
    """A file of `size` bytes of which `real` are not zero, in pieces of 8 MiB spread over it."""
    lot = Random(3)
    piece = 8 * MEGABYTE
    with open(path, "wb") as file:
        file.truncate(size)
        count = real // piece
        for number in range(count):
            file.seek(number * (size // count))
            file.write(lot.randbytes(piece))


def allocated_mb(path: Path) -> float:
    return path.stat().st_blocks * 512 / 1e6


def sparse(where: Path, size: int, real: int, say: Callable[[str, Numbers], None]) -> None:
    pair = Pair(where)
    image, copy = pair.a / "disk.img", pair.b / "disk.img"
    (pair.a / "note.md").write_text("a note\n")
    make_image(image, size, real)
    try:
        began_s = time.monotonic()
        pair.start_first()
        say("scan", {"seconds": time.monotonic() - began_s, "allocated_a_mb": allocated_mb(image)})
        pair.begin()
        pair.connect()
        parts = pair.b / ".vaultsync" / "tmp"
        until(lambda: any(part.stat().st_blocks * 512 > real // 3 for part in parts.glob("*.part")), "a third is there")
        say("a third is there", pair.read())
        pair.second.kill()
        began_s = time.monotonic()
        pair.second.start()
        pair.second.hear("ready")
        pair.begin(anew=True)
        until(copy.exists, "the file is there")
        seconds = time.monotonic() - began_s
        until(pair.agree, "both agree")
        say("killed and resumed", {"seconds": seconds, **pair.read(), "allocated_b_mb": allocated_mb(copy)})
        check(image, copy)

        pair.begin()
        with open(image, "r+b") as file:
            file.seek(size // 2)
            file.write(b"edited in place")
        began_s = time.monotonic()
        until(lambda: read_at(copy, size // 2, 15) == b"edited in place", "the edit is there")
        seconds = time.monotonic() - began_s
        until(pair.agree, "both agree on the edit")
        say("edited in place", {"seconds": seconds, **pair.read(), "allocated_b_mb": allocated_mb(copy)})
        check(image, copy)

        (pair.a / "note.md").write_text("while the file is looked at\n")
        pair.begin()
        with open(image, "r+b") as file:
            file.write(b"edited at its start")
        time.sleep(1)
        began_s = time.monotonic()
        (pair.a / "note.md").write_text("and another\n")
        until(lambda: (pair.b / "note.md").read_text() == "and another\n", "the note is there", 0.005)
        say("a note beside it", {"seconds": time.monotonic() - began_s})
        until(pair.agree, "both agree at last")
    finally:
        pair.stop()


def read_at(path: Path, offset: int, size: int) -> bytes:
    with open(path, "rb") as file:
        return os.pread(file.fileno(), size, offset)


def check(image: Path, copy: Path) -> None:
    subprocess.run(["cmp", image, copy], check=True)
