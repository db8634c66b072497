"""Joining in two steps, requests, roles and leaving, over the API of real nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.client.client import NodeClient
from vaultsync.daemon.events import ChangesRefused
from vaultsync.daemon.service import Node
from vaultsync.errors import AskedError, NodeError, VaultsyncError
from vaultsync.server import open_joins
from vaultsync.server.serve import serve_api


@asynccontextmanager
async def served(base: Path, name: str) -> AsyncIterator[tuple[Node, NodeClient]]:
    async with running_node(base, name) as node, serve_api(node) as descriptor, NodeClient(descriptor) as client:
        yield node, client


def note(folder: Path, name: str, text: str = "x\n") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


async def test_a_join_is_looked_at_before_it_is_accepted(tmp_path: Path) -> None:
    note(tmp_path / "a", "both.md", "anna's\n")
    note(tmp_path / "b", "both.md", "bert's\n")
    note(tmp_path / "b", "his.md")
    before = tree(tmp_path / "b")
    async with served(tmp_path, "Anna") as (anna, at_anna), served(tmp_path, "Bert") as (bert, at_bert):
        await at_anna.add_vault(tmp_path / "a")
        found = await at_bert.open_join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        assert (found.same, found.only_here, found.only_there, found.differ) == (0, 1, 0, 1)
        assert (found.only_here_paths, found.differ_paths) == (("his.md",), ("both.md",))
        assert (found.peer_name, found.vault_name, len(found.words)) == ("Anna", "a", 6)
        await at_bert.leave_join(found.id)
        assert tree(tmp_path / "b") == before
        assert not bert.vaults
        await until(lambda: not anna.peers.get_peers())
        for decide in (at_bert.leave_join, at_bert.accept_join):
            with pytest.raises(VaultsyncError, match="No such join waits"):
                await decide(found.id)

        found = await at_bert.open_join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        joined = await at_bert.accept_join(found.id)
        assert (joined.root, joined.words) == (str(tmp_path / "b"), found.words)
        await until(lambda: (tmp_path / "a" / "his.md").exists())


async def test_a_join_that_nobody_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_joins, "KEPT_S", 0.01)
    monkeypatch.setattr(open_joins, "MAX_OPEN", 1)
    note(tmp_path / "a", "a.md")
    async with served(tmp_path, "Anna") as (anna, at_anna), served(tmp_path, "Bert") as (bert, at_bert):
        await at_anna.add_vault(tmp_path / "a")
        found = await at_bert.open_join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        await until(lambda: not anna.peers.get_peers())
        with pytest.raises(VaultsyncError, match="No such join waits"):
            await at_bert.accept_join(found.id)
        assert not bert.vaults


async def test_only_so_many_joins_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_joins, "MAX_OPEN", 1)
    note(tmp_path / "a", "a.md")
    async with served(tmp_path, "Anna") as (_, at_anna), served(tmp_path, "Bert") as (_, at_bert):
        await at_anna.add_vault(tmp_path / "a")
        text = (await at_anna.make_ticket(tmp_path / "a")).ticket
        found = await at_bert.open_join(text, tmp_path / "b")
        with pytest.raises(VaultsyncError, match="Other joins wait"):
            await at_bert.open_join(text, tmp_path / "c")
        await at_bert.leave_join(found.id)


async def test_requests_are_answered_once(tmp_path: Path) -> None:
    note(tmp_path / "a", "a.md")
    async with served(tmp_path, "Anna") as (_, at_anna), served(tmp_path, "Bert") as (bert, at_bert):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        await at_anna.change_vault_options(vault, {"strangers": "ask"})
        ticket = (await at_anna.make_ticket(tmp_path / "a")).ticket
        await at_anna.revoke_ticket((await at_anna.tickets())[0].id)
        with pytest.raises(AskedError):
            await at_bert.join(ticket, tmp_path / "b")
        (request,) = await at_anna.requests()
        assert (request.vault, request.vault_name, request.peer, request.name) == (
            vault,
            "a",
            str(bert.node_id),
            "Bert",
        )
        with pytest.raises(VaultsyncError, match="No such device waits"):
            await at_anna.answer_request(vault, "b" * 52, "member")
        await at_anna.answer_request(vault, request.peer, "observer")
        assert await at_anna.requests() == []
        with pytest.raises(VaultsyncError, match="No such device waits"):
            await at_anna.answer_request(vault, request.peer, "member")
        assert (await at_bert.join(ticket, tmp_path / "b")).role == "observer"


async def test_roles_refused_changes_and_leaving(tmp_path: Path) -> None:
    note(tmp_path / "a", "a.md")
    async with served(tmp_path, "Anna") as (anna, at_anna), served(tmp_path, "Bert") as (bert, at_bert):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        await at_bert.join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        service = bert.find_vault(tmp_path / "b")
        own = str(bert.node_id)
        with pytest.raises(VaultsyncError, match="No vault has the id"):
            await at_anna.set_role(own, "observer", "nonsense")
        await at_anna.set_role(own, "observer", vault)
        await until(lambda: service.record.role == "observer")
        with pytest.raises(NodeError, match="observer"):
            await at_bert.set_role(str(anna.node_id), "observer")
        note(tmp_path / "b", "kept.md")
        async with asyncio.timeout(30):
            while (await at_bert.status()).vaults[0].withheld != ("kept.md",):
                await asyncio.sleep(0.01)

        anna.bus.emit(ChangesRefused(vault, own, ("kept.md",), 1))
        anna.bus.emit(ChangesRefused(vault, own, ("kept.md", "more.md"), 2))
        (refused,) = (await at_anna.status()).vaults[0].refused
        assert (refused.peer_name, refused.count, refused.paths) == ("Bert", 2, ("kept.md", "more.md"))
        await at_anna.set_role(own, "member")
        await until(lambda: (tmp_path / "a" / "kept.md").exists())
        assert (await at_anna.status()).vaults[0].refused == ()

        await at_bert.leave_vault(vault)
        assert service.record.role == "solo"
        assert (await at_bert.status()).vaults[0].removed_by == ""
        await until(lambda: not anna.peers.get_peers())
        assert (tmp_path / "b" / "kept.md").exists()
