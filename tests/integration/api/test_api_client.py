"""The client against real nodes: what the command line and the dashboard build on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.client.client import NodeClient
from vaultsync.daemon.bus import KEPT
from vaultsync.daemon.config import Places
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.events import EventsMissed, MemberJoined, PeerPaired, ProvenInSync, VaultStateChanged
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeNotRunningError, UsedTicketError, VaultError, VaultsyncError
from vaultsync.server.serve import serve_api


@asynccontextmanager
async def served(base: Path, name: str) -> AsyncIterator[tuple[Node, NodeClient]]:
    """A running node with its API, and a client of it."""
    async with running_node(base, name) as node, serve_api(node), NodeClient.find(node.places) as client:
        yield node, client


def make_notes(root: Path) -> None:
    root.mkdir()
    for number in range(5):
        (root / f"note {number}.md").write_text(f"# {number}\n")


async def test_a_whole_life_through_the_api(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with served(tmp_path, "Anna") as (anna, one), served(tmp_path, "Bert") as (_, other):
        added = await one.add_vault(tmp_path / "a")
        assert added.root == str(tmp_path / "a")
        made = await one.make_ticket(tmp_path / "a", minutes=1)
        [listed] = await one.tickets(tmp_path / "a")
        assert (listed.vault, listed.uses) == (made.vault, 0)
        joined = await other.join(f"please type: vaultsync join {made.ticket}", tmp_path / "b")
        assert joined.peer == str(anna.node_id)
        assert len(joined.words) == 6
        async with aclosing(one.events(after=0)) as events:
            async for _, event in events:
                if isinstance(event, PeerPaired):
                    assert event.words == joined.words
                if isinstance(event, ProvenInSync):
                    break
        assert tree(tmp_path / "a") == tree(tmp_path / "b")
        status = await one.status()
        theirs = await other.status()
        assert status.vaults[0].digest == theirs.vaults[0].digest
        assert (status.vaults[0].files, status.vaults[0].pending) == (5, 0)
        [peer] = status.peers
        assert (peer.name, peer.state, peer.vaults[0].in_sync) == ("Bert", "connected", True)
        assert await one.tickets() == []

        await one.disconnect_peer(peer.id[:10])
        await until(lambda: anna.peers.get_peers()[0].state == "disconnected")
        assert not (await one.peers())[0].wanted
        await one.connect_to_peer(peer.id)
        await until(lambda: anna.peers.get_peers()[0].state == "connected")
        assert (await one.attempts(peer.id))[0].outcome == "connected"

        await one.remove_peer(peer.id)
        assert await one.peers() == []


async def test_a_revoked_ticket_lets_nobody_in(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with served(tmp_path, "Anna") as (_, one), running_node(tmp_path, "Bert") as bert:
        await one.add_vault(tmp_path / "a")
        made = await one.make_ticket(tmp_path / "a", reusable=True)
        [listed] = await one.tickets()
        await one.revoke_ticket(listed.id)
        with pytest.raises(UsedTicketError):
            await bert.join(made.ticket, tmp_path / "b")
        with pytest.raises(VaultsyncError, match="no open ticket"):
            await one.revoke_ticket(listed.id)


async def test_errors_arrive_as_what_they_were(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with served(tmp_path, "Anna") as (_, one):
        await one.add_vault(tmp_path / "a")
        (tmp_path / "a" / "sub").mkdir()
        with pytest.raises(VaultError, match="inside another vault") as caught:
            await one.add_vault(tmp_path / "a" / "sub")
        assert caught.value.hint == "Use that vault, or another folder."


async def test_events_resume_where_they_broke_off(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with served(tmp_path, "Anna") as (_, one):
        await one.add_vault(tmp_path / "a")
        seen = []
        async with aclosing(one.events(after=0)) as events:
            async for number, event in events:
                seen.append(number)
                if isinstance(event, VaultStateChanged) and event.state == "ready":
                    break
        assert seen == list(range(seen[0], seen[0] + len(seen)))
        async with aclosing(one.events(after=seen[-2])) as events:
            number, _ = await anext(events)
        assert number == seen[-1]


async def test_who_was_away_too_long_is_told_so(tmp_path: Path) -> None:
    async with served(tmp_path, "Anna") as (anna, one):
        first = anna.bus.oldest
        for number in range(KEPT + 5):
            anna.bus.emit(MemberJoined("v", "p", str(number), "member"))
        oldest = anna.bus.oldest
        assert oldest > first
        for asked in (1, first, oldest - 2, anna.bus.newest + 10**6):
            async with aclosing(one.events(after=asked)) as events:
                assert await anext(events) == (oldest - 1, EventsMissed(asked, oldest))
                assert (await anext(events))[0] == oldest
        for asked in (0, oldest - 1):
            async with aclosing(one.events(after=asked)) as events:
                number, event = await anext(events)
            assert number == oldest
            assert isinstance(event, MemberJoined)


async def test_numbers_go_on_over_a_restart(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with served(tmp_path, "Anna") as (anna, one):
        await one.add_vault(tmp_path / "a")
        last = anna.bus.newest
    async with served(tmp_path, "Anna") as (anna, one):
        assert anna.bus.oldest > last
        async with aclosing(one.events(after=last)) as events:
            number, event = await anext(events)
            assert isinstance(event, EventsMissed)
            assert (await anext(events))[0] == number + 1 == anna.bus.oldest


async def test_the_event_stream_ends_when_the_node_stops(tmp_path: Path) -> None:
    async with served(tmp_path, "Anna") as (anna, one):

        async def listen() -> int:
            return len([number async for number, _ in one.events()])

        listening = asyncio.create_task(listen())
        await one.status()
        await one.stop()
        assert anna.stopping.is_set()
        assert await asyncio.wait_for(listening, 10) == 0


async def test_without_a_unix_socket_the_port_serves(tmp_path: Path) -> None:
    async with running_node(tmp_path, "Anna") as anna, serve_api(anna) as descriptor:
        plain = Descriptor(descriptor.pid, descriptor.port, None, descriptor.started, descriptor.token)
        async with NodeClient(plain) as one:
            assert (await one.status()).node.id == str(anna.node_id)


async def test_no_node_is_said_as_such(tmp_path: Path) -> None:
    with pytest.raises(NodeNotRunningError, match="until it is started"):
        NodeClient.find(Places(tmp_path, tmp_path))


async def test_what_a_killed_node_left_behind_is_no_node(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path)
    async with running_node(tmp_path, "Anna") as anna, serve_api(anna) as descriptor:
        left = Descriptor(descriptor.pid, descriptor.port, descriptor.socket, descriptor.started, descriptor.token)
    left.write(places)
    async with NodeClient.find(places) as client:
        with pytest.raises(NodeNotRunningError, match=f"it is gone \\(process {left.pid}\\)"):
            await client.status()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "pid": "x"}'])
async def test_a_descriptor_that_makes_no_sense_is_no_node(tmp_path: Path, text: str) -> None:
    (tmp_path / "api.json").write_text(text)
    with pytest.raises(NodeNotRunningError):
        NodeClient.find(Places(tmp_path, tmp_path))
