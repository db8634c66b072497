"""Several devices in one vault: what an edit costs grows with the number of pairs, contents with that of devices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.load.society import edited, fill_up, idle, live, note
from tests.load.town import Town, town
from tests.simulation.loop import InlineLoop
from vaultsync.daemon import pairing
from vaultsync.daemon.pairing import MAX_PEERS

COUNT: Final = 7
PAIRS: Final = COUNT * (COUNT - 1) // 2


def play(base: Path, act: Callable[[Town], Coroutine[None, None, None]]) -> None:
    async def begin() -> None:
        async with town(base) as place:
            await act(place)

    with asyncio.Runner(loop_factory=lambda: InlineLoop(Random(1))) as runner:
        runner.run(begin())


def test_an_edit_costs_few_messages_for_each_pair_and_one_content_for_each_device(tmp_path: Path) -> None:
    lot = Random(1)

    async def act(place: Town) -> None:
        await place.grow(COUNT)
        await place.until(lambda: place.all_linked and place.at_rest, "all are connected")
        first = place.devices[0]
        for path in ("a.md", "b.md", "c.md", "d.md"):
            await edited(place, first, path, note(lot))
        passed = await edited(place, first, "e.md", note(lot))
        assert passed.changes == 2 * PAIRS, "each pair tells each other once"
        assert passed.messages <= 8 * PAIRS
        assert COUNT - 1 <= passed.contents < 2 * COUNT, "each device is given the note once, or nearly"
        assert passed.bytes < 2 * COUNT * 5_000 + 8 * PAIRS * 200
        await asyncio.sleep(10)
        assert (await idle(place)).messages <= PAIRS

    play(tmp_path, act)


def test_an_edit_that_is_passed_on_to_who_has_no_other_way_goes_with_its_content(tmp_path: Path) -> None:
    lot = Random(1)

    async def act(place: Town) -> None:
        await place.grow(3)
        await place.until(lambda: place.all_linked and place.at_rest, "all are connected")
        first, _, third = place.devices
        place.network.cut(first.node.node_id, third.node.node_id)
        place.network.drop(first.node.node_id, third.node.node_id)
        await place.until(lambda: first.links == third.links == 1, "the first and the third have lost each other")
        for path in ("a.md", "b.md"):
            passed = await edited(place, first, path, note(lot))
            assert passed.contents == 2
            assert place.messages["Want"] == 0, "nobody had to ask"

    play(tmp_path, act)


@pytest.mark.long
def test_sixty_four_devices(tmp_path: Path) -> None:
    async def act(place: Town) -> None:
        await live(place, MAX_PEERS, 5, lambda what, numbers: print(what, numbers))
        await fill_up(place)

    play(tmp_path, act)


def test_a_vault_has_so_many_devices_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "MAX_PEERS", 3)

    async def act(place: Town) -> None:
        await place.grow(3)
        await fill_up(place)

    play(tmp_path, act)
