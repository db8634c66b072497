"""A device is removed in the middle of a large transfer: nothing is half done, and nothing is left running."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.test_mesh_nodes import connected, invite, make_notes
from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.service import Node

FILM = random.Random(4).randbytes(6_000_000)


def slow(node: Node) -> None:
    """Let a film take longer than it takes to remove somebody."""
    node.follow(replace(node.config, upload_limit_kb_s=1_000))


def partial_files(root: Path) -> list[str]:
    return [item.name for item in (root / ".vaultsync").rglob("*") if item.name.endswith(".part")]


@pytest.mark.parametrize("who", ["the receiver", "the sender"])
async def test_a_removal_in_the_middle_of_a_transfer(tmp_path: Path, who: str) -> None:
    make_notes(tmp_path / "a", 30)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: connected(anna, bert) and tree(tmp_path / "a") == tree(tmp_path / "b"))
        source, target = (anna, tmp_path / "b") if who == "the receiver" else (bert, tmp_path / "a")
        slow(source)
        (tmp_path / ("a" if source is anna else "b") / "film.mp4").write_bytes(FILM)
        await until(lambda: bool(partial_files(target)))
        assert not (target / "film.mp4").exists()
        tasks = [peer.task for node in (anna, bert) for peer in node.peers.get_peers()]
        await anna.peers.remove_peer(bert.node_id)
        await until(lambda: bert.find_vault(tmp_path / "b").record.role == "solo" and not bert.peers.get_peers())
        await until(lambda: all(task is not None and task.done() for task in tasks))
        assert not anna.peers.get_peers()
        # Whole on both sides: what the one had is not touched, and the other holds no half of it.
        assert not (target / "film.mp4").exists()
        await until(lambda: partial_files(target) == [])
        for node, root in ((anna, tmp_path / "a"), (bert, tmp_path / "b")):
            service = node.find_vault(root)
            assert service.state == "ready"
            engine = service.engine
            assert engine is not None
            pending, wanted, sessions = await engine.read(
                lambda replica: (
                    len(replica.state.offers),
                    replica.state.wants.total_bytes,
                    dict(replica.state.sessions),
                )
            )
            assert (pending, wanted, sessions) == (0, 0, {})
            assert {name: content for name, content in tree(root).items() if name != "film.mp4"} == {
                f"note {number}.md": f"# Note {number}\n\nsome words\n".encode() for number in range(30)
            }
        # Let in again, it goes on.
        source.follow(replace(source.config, upload_limit_kb_s=0))
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: tree(tmp_path / "a") == tree(tmp_path / "b") and (target / "film.mp4").exists())


async def test_leaving_in_the_middle_of_the_first_sync(tmp_path: Path) -> None:
    make_notes(tmp_path / "a", 30)
    (tmp_path / "a" / "film.mp4").write_bytes(FILM)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        slow(anna)
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: bool(partial_files(tmp_path / "b")))
        await bert.mesh.leave(service.vault)
        await until(lambda: not anna.peers.get_peers())
        await until(lambda: partial_files(tmp_path / "b") == [])
        assert len(asyncio.all_tasks()) < 60
        assert not (tmp_path / "b" / "film.mp4").exists()
