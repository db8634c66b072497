"""What a person has disconnected by hand, and tickets: the use of one lifts a pause, a pause after that holds."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.clock import on_virtual_clock
from tests.support.society import VAULT, Household, Town, linked
from vaultsync.daemon.joining import open_join
from vaultsync.daemon.peers import PeerState
from vaultsync.tickets.codec import decode

HOUR_S = 3_600


async def two(stack: AsyncExitStack, town: Town) -> tuple[Household, Household]:
    anna = await stack.enter_async_context(town.device("Anna"))
    bert = await stack.enter_async_context(town.device("Bert"))
    await anna.found()
    return anna, bert


def apart(one: Household, other: Household) -> bool:
    """Whether `one` keeps to what was asked of it: no connection to `other`."""
    peer = one.peers.get_peer(other.node_id)
    assert peer is not None
    return peer.paused and peer.link is None and peer.reason == "Disconnected by hand."


@pytest.mark.parametrize("by", ["who gives the ticket", "who uses it"])
@on_virtual_clock
async def test_the_use_of_a_ticket_lifts_a_pause_of_before(tmp_path: Path, by: str) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await two(stack, Town(tmp_path))
        await anna.invite(bert)
        one, other = (anna, bert) if by == "who gives the ticket" else (bert, anna)
        one.peers.disconnect_peer(other.node_id)
        await asyncio.sleep(HOUR_S)
        assert apart(one, other)
        await bert.join(await anna.ticket())
        await anna.until(lambda: linked(anna, bert), timeout_s=20)
        await asyncio.sleep(HOUR_S)
        assert linked(anna, bert)


@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "a peer"])
@on_virtual_clock
async def test_a_pause_after_a_ticket_was_used_holds_for_the_connection_that_it_was_used_on(
    tmp_path: Path, known: bool
) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await two(stack, Town(tmp_path))
        if known:
            await anna.invite(bert)
        text = await anna.ticket()
        # Bert is let in, and has not said Hello: Anna's side of the conversation has not begun.
        opened = await open_join(bert, decode(text), bert.base / str(VAULT), ())
        anna.peers.disconnect_peer(bert.node_id)
        await opened.accept()
        await asyncio.sleep(HOUR_S)
        assert apart(anna, bert)
        anna.peers.connect_to_peer(bert.node_id)
        await anna.until(lambda: linked(anna, bert))


@on_virtual_clock
async def test_a_pause_right_after_joining_holds_for_the_connection_that_came_of_it(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await two(stack, Town(tmp_path))
        text = await anna.ticket()
        adopt = bert.peers.adopt

        def adopt_and_pause(*arguments) -> None:  # type: ignore[no-untyped-def]
            adopt(*arguments)
            # Its conversation is begun, but has not come to its first step.
            bert.peers.disconnect_peer(anna.node_id)

        bert.peers.adopt = adopt_and_pause  # type: ignore[assignment,method-assign]
        await bert.join(text)
        await asyncio.sleep(HOUR_S)
        assert apart(bert, anna)
        assert anna.state_of(bert) is PeerState.DISCONNECTED
