"""A large file on its way, and both ends killed again and again: it arrives as it is, and nothing is left over."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

from tests.support.processes import Device, devices, pair, settled

MB = 1 << 20


class Transfers:
    """Two devices, and one large file that each of them writes in turn."""

    def __init__(self, desk: Device, phone: Device, seed: int, size: int, say: Callable[[str], None]) -> None:
        """`size` in bytes."""
        self.devices = (desk, phone)
        self.kills = 0
        self._lot = random.Random(seed)
        self._size = size
        self._content = b""
        self._say = say

    async def play(self, kills: int) -> None:
        """So many deaths; the file is looked at whenever it has arrived."""
        await pair(*self.devices)
        number = 0
        while self.kills < kills:
            number += 1
            self._write(number)
            for _ in range(self._lot.randint(2, 6)):
                await asyncio.sleep(self._lot.uniform(0, 1.5))
                await self._kill_some()
            await self._check()
            self._say(f"file {number}: {self.kills} kills")

    def _write(self, number: int) -> None:
        """A new file, or an edit in the middle of the old one."""
        writer = self._lot.choice(self.devices)
        if not self._content or self._lot.random() < 0.5:
            self._content = self._lot.randbytes(self._lot.randint(self._size // 2, self._size))
        else:
            at = self._lot.randrange(len(self._content))
            self._content = (
                self._content[:at] + self._lot.randbytes(self._size // 5) + self._content[at + self._size // 6 :]
            )
        (writer.vault / "film.mp4").write_bytes(self._content)
        (writer.vault / f"note {number}.md").write_text(f"beside film {number}\n")

    async def _kill_some(self) -> None:
        victims = self._lot.choice([self.devices[:1], self.devices[1:], self.devices])
        for victim in victims:
            await victim.kill()
            self.kills += 1
        for victim in victims:
            await victim.start()

    async def _check(self) -> None:
        tree = await settled(*self.devices, patience_s=120)
        assert tree["film.mp4"] == self._content
        assert all(name == "film.mp4" or name.startswith("note ") for name in tree), sorted(tree)


async def play(base: Path, seed: int, kills: int, size: int, say: Callable[[str], None] = lambda _: None) -> int:
    """Returns how often somebody was killed. `AssertionError` says what was lost."""
    async with devices(base, "Desk", "Phone") as (desk, phone):
        history = Transfers(desk, phone, seed, size, say)
        await history.play(kills)
        return history.kills
