"""A ticket is used, and either side dies at some moment of it. The same command again completes it, and once the folder
is marked as the vault it completes itself: nobody is half a member, and nobody is one twice.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.support.processes import Device, settled, until
from vaultsync.transport.keystore import KEY_FILE

LAUNCH_S = 1.6
"""Within what time a joining process is killed, if by the clock: it takes about half a second to load, and a tenth to
join."""


class Pairings:
    """One device with a vault, and others that join it."""

    def __init__(self, base: Path, seed: int, say: Callable[[str], None]) -> None:
        self.kills = 0
        self.outcomes: Counter[str] = Counter()
        """How it was completed."""
        self._base = base
        self._lot = random.Random(seed)
        self._say = say

    async def play(self, kills: int) -> None:
        """So many deaths, and a fresh device for every one or two of them."""
        number = 0
        while self.kills < kills:
            number += 1
            desk, phone = Device(self._base, f"Desk {number}"), Device(self._base, f"Phone {number}")
            try:
                await self._pair(desk, phone)
            finally:
                await desk.kill()
                await phone.kill()
            self._say(f"pairing {number}: {self.kills} kills, {dict(self.outcomes)}")

    async def _pair(self, desk: Device, phone: Device) -> None:
        (desk.vault / "note.md").write_text("from the desk\n")
        await desk.start()
        ticket = await desk.ticket()
        for _ in range(self._lot.randint(1, 2)):
            await phone.launch("join", ticket.ticket, str(phone.vault), "--yes")
            await self._moment(phone)
            victims = self._lot.choice([(phone,), (phone,), (desk,), (desk, phone)])
            for victim in victims:
                await victim.kill()
                self.kills += 1
            if desk in victims:
                await desk.start()
            if phone not in victims:
                # It has joined and runs, or it could not and says so. A person would look, and try again.
                await phone.stop()
        if (phone.vault / ".vaultsync" / "vault.json").exists() and self._lot.random() < 0.7:
            await phone.start()
            self.outcomes["completed by itself"] += 1
        else:
            await phone.start("join", ticket.ticket, str(phone.vault), "--yes")
            self.outcomes["completed by the same command"] += 1
        (phone.vault / "answer.md").write_text("from the phone\n")
        tree = await settled(desk, phone)
        assert sorted(tree) == ["answer.md", "note.md"]
        for device, other in ((desk, phone), (phone, desk)):
            status = await device.status()
            assert status is not None
            assert [peer.name for peer in status.peers] == [other.name]
            assert len(status.vaults) == 1

    async def _moment(self, phone: Device) -> None:
        """Wait for some moment of a join: by the clock, or soon after its key or its folder's marker is there."""
        sign, within_s = self._lot.choice(
            [
                (None, LAUNCH_S),
                (phone.places.config / KEY_FILE, 0.8),
                (phone.vault / ".vaultsync", 0.15),
            ]
        )

        async def there() -> bool:
            return sign is None or sign.exists() or phone.exit_code is not None

        await until(there, "a sign of the join")
        await asyncio.sleep(self._lot.uniform(0, within_s))


async def play(base: Path, seed: int, kills: int, say: Callable[[str], None] = lambda _: None) -> Pairings:
    """`AssertionError` says what is wrong."""
    history = Pairings(base, seed, say)
    await history.play(kills)
    return history
