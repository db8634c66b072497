"""Rounds of work and sudden death. After each few of them everything must be where it belongs, without any help."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tests.crash.person import Person
from tests.support.processes import Device, devices, settled

SETTLE_EVERY = 8
"""Rounds between two looks at the whole."""


class Rounds:
    """Two devices with one vault, a person at each, and somebody who kills."""

    def __init__(self, desk: Device, phone: Device, seed: int, say: Callable[[str], None]) -> None:
        self.devices = (desk, phone)
        self.kills = 0
        self.deeds: Counter[str] = Counter()
        self._lot = random.Random(seed)
        self._people = [Person(device, random.Random(f"{seed} {device.name}")) for device in self.devices]
        self._say = say

    async def begin(self) -> None:
        """Run both for the first time; each is killed while it makes its home, its vault and its index."""
        desk, phone = self.devices
        for person in self._people[:1]:
            for _ in range(4):
                person.create_many()
            person.attach()
        await self._start_through_deaths(desk, "run", str(desk.vault))
        ticket = await desk.ticket(reusable=True)
        # A join is killed, too; then the ticket is used once more.
        await phone.launch("join", ticket.ticket, str(phone.vault))
        await asyncio.sleep(self._lot.uniform(0.2, 2.0))
        await self._kill(phone)
        await phone.join(ticket)

    async def play(self, rounds: int) -> None:
        """So many rounds, the last of which ends with a look at the whole."""
        for number in range(1, rounds + 1):
            await self._round()
            if number % SETTLE_EVERY == 0 or number == rounds:
                await self.check()
                self._say(f"round {number}: {self.kills} kills, {sum(self.deeds.values())} deeds")

    async def check(self) -> None:
        """Both folders hold exactly what the people wrote, and nothing is left over."""
        tree = await settled(*self.devices, patience_s=120)
        found = {path: content for path, content in tree.items() if content is not None}
        wanted = {path: content for person in self._people for path, content in person.wrote.items()}
        lost = sorted(path for path in wanted if found.get(path) != wanted[path])
        extra = sorted(path for path in found if path not in wanted)
        assert not lost, f"lost: {lost}"
        assert not extra, f"nobody wrote: {extra}"

    async def _round(self) -> None:
        victims = self._lot.choice([self.devices[:1], self.devices[1:], self.devices])
        for _ in range(self._lot.randint(1, 6)):
            self._act()
            if self._lot.random() < 0.5:
                await asyncio.sleep(self._lot.uniform(0, 0.15))
        await asyncio.sleep(self._lot.choice([0.0, self._lot.uniform(0, 0.05), self._lot.uniform(0, 0.6)]))
        for victim in victims:
            await self._kill(victim)
        for _ in range(self._lot.randint(0, 3)):
            self._act()
        for victim in victims:
            await self._start_through_deaths(victim, "run", str(victim.vault))

    async def _start_through_deaths(self, device: Device, *arguments: str) -> None:
        """Start; sometimes it dies again while it starts."""
        while self._lot.random() < 0.3:
            await device.launch(*arguments)
            await asyncio.sleep(self._lot.uniform(0.3, 1.5))
            await self._kill(device)
        await device.start(*arguments)

    async def _kill(self, device: Device) -> None:
        await device.kill()
        self.kills += 1

    def _act(self) -> None:
        self.deeds[self._lot.choice(self._people).act()] += 1


async def play(base: Path, seed: int, rounds: int, say: Callable[[str], None] = lambda _: None) -> Rounds:
    """One history from its beginning. `AssertionError` says what was lost."""
    async with devices(base, "Desk", "Phone") as (desk, phone):
        history = Rounds(desk, phone, seed, say)
        await history.begin()
        await history.play(rounds)
        return history
