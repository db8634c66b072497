"""The node's database on a full, write-protected or broken disk: it is shown, and ends nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.integration.test_mesh_nodes import connected, invite, make_notes
from tests.support.clock import on_virtual_clock
from tests.support.disks import broken, write_protected
from tests.support.nodes import ENVIRON, running_node, tree, until
from tests.support.peering import running, station
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.peers import PeerState
from vaultsync.errors import DiskFullError, RefusedError, StoreError, VaultsyncError
from vaultsync.server.snapshot import status_of
from vaultsync.transport.memory import MemoryNetwork

FULL = DiskFullError("There is no room left to write to node.db.")
IO_ERROR = StoreError("The database node.db cannot be used (disk I/O error).")


@pytest.mark.parametrize("error", [FULL, IO_ERROR], ids=["full", "I/O error"])
@on_virtual_clock
async def test_dials_and_conversations_go_on_when_nothing_can_be_stored(tmp_path: Path, error: VaultsyncError) -> None:
    network = MemoryNetwork()
    async with station(tmp_path, network, 1) as one, station(tmp_path, network, 2) as two:
        await one.learn(two)
        await two.learn(one)
        network.cut(one.node, two.node)
        async with running(one, two):
            async with broken(one.database, error):
                await one.until(lambda: len(one.times(PeerState.CONNECTING)) == 3)
                assert one.database.problem.startswith(error.message)
                network.heal(one.node, two.node)
                await one.until(lambda: one.state_of(two) is PeerState.CONNECTED)
                network.drop(one.node, two.node)
                await one.until(lambda: one.state_of(two) is PeerState.DISCONNECTED)
                await one.until(lambda: one.state_of(two) is PeerState.CONNECTED)
            one.manager.disconnect_peer(two.node)
            await one.until(lambda: one.database.problem == "")


async def test_notes_are_synced_while_the_node_can_store_nothing_of_its_peers(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: connected(anna, bert))
        async with write_protected(anna.database):
            anna.peers.refresh(bert.node_id)
            await until(lambda: bool(anna.database.problem))
            await until(lambda: connected(anna, bert))
            (tmp_path / "b" / "from bert.md").write_text("hello\n")
            await until(lambda: (tmp_path / "a" / "from bert.md").exists())
            status = await status_of(anna)
            assert status.node.database_problem == anna.database.problem
            assert status.vaults[0].notices == (anna.database.problem,)
            with pytest.raises(StoreError):
                await anna.peers.remove_peer(bert.node_id)
            assert connected(anna, bert)
        anna.peers.refresh(bert.node_id)
        await until(lambda: anna.database.problem == "")


async def test_a_ticket_used_at_a_full_node_is_still_good_afterwards(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(service, role="member", life_s=60, reusable=False)
        async with write_protected(anna.database):
            with pytest.raises(RefusedError, match="cannot let anybody in just now"):
                await bert.join(text, tmp_path / "b")
        await bert.join(text, tmp_path / "b")
        await until(lambda: tree(tmp_path / "a") == tree(tmp_path / "b"))


async def test_a_removal_is_acted_on_though_it_can_not_be_passed_on(tmp_path: Path) -> None:
    """Carl hears that Bert is out while Carl's database can't be read any more after that."""
    make_notes(tmp_path / "a")
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        service = await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await invite(anna, tmp_path / "a", carl, tmp_path / "c")
        await until(lambda: connected(carl, bert) and connected(carl, anna))
        changes = await carl.memberships.remove(service.vault, bert.node_id)
        async with broken(carl.database, FULL):
            await carl.mesh.act(changes)
            assert carl.peers.get_peer(bert.node_id) is None
        assert connected(carl, anna)
        await until(lambda: anna.peers.get_peer(bert.node_id) is None)


async def test_news_that_can_not_be_stored_end_the_conversation_and_not_the_node(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: connected(anna, bert) and connected(bert, anna))
        async with write_protected(bert.database):
            await anna.mesh.set_role(service.vault, bert.node_id, "observer")
            await until(lambda: bool(bert.database.problem))
        await until(lambda: bert.find_vault(tmp_path / "b").record.role == "observer")
        await until(lambda: connected(anna, bert))


async def test_a_node_starts_though_it_can_store_nothing(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    places = Places(tmp_path / "Anna" / "config", tmp_path / "Anna" / "data")
    async with running_node(tmp_path, "Anna") as anna:
        await anna.add_vault(tmp_path / "a")
    renamed = Config("Anna's new name", listen_host="127.0.0.1", mdns=False)
    async with (
        open_node(places, renamed, command="test", environ=ENVIRON) as again,
        write_protected(again.database),
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(again.run())
        await until(lambda: again.find_vault(tmp_path / "a").state == "ready" and again.peers.ready.is_set())
        assert again.database.problem
        again.stopping.set()
        await running
