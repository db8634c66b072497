"""A note that is saved ten times a second: it is seen elsewhere all the time, and nothing but its history grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random

import pytest

from tests.load.keystrokes import NOTE, Held, begin, live, write_on
from tests.load.town import Town, town
from tests.simulation.loop import InlineLoop
from vaultsync.daemon import bus


def play(base: Path, act: Callable[[Town], Coroutine[None, None, None]]) -> None:
    async def start() -> None:
        async with town(base) as place:
            await act(place)

    with asyncio.Runner(loop_factory=lambda: InlineLoop(Random(1))) as runner:
        runner.run(start())


@pytest.mark.parametrize("writers", [1, 2])
def test_nothing_but_history_grows(writers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So few are kept before anything is counted that there will not be more.
    monkeypatch.setattr(bus, "KEPT", 50)

    async def act(place: Town) -> None:
        await begin(place)
        await write_on(place, writers, 6)
        await place.until(lambda: place.at_rest, "all rest")
        before = [Held.of(device) for device in place.devices]
        messages = place.messages.total()
        longest_s, saved = await write_on(place, writers, 12)
        first, second = place.devices
        await place.until(lambda: first.tree() == second.tree(), "both have the same", 1)
        await place.until(lambda: place.at_rest, "all rest")
        assert longest_s < 1, "the note never stands still while somebody writes"
        assert place.messages.total() - messages < 12 * saved
        assert list(first.tree()) == [NOTE], "no conflict copy"
        for device, earlier in zip(place.devices, before, strict=True):
            now = Held.of(device)
            assert now.records == earlier.records
            # Both sides of a merge and what came of it.
            assert now.versions - earlier.versions <= 3 * saved
            assert now.objects - earlier.objects < 500
            state = device.replica.state
            kept = (state.contents, state.staged, state.attempts, state.followed, state.labels)
            assert not any(kept)

    play(tmp_path, act)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_an_hour(tmp_path: Path) -> None:
    async def act(place: Town) -> None:
        await live(place, 3_600, lambda what, numbers: print(what, numbers))

    play(tmp_path, act)
