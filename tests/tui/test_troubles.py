"""What goes wrong or takes long, as it is shown, over the API of real nodes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.disks import write_protected
from tests.support.nodes import running_node, until
from tests.tui.kit import dashboard, ready, says, served_node, shown, write
from vaultsync.daemon import vaults
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import DiskFullError, VaultsyncError
from vaultsync.model.ids import NodeId
from vaultsync.protocol.messages import ChangeSet


async def paired(one: Node, two: Node, target: Path) -> None:
    """The vault of `one` is on `two` as well."""
    service = next(iter(one.vaults.values()))
    await two.peers.ready.wait()
    ticket, _ = await one.make_ticket(service, role="member", life_s=600, reusable=False)
    await two.join(ticket, target)


async def test_a_folder_that_is_gone_is_told_until_it_is_back(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            await shown(pilot, lambda: says(pilot, "1 file"))
            notes.rename(tmp_path / "elsewhere")
            await pilot.press("s")
            await shown(pilot, lambda: says(pilot, "✖ offline") and says(pilot, "Attention !1"))
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "Nothing is deleted anywhere meanwhile"))
            (tmp_path / "elsewhere").rename(notes)
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))


async def test_a_full_disk_is_told_with_what_to_do_until_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DiskFullError("There is no room left to write to index.db.")

    monkeypatch.setattr(vaults, "FAILED_RETRY_S", 0.1)
    async with served_node(tmp_path, "laptop") as node:
        with monkeypatch.context() as disk:
            disk.setattr(VaultService, "_open", full)
            service = await node.add_vault(write(tmp_path / "Notes", {"a.md": "a"}))
            await service.tried.wait()
            async with dashboard(node) as (_, pilot):
                await shown(pilot, lambda: says(pilot, "✖ failed") and says(pilot, "Attention !1"))
                await pilot.press("4")
                await shown(pilot, lambda: says(pilot, "There is no room left") and says(pilot, "Free some space"))
                disk.undo()
                await shown(pilot, lambda: says(pilot, "Nothing waits for you"))


async def test_what_this_device_cannot_store_is_told_once_until_it_can(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as one, running_node(tmp_path, "phone") as two:
        await ready(one, write(tmp_path / "Notes", {"a.md": "a"}))
        await ready(one, write(tmp_path / "Work", {"b.md": "b"}))
        await paired(one, two, tmp_path / "there")
        async with dashboard(one) as (app, pilot):
            await pilot.press("4")
            async with write_protected(one.database):
                with pytest.raises(VaultsyncError):
                    await one.peers.update_peer(two.node_id, name="cell")
                app.refresh_status()
                await shown(pilot, lambda: says(pilot, "Attention !1") and says(pilot, "✖ disk This device"))
                assert says(pilot, "Notes are synced all the same")
                assert says(pilot, "Make room on the disk")
            await one.peers.update_peer(two.node_id, name="cell")
            app.refresh_status()
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))


async def test_a_network_without_multicast_is_told_and_not_counted(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, write(tmp_path / "Notes", {"a.md": "a"}))
        async with dashboard(node) as (app, pilot):
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))
            node.surroundings.mdns_problem = "Devices on this network cannot be looked for: not permitted."
            app.refresh_status()
            await shown(pilot, lambda: says(pilot, "i nearby Devices nearby") and says(pilot, "UDP port 5353"))
            assert not says(pilot, "Attention !")


async def test_a_name_that_cannot_be_synced_is_told_with_what_would_mend_it(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            odd = os.path.join(os.fsencode(notes), b"odd\xff.md")
            with open(odd, "w") as file:
                file.write("x")
            await shown(pilot, lambda: says(pilot, "Attention !1"))
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "! blocked") and says(pilot, "its name is not UTF-8"))
            os.unlink(odd)
            await pilot.press("1", "s", "4")
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))


async def test_a_device_that_cannot_be_reached_is_told_with_the_reason(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as one:
        await ready(one, write(tmp_path / "Notes", {"a.md": "a"}))
        async with dashboard(one) as (_, pilot):
            async with running_node(tmp_path, "phone") as two:
                await paired(one, two, tmp_path / "there")
                await shown(pilot, lambda: says(pilot, "● synced phone"))
            await shown(pilot, lambda: says(pilot, "not connected"))
            await pilot.press("tab", "c")
            await shown(pilot, lambda: says(pilot, "✖ failing phone"))
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "✖ failing phone") and says(pilot, "It is dialed again by itself"))
            async with running_node(tmp_path, "phone"):
                await pilot.press("c")
                await shown(pilot, lambda: says(pilot, "Nothing waits for you"))


async def test_a_large_file_is_seen_on_its_way(tmp_path: Path) -> None:
    async with running_node(tmp_path, "laptop") as one, served_node(tmp_path, "phone") as two:
        notes = write(tmp_path / "Notes", {"a.md": "a"})
        await ready(one, notes)
        await paired(one, two, tmp_path / "there")
        async with dashboard(two) as (app, pilot):
            assert app.client is not None
            await app.client.change_config({"download_limit_kb_s": 1_000})
            (notes / "talk.mp4").write_bytes(os.urandom(8_000_000))
            await shown(pilot, lambda: says(pilot, "talk.mp4") and says(pilot, "of 8.0 MB"))
            await shown(pilot, lambda: says(pilot, "█") and says(pilot, "left"))
            await app.client.change_config({"download_limit_kb_s": 0})
            await until(lambda: (tmp_path / "there/talk.mp4").exists())
            await shown(pilot, lambda: says(pilot, "● synced") and not says(pilot, "of 8.0 MB"))


async def test_a_merge_is_looked_at_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, there = write(tmp_path / "Notes", {"list.md": "one\n\ntwo\n\nthree\n"}), tmp_path / "there"
    async with served_node(tmp_path, "laptop") as one, running_node(tmp_path, "phone") as two:
        await ready(one, notes)
        await paired(one, two, there)
        async with dashboard(one) as (app, pilot):
            await shown(pilot, lambda: says(pilot, "● synced phone"))
            one.peers.disconnect_peer(two.node_id)
            await until(lambda: one.peers.get_peers()[0].link is None)
            (notes / "list.md").write_text("one, here\n\ntwo\n\nthree\n")
            (there / "list.md").write_text("one\n\ntwo\n\nthree, there\n")
            # Nothing is told before it has merged: else the other device may do that first, and has it to show.
            engine, merged = next(iter(one.vaults.values())).engine, asyncio.Event()
            assert engine is not None
            next_changes = engine.next_changes

            async def after_merging(peer: NodeId) -> ChangeSet | None:
                await merged.wait()
                return await next_changes(peer)

            monkeypatch.setattr(engine, "next_changes", after_merging)
            one.peers.connect_to_peer(two.node_id)
            await until(lambda: (notes / "list.md").read_text() == "one, here\n\ntwo\n\nthree, there\n")
            merged.set()
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "⋈ merged") and says(pilot, "• one, here"))
            assert says(pilot, "• three, there")
            assert not says(pilot, "Attention !")
            await pilot.press("u")
            await until(lambda: (notes / "list.md").read_text() == (there / "list.md").read_text() == MINE)
            assert app.is_running


MINE = "one, here\n\ntwo\n\nthree\n"
