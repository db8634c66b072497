"""Many devices in one vault: how much passes between them for each edit, and while nobody writes."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.load.pair import Numbers
from tests.load.town import LOOK_EVERY_S, Town, Townsman, town
from tests.simulation.loop import InlineLoop
from vaultsync.daemon.pairing import MAX_PEERS
from vaultsync.errors import RefusedError

QUIET_S: Final = 20
NOTE_BYTES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Passed:
    """What went over all links together."""

    seconds: float
    """Until all devices had it, in virtual time."""
    messages: int
    changes: int
    """Change sets among them."""
    contents: int
    """Contents that went with them."""
    bytes: int


async def edited(place: Town, device: Townsman, path: str, text: str) -> Passed:
    """`device` saves a note; wait until all have it and everybody rests."""
    before, contents, sent = place.messages.copy(), place.contents, place.bytes
    device.write(path, text)
    wanted = text.encode()
    seconds = await place.until(
        lambda: all((d.root / path).exists() and (d.root / path).read_bytes() == wanted for d in place.devices),
        f"{path} is everywhere",
    )
    await place.until(lambda: place.at_rest, "all rest")
    grown = place.messages - before
    return Passed(seconds, grown.total(), grown["ChangeSet"], place.contents - contents, place.bytes - sent)


async def idle(place: Town) -> Passed:
    """Nobody writes for a while; the messages are those of a virtual second."""
    before, contents, sent = place.messages.copy(), place.contents, place.bytes
    await asyncio.sleep(QUIET_S)
    grown = place.messages - before
    contents = place.contents - contents
    return Passed(QUIET_S, grown.total() // QUIET_S, grown["ChangeSet"], contents, (place.bytes - sent) // QUIET_S)


async def live(place: Town, count: int, edits: int, say: Callable[[str, Numbers], None]) -> None:
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    loop = asyncio.get_running_loop()

    def tell(what: str, passed: Passed) -> None:
        edges = count * (count - 1) / 2
        say(
            what,
            {
                "virtual_s": passed.seconds,
                "messages": passed.messages,
                "messages_per_edge": passed.messages / edges,
                "change_sets_per_edge": passed.changes / edges,
                "contents": passed.contents,
                "sent_kb": passed.bytes / 1000,
                "sent_kb_per_edge": passed.bytes / 1000 / edges,
                "real_s": time.monotonic() - began_s,
                "cpu_s": time.process_time() - began_cpu_s,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            },
        )

    await place.grow(count)
    await place.until(lambda: place.all_linked and place.at_rest, "all are connected", 4_000)
    sets = place.messages["ChangeSet"]
    tell("all are connected", Passed(loop.time(), place.messages.total(), sets, place.contents, place.bytes))
    await asyncio.sleep(QUIET_S)
    tell("a second of rest", await idle(place))
    lot = Random(count)
    tell("one edit", await edited(place, place.devices[0], "first.md", note(lot)))
    total = []
    for number in range(edits):
        total.append(await edited(place, lot.choice(place.devices), f"{number % 5}.md", note(lot)))
    worst = max(total, key=lambda passed: passed.messages)
    tell(f"the worst of {edits}", worst)
    tell("a second of rest", await idle(place))


def note(lot: Random) -> str:
    """One that does not compress well."""
    return lot.randbytes(NOTE_BYTES // 2).hex() + "\n"


def society(where: Path, count: int, edits: int, say: Callable[[str, Numbers], None]) -> None:
    async def play() -> None:
        async with town(where) as place:
            await live(place, count, edits, say)
            if count == MAX_PEERS:
                await fill_up(place)

    with asyncio.Runner(loop_factory=lambda: InlineLoop(Random(1))) as runner:
        runner.run(play())


async def fill_up(place: Town) -> None:
    """One more, and each device has as many peers as a vault may have. The next is told why it can't come in."""
    await place.grow(1)
    await place.until(lambda: place.all_linked, "all are connected")
    late = Townsman(place, len(place.devices) + 1)
    await late.start()
    try:
        with pytest.raises(RefusedError, match="as many devices as it can have"):
            await late.node.join(await place.ticket(), late.root)
    finally:
        await late.stop()
        await asyncio.sleep(LOOK_EVERY_S)
