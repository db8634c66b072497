"""One note saved ten times a second for a long time, by one person or by two at once."""

from __future__ import annotations

import asyncio
import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from tests.load.pair import Numbers
from tests.load.town import Town, Townsman, town
from tests.simulation.loop import InlineLoop

SAVE_EVERY_S: Final = 0.1
NOTE: Final = "note.md"
LINES: Final = 40
"""How long the note stays: a line more is a line less elsewhere."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one device holds on to."""

    records: int
    versions: int
    contents: int
    objects: int
    """Python objects of the process."""

    @classmethod
    def of(cls, device: Townsman) -> Held:
        gc.collect()
        records, versions, contents = (_rows(device, table) for table in ("records", "versions", "contents"))
        return cls(records, versions, contents, len(gc.get_objects()))


def _rows(device: Townsman, table: str) -> int:
    row = device.replica.state.store.index._database.row(f"SELECT count(*) FROM {table}")
    assert row is not None
    assert isinstance(row[0], int)
    return row[0]


class Writer:
    """Somebody who changes one line of the note at every save, and knows which of his lines must be there."""

    def __init__(self, device: Townsman, number: int) -> None:
        self._device = device
        self._number = number
        self._lot = Random(number)
        self.saved = 0

    async def write(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end_s = loop.time() + seconds
        while loop.time() < end_s:
            self.save()
            await asyncio.sleep(SAVE_EVERY_S)

    def save(self) -> None:
        """Put a line of this writer's in the place of an older one of his."""
        self.saved += 1
        lines = (self._device.root / NOTE).read_text().split("\n")
        own = [at for at, line in enumerate(lines) if line.startswith(f"{self._number}: ")]
        lines[self._lot.choice(own)] = f"{self._number}: save {self.saved} {self._lot.randbytes(8).hex()}"
        self._device.write(NOTE, "\n".join(lines))


async def write_on(place: Town, writers: int, seconds: float) -> tuple[float, int]:
    """Let so many write at once for so long. Returns the longest time, in virtual seconds, for which the other device
    saw nothing new, and how often they saved."""
    loop = asyncio.get_running_loop()
    people = [Writer(device, number) for number, device in enumerate(place.devices[:writers])]
    reader = place.devices[-1]
    longest_s, since_s = 0.0, loop.time()
    seen = (reader.root / NOTE).read_bytes()
    async with asyncio.TaskGroup() as tasks:
        writing = [tasks.create_task(person.write(seconds)) for person in people]
        while not all(task.done() for task in writing):
            await asyncio.sleep(0.05)
            now = (reader.root / NOTE).read_bytes()
            if now != seen:
                longest_s, since_s, seen = max(longest_s, loop.time() - since_s), loop.time(), now
    return longest_s, sum(person.saved for person in people)


async def begin(place: Town) -> None:
    """Two devices hold a note with lines of both."""
    await place.grow(2)
    lines = [f"{number % 2}: line {number}" for number in range(LINES)]
    place.devices[0].write(NOTE, "\n".join(lines))
    await place.until(lambda: (place.devices[1].root / NOTE).exists() and place.at_rest, "the note is there")


async def live(place: Town, seconds: float, say: Callable[[str, Numbers], None]) -> None:
    await begin(place)
    for writers in (1, 2):
        # What is cached is filled before anything is counted.
        await write_on(place, writers, 60)
        await place.until(lambda: place.at_rest, "all rest")
        before = [Held.of(device) for device in place.devices]
        messages, sent, began_s = place.messages.total(), place.bytes, time.monotonic()
        longest_s, saved = await write_on(place, writers, seconds)
        rested_s = await place.until(lambda: place.at_rest, "all rest")
        after = [Held.of(device) for device in place.devices]
        say(
            f"{writers} wrote",
            {
                "saved": saved,
                "longest_wait_s": longest_s,
                "rest_after_s": rested_s,
                "messages": place.messages.total() - messages,
                "sent_mb": (place.bytes - sent) / 1e6,
                "versions": after[0].versions - before[0].versions,
                "contents": after[0].contents - before[0].contents,
                "records": after[0].records - before[0].records,
                "objects": after[0].objects - before[0].objects,
                "files": len(place.devices[0].tree()),
                "real_s": time.monotonic() - began_s,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            },
        )


def keystrokes(where: Path, seconds: float, say: Callable[[str, Numbers], None]) -> None:
    async def play() -> None:
        async with town(where) as place:
            await live(place, seconds, say)

    with asyncio.Runner(loop_factory=lambda: InlineLoop(Random(1))) as runner:
        runner.run(play())
