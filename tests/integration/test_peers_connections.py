"""The connections that a node keeps to its peers: rules of time, on the memory transport and a virtual clock."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.support.clock import elapsed_s, on_virtual_clock
from tests.support.peering import VAULT, Station, running, station
from vaultsync.daemon.greeting import Opened, open_control
from vaultsync.daemon.link import Link
from vaultsync.daemon.peers import PeerState
from vaultsync.errors import CloseCode, ConnectionLostError, RefusedError
from vaultsync.model.ids import NodeId
from vaultsync.protocol.messages import Hello, Join
from vaultsync.transport.base import Address, Connection
from vaultsync.transport.memory import MemoryNetwork

CONNECTED, CONNECTING, DISCONNECTED = PeerState.CONNECTED, PeerState.CONNECTING, PeerState.DISCONNECTED


def both_connected(a: Station, b: Station) -> bool:
    return a.state_of(b) is CONNECTED and b.state_of(a) is CONNECTED


async def dialed_at_once(
    connect: Callable[[NodeId, Address], Awaitable[Connection]],
    both: asyncio.Barrier,
    node: NodeId,
    address: Address,
) -> Connection:
    connection = await connect(node, address)
    await both.wait()
    return connection


def one_connection(network: MemoryNetwork) -> bool:
    """One connection has two sides."""
    return len(network._connections) == 2


@on_virtual_clock
async def test_a_peer_that_nobody_answers_for_is_dialed_after_10_10_20_40_up_to_300_seconds(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b, "nowhere:1")
        async with running(a):
            await asyncio.sleep(1500)
        dials = a.times(CONNECTING)
        waits = [round(after - before) for before, after in itertools.pairwise(dials)]
        assert waits[:8] == [10, 10, 20, 40, 80, 160, 300, 300]
        assert a.peer(b).reason == "Nothing answers at nowhere:1."
        attempts = await a.database.run(lambda store: store.attempts.recent(3, b.node))
        assert [(one.address, one.outcome) for one in attempts] == [("nowhere:1", "no answer")] * 3
        assert attempts[0].at_ms - attempts[1].at_ms == 300_000


@on_virtual_clock
async def test_a_lost_connection_is_dialed_again_after_10_seconds(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            network.drop(a.node, b.node)
            lost_s = elapsed_s()
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            await b.until(lambda: both_connected(a, b))
            assert round(elapsed_s() - lost_s) == 10


@on_virtual_clock
async def test_a_connection_of_the_peers_making_that_is_lost_is_dialed_after_10_seconds_too(tmp_path: Path) -> None:
    """However long this side was about to wait: the peer was away for hours when it came by itself."""
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2, host="b") as b:
        await a.learn(b)
        await b.learn(a)
        network.cut(a.node, b.node)
        async with running(a):
            await asyncio.sleep(3400)
            waiting_since = a.times(CONNECTING)[-1]
            network.heal(a.node, b.node)
            async with running(b):
                await a.until(lambda: both_connected(a, b))
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            lost_s = elapsed_s()
            await a.until(lambda: a.times(CONNECTING)[-1] > waiting_since)
            assert round(elapsed_s() - lost_s) == 10


@on_virtual_clock
async def test_a_click_and_a_sighting_dial_at_once_and_reset_the_waiting(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2, host="b") as b:
        await a.learn(b, "nowhere:1")
        await b.learn(a, auto_connect=False)
        async with running(a, b):
            await asyncio.sleep(400)
            before = len(a.times(CONNECTING))
            a.manager.connect_to_peer(b.node)
            await a.until(lambda: len(a.times(CONNECTING)) > before)
            assert round(elapsed_s()) == 400
            await asyncio.sleep(25)
            waits = a.times(CONNECTING)[before:]
            assert [round(at_s - 400) for at_s in waits] == [0, 10, 20]
            a.manager.sighted(b.node, ["b:1"])
            await a.until(lambda: both_connected(a, b))
            assert round(elapsed_s()) == 425


@on_virtual_clock
async def test_a_sighting_of_a_stranger_is_nothing(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        async with running(a, b):
            a.manager.sighted(b.node, [str(b.endpoint.addresses[0])])
            await asyncio.sleep(60)
        assert not a.history
        assert not network._connections


@on_virtual_clock
async def test_who_is_refused_says_so_and_asks_again_only_every_five_minutes(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        async with running(a, b):
            await asyncio.sleep(1000)
        assert [round(at_s) for at_s in a.times(CONNECTING)] == [0, 300, 600, 900]
        assert a.peer(b).reason == "It does not know this device, or has removed it."
        stored = await a.database.run(lambda store: store.peers.get(b.node))
        assert stored is not None
        assert stored.last_error == a.peer(b).reason
        assert not b.history


@on_virtual_clock
async def test_another_node_at_the_address_is_shown_and_not_asked_in_a_tight_loop(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with (
        station(tmp_path, network, 1) as a,
        station(tmp_path, network, 2) as b,
        station(tmp_path, network, 3, host="other") as c,
    ):
        await a.learn(b, "other:1")
        async with running(a, c):
            await asyncio.sleep(400)
        assert [round(at_s) for at_s in a.times(CONNECTING)] == [0, 300]
        assert a.peer(b).reason.startswith(f"other:1 is not {b.node.short}")
        attempts = await a.database.run(lambda store: store.attempts.recent(1, b.node))
        assert attempts[0].outcome == "wrong peer"


@on_virtual_clock
async def test_simultaneous_dials_end_in_the_one_of_the_smaller_id_on_both_sides(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a)
        both_dialed = asyncio.Barrier(2)
        for one in (a, b):
            one.endpoint.connect = partial(dialed_at_once, one.endpoint.connect, both_dialed)  # type: ignore[method-assign]
        async with running(a, b):
            await asyncio.sleep(30)
            assert both_connected(a, b)
            assert one_connection(network)
            a_link, b_link = a.peer(b).link, b.peer(a).link
            assert a_link is not None
            assert b_link is not None
            assert a_link.connection.dialed
            assert not b_link.connection.dialed
            stood_s = a.times(CONNECTED)[-1]
            assert stood_s < 5


@pytest.mark.parametrize(("of_host", "of_joiner"), [(1, 2), (2, 1)])
@on_virtual_clock
async def test_a_dial_beside_the_connection_on_which_a_ticket_was_used_ends_in_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_host: int, of_joiner: int
) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, of_host) as host, station(tmp_path, network, of_joiner) as joiner:
        host.lets_in = joiner
        async with running(host, joiner):
            connection, opened, _ = await joiner.manager.join(
                host.node, [str(address) for address in host.endpoint.addresses], Join(VAULT, bytes(16), "Joiner", "j")
            )
            gate = asyncio.Event()
            answer = joiner.manager._door.answer

            async def answer_late(dialed: Connection) -> Opened | None:
                await gate.wait()
                return await answer(dialed)

            monkeypatch.setattr(joiner.manager._door, "answer", answer_late)
            host.manager.connect_to_peer(joiner.node)
            await host.until(lambda: host.peer(joiner).link is not None)
            joiner.manager.adopt(await joiner.store(host), connection, opened)
            await host.until(lambda: host.state_of(joiner) is CONNECTED)
            gate.set()
            await asyncio.sleep(0.5)
            assert both_connected(host, joiner)
            link = joiner.peer(host).link
            assert link is not None
            assert link.connection is connection


@on_virtual_clock
async def test_a_connection_that_gave_way_to_one_that_is_gone_is_dialed_again_after_a_second(tmp_path: Path) -> None:
    """By the side that did not dial it, too: the other one may not be able to."""
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            await b.learn(a)
            a.peer(b).wanted = False
            await asyncio.sleep(20)
            gone_s, link = elapsed_s(), b.peer(a).link
            assert link is not None
            assert not link.connection.dialed
            link.drop(RefusedError(CloseCode.DUPLICATE, "A newer connection takes its place."))
            await b.until(lambda: b.state_of(a) is DISCONNECTED)
            await b.until(lambda: both_connected(a, b))
            assert round(elapsed_s() - gone_s) == 1


@on_virtual_clock
async def test_a_restarted_peer_replaces_the_connection_that_is_dead_without_knowing(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 2, host="b") as b, station(tmp_path, network, 1, host="a") as a:
        await a.learn(b)
        await b.learn(a)
        async with running(b):
            async with running(a):
                await a.until(lambda: both_connected(a, b))
                await asyncio.sleep(6)
                network.cut(a.node, b.node)  # its farewell gets lost
            dead = b.peer(a).link
            await a.endpoint.close()
            network._held.clear()
            async with station(tmp_path, network, 1, host="a") as again, running(again):
                await again.until(lambda: again.state_of(b) is CONNECTED)
                assert elapsed_s() < 7
                await asyncio.sleep(1)
                assert b.peer(a).link is not dead
                assert b.state_of(a) is CONNECTED


@on_virtual_clock
async def test_a_dead_path_is_noticed_within_20_seconds(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            await asyncio.sleep(100)
            assert both_connected(a, b), "an idle connection stays"
            assert len(a.times(CONNECTED)) == 1
            network.cut(a.node, b.node)
            cut_s = elapsed_s()
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            assert elapsed_s() - cut_s <= 20
            assert a.peer(b).reason == "It does not answer any more."
            network.heal(a.node, b.node)
            healed_s = elapsed_s()
            await a.until(lambda: both_connected(a, b))
            assert elapsed_s() - healed_s <= 10


@on_virtual_clock
async def test_a_path_that_comes_back_soon_is_used_at_once(tmp_path: Path) -> None:
    """Not at the next dial, which would be up to fifteen seconds later."""
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a)
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            for outage_s in (20, 35, 50):
                network.cut(a.node, b.node)
                await asyncio.sleep(outage_s)
                assert a.state_of(b) is not CONNECTED
                assert b.state_of(a) is not CONNECTED
                network.heal(a.node, b.node)
                healed_s = elapsed_s()
                await a.until(lambda: both_connected(a, b))
                assert elapsed_s() - healed_s < 1.5
                await asyncio.sleep(100)
                assert both_connected(a, b)
                assert one_connection(network)


@on_virtual_clock
async def test_a_change_of_network_finds_dead_connections_in_three_seconds_and_leaves_live_ones(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with (
        station(tmp_path, network, 1) as a,
        station(tmp_path, network, 2, host="b") as b,
        station(tmp_path, network, 3) as c,
    ):
        for other in (b, c):
            await a.learn(other)
            await other.learn(a)
        async with running(a, b, c):
            await a.until(lambda: both_connected(a, b) and both_connected(a, c))
            network.cut(a.node, b.node)
            start_s = elapsed_s()
            living = a.peer(c).link
            changing = asyncio.create_task(a.manager.network_changed())
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            assert elapsed_s() - start_s < 3.1
            await changing
            network.heal(a.node, b.node)
            await a.manager.network_changed()
            await a.until(lambda: both_connected(a, b))
            assert elapsed_s() - start_s <= 10
            assert a.peer(c).link is living


@on_virtual_clock
async def test_a_removed_peer_is_told_and_nothing_of_it_stays(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a)
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            assert await a.manager.remove_peer(b.node)
            assert a.manager.get_peers() == []
            await b.until(lambda: b.state_of(a) is DISCONNECTED)
            assert b.peer(a).reason == "This device has been removed from the vault by another member."
            assert not await a.manager.remove_peer(b.node)
            await asyncio.sleep(1000)
            assert not network._connections
            assert len(b.times(CONNECTING)) <= 5
        assert await a.database.run(lambda store: store.peers.all()) == []


@on_virtual_clock
async def test_disconnecting_by_hand_lasts_until_somebody_asks(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            a.manager.disconnect_peer(b.node)
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            assert a.peer(b).reason == "Disconnected by hand."
            await asyncio.sleep(2000)
            assert len(a.times(CONNECTING)) == 1
            assert a.state_of(b) is DISCONNECTED
            assert b.peer(a).reason.startswith("Somebody has disconnected this device there.")
            assert len(b.times(CONNECTING)) <= 2 + 2000 // 300, "it asks, but not all the time"
            asked = len(b.times(CONNECTING))
            b.manager.connect_to_peer(a.node)
            await b.until(lambda: len(b.times(CONNECTING)) == asked + 1 and b.state_of(a) is DISCONNECTED)
            assert a.state_of(b) is DISCONNECTED, "the person at the other device does not overrule this one"
            a.manager.connect_to_peer(b.node)
            await a.until(lambda: both_connected(a, b))
            assert round(elapsed_s()) == 2000


@on_virtual_clock
async def test_disconnecting_by_hand_is_the_reason_whatever_else_ends_the_connection(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            a.manager.refresh(b.node)
            a.manager.disconnect_peer(b.node)
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            assert a.peer(b).reason == "Disconnected by hand."


@on_virtual_clock
async def test_a_peer_that_cannot_be_reached_is_disconnected_by_hand_at_once(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b, "nowhere:1")
        async with running(a):
            await a.until(lambda: a.state_of(b) is DISCONNECTED and a.peer(b).reason != "")
            a.manager.disconnect_peer(b.node)
            assert a.peer(b).reason == "Disconnected by hand."


@on_virtual_clock
async def test_disconnecting_in_the_middle_of_a_dial_holds(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        go_on = asyncio.Event()
        connect = a.endpoint.connect

        async def slow(peer, address):  # type: ignore[no-untyped-def]
            await go_on.wait()
            return await connect(peer, address)

        a.endpoint.connect = slow  # type: ignore[method-assign]
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: a.state_of(b) is CONNECTING)
            a.manager.disconnect_peer(b.node)
            go_on.set()
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            await asyncio.sleep(100)
            assert (a.state_of(b), b.state_of(a)) == (DISCONNECTED, DISCONNECTED)


@on_virtual_clock
async def test_a_restart_ends_a_disconnection_by_hand(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 2) as b:
        async with station(tmp_path, network, 1, host="a") as a:
            await a.learn(b)
            await b.learn(a)
            async with running(a, b):
                await a.until(lambda: both_connected(a, b))
                a.manager.disconnect_peer(b.node)
                await a.until(lambda: a.state_of(b) is DISCONNECTED)
        async with station(tmp_path, network, 1, host="a") as again, running(again, b):
            await again.until(lambda: both_connected(again, b))


@on_virtual_clock
async def test_auto_connect_off_is_kept_and_still_lets_the_peer_in(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        async with running(a, b):
            await a.manager.update_peer(b.node, name="Tablet", auto_connect=False)
            await asyncio.sleep(1000)
            dials = len(a.times(CONNECTING))
            assert dials <= 1
            await b.learn(a)
            await b.until(lambda: both_connected(a, b))
            assert len(a.times(CONNECTING)) == dials
        stored = await a.database.run(lambda store: store.peers.get(b.node))
        assert stored is not None
        assert (stored.name, stored.auto_connect) == ("Tablet", False)


@on_virtual_clock
async def test_a_dead_address_costs_300_ms_and_the_one_that_worked_is_first_next_time(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2, host="b") as b:
        silent = asyncio.Event()
        connect = a.endpoint.connect

        async def slow(peer, address):  # type: ignore[no-untyped-def]
            if address.host == "silent":
                await silent.wait()
            return await connect(peer, address)

        a.endpoint.connect = slow  # type: ignore[method-assign]
        await a.learn(b, "silent:1", "b:1")
        await b.learn(a, "nowhere:1")
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            assert elapsed_s() < 0.4
            stored = await a.database.run(lambda store: store.peers.get(b.node))
            assert stored is not None
            assert stored.addresses[0].address == "b:1"
            assert stored.addresses[0].last_ok_ms is not None
            link = a.peer(b).link
            assert link is not None
            link.drop(ConnectionLostError("over", code=CloseCode.NORMAL))
            await a.until(lambda: a.state_of(b) is DISCONNECTED)
            lost_s = elapsed_s()
            await a.until(lambda: both_connected(a, b))
            assert round(elapsed_s() - lost_s, 1) == 10.0


@on_virtual_clock
async def test_an_address_that_is_none_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b, "no address")
        async with running(a):
            await a.until(lambda: a.peer(b).reason != "")
        assert a.peer(b).reason == "“no address” is no address."


@on_virtual_clock
async def test_strangers_learn_one_word(tmp_path: Path) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b, running(a):
        silent = await b.endpoint.connect(a.node, a.endpoint.addresses[0])
        assert (await silent.wait_closed())[0] is CloseCode.TIMEOUT
        assert round(elapsed_s()) == 10
        crowd = [await b.endpoint.connect(a.node, a.endpoint.addresses[0]) for _ in range(40)]
        await asyncio.sleep(0.1)
        refused = [one for one in crowd if one._end.done()]  # type: ignore[attr-defined]
        assert len(refused) == 8


@on_virtual_clock
async def test_a_node_that_is_stopped_in_the_moment_in_which_it_loses_a_connection_stops(tmp_path: Path) -> None:
    """The task group of the conversation raised the loss and forgot that it was cancelled: the node dialed again."""
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b)
        await b.learn(a, "nowhere:1")
        async with running(b):
            task = asyncio.create_task(a.manager.run())
            await a.until(lambda: both_connected(a, b))
            network.drop(a.node, b.node)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task], timeout=1000)
            assert task.done()


@on_virtual_clock
async def test_a_new_conversation_waits_until_the_one_before_has_left_every_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several engines a busy one keeps the closing link from the next: a new link would be one too many there."""
    network, leave, close = MemoryNetwork(), asyncio.Event(), Link.close
    closing = 0

    async def slow_close(link: Link, code: CloseCode, reason: str = "") -> None:
        nonlocal closing
        closing += 1
        await leave.wait()
        await close(link, code, reason)

    monkeypatch.setattr(Link, "close", slow_close)
    async with station(tmp_path, network, 1) as a, station(tmp_path, network, 2) as b:
        await a.learn(b, "nowhere:1")
        await b.learn(a)
        async with running(a, b):
            await a.until(lambda: both_connected(a, b))
            network.drop(a.node, b.node)
            await a.until(lambda: closing == 2)
            again = await b.endpoint.connect(a.node, a.endpoint.addresses[0])
            opened = await open_control(again)
            await opened.writer.write(Hello(1, "b", "b", "test"))
            await asyncio.sleep(5)
            assert a.peer(b).link is None
            leave.set()
            await a.until(lambda: a.peer(b).link is not None)
