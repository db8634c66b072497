"""Files that are written while they are read: none stops the rest, and all arrive as they are in the end."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.processes import Device, pair, settled, until

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="open files can be replaced on POSIX only")]

LARGE = 3 << 20
"""Bytes: more than is read in one piece."""


class Restless(threading.Thread):
    """Does something to a folder again and again until it is told to stop."""

    def __init__(self, act: Callable[[int], None]) -> None:
        super().__init__(daemon=True)
        self._act = act
        self._told = threading.Event()
        self.start()

    def run(self) -> None:
        turn = 0
        while not self._told.wait(0.005):
            turn += 1
            self._act(turn)

    def stop(self) -> None:
        self._told.set()
        self.join()


def restless(root: Path) -> list[Restless]:
    """A log and a recording that grow, a note that is emptied and written, and a name that changes its kind."""
    (root / "recording.bin").write_bytes(bytes(LARGE))

    def grow(turn: int) -> None:
        with (root / "log.md").open("a") as log:
            log.write(f"line {turn}\n")
        with (root / "recording.bin").open("ab") as recording:
            recording.write(bytes(1_000))

    def rewrite(turn: int) -> None:
        (root / "rewritten.md").write_text(f"version {turn}\n" * 5_000)

    def swap(turn: int) -> None:
        target, aside = root / "swapped", root / f"swapped {turn % 2}"
        if turn % 2:
            aside.write_text(f"a file {turn}\n")
        else:
            aside.mkdir(exist_ok=True)
            (aside / "inside.md").write_text(f"in a folder {turn}\n")
        with suppress(FileNotFoundError):
            shutil.rmtree(target) if target.is_dir() else target.unlink()
        os.rename(aside, target)

    return [Restless(grow), Restless(rewrite), Restless(swap)]


async def test_files_that_never_rest_stop_nothing(tmp_path: Path) -> None:
    desk, phone = Device(tmp_path, "Desk"), Device(tmp_path, "Phone")
    writers: list[Restless] = []
    try:
        await pair(desk, phone)
        writers = restless(desk.vault)
        for number in range(3):
            (desk.vault / f"note {number}.md").write_text(f"note {number}\n")
            (phone.vault / f"answer {number}.md").write_text(f"answer {number}\n")

            async def crossed(number: int = number) -> bool:
                return (phone.vault / f"note {number}.md").exists() and (desk.vault / f"answer {number}.md").exists()

            await until(crossed, "notes cross while others never rest")
        for writer in writers:
            writer.stop()
        tree = await settled(desk, phone)
        assert {"log.md", "recording.bin", "rewritten.md", "swapped"} <= tree.keys()
        log = tree["log.md"]
        assert log is not None
        assert log.decode().splitlines() == [f"line {turn + 1}" for turn in range(log.count(b"\n"))]
        for device in (desk, phone):
            info = await device.vault_info()
            assert info is not None
            assert info.troubles == ()
    finally:
        for writer in writers:
            writer.stop()
        await desk.kill()
        await phone.kill()
