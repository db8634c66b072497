"""Tokens of programs, over the API of a real node: what they open, what not, and how they end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.support.nodes import running_node
from vaultsync.client.client import NodeClient
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.service import Node
from vaultsync.errors import RequestError, VaultsyncError
from vaultsync.server import callers
from vaultsync.server.serve import serve_api


@asynccontextmanager
async def served(base: Path) -> AsyncIterator[tuple[Node, Descriptor, NodeClient]]:
    async with running_node(base, "Anna") as node, serve_api(node) as descriptor, NodeClient(descriptor) as client:
        yield node, descriptor, client


def with_token(descriptor: Descriptor, token: str) -> NodeClient:
    return NodeClient(replace(descriptor, token=token))


async def test_a_program_has_a_token_of_its_own_until_it_is_revoked(tmp_path: Path) -> None:
    async with served(tmp_path) as (node, descriptor, owner):
        made = await owner.begin_session("Obsidian", hours=1)
        assert made.expires - made.created == 3_600_000
        assert made.token not in repr(made)
        assert descriptor.token not in repr(descriptor)
        async with with_token(descriptor, made.token) as program:
            assert (await program.status()).node.id == str(node.node_id)
            (found,) = await owner.sessions()
            assert (found.id, found.client) == (made.id, "Obsidian")
            await owner.revoke_session(made.id)
            with pytest.raises(VaultsyncError, match="Authorization"):
                await program.status()
        assert await owner.sessions() == []
        with pytest.raises(VaultsyncError, match="no session"):
            await owner.revoke_session(made.id)


async def test_a_program_cannot_give_itself_more(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, descriptor, owner):
        made, other = await owner.begin_session("one"), await owner.begin_session("other")
        async with with_token(descriptor, made.token) as program:
            with pytest.raises(VaultsyncError, match="not enough"):
                await program.begin_session("more")
            with pytest.raises(VaultsyncError, match="not enough"):
                await program.sessions()
            with pytest.raises(VaultsyncError, match="not enough"):
                await program.revoke_session(other.id)
            with pytest.raises(VaultsyncError, match="not enough"):
                await program.rotate_key()
            assert (await owner.identity()).next is None
            assert [each.client for each in await owner.sessions()] == ["one", "other"]
            await program.revoke_session(made.id)
            with pytest.raises(VaultsyncError):
                await program.status()


async def test_a_token_ends_with_its_time_unless_it_is_renewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path) as (node, descriptor, owner):
        made = await owner.begin_session("Obsidian", hours=1)
        start_ms = made.created
        now = [start_ms]
        monkeypatch.setattr(node, "_now_ms", lambda: now[0])
        async with with_token(descriptor, made.token) as program:
            now[0] = start_ms + 3_599_999
            assert (await program.renew_session()).expires == now[0] + 3_600_000
            now[0] += 3_599_999
            await program.identity()
            now[0] += 1
            with pytest.raises(VaultsyncError, match="Authorization"):
                await program.identity()
        assert await owner.sessions() == []
        with pytest.raises(RequestError, match="never expires"):
            await owner.renew_session()


async def test_tokens_outlive_the_node_and_are_stored_nowhere(tmp_path: Path) -> None:
    async with served(tmp_path) as (_, _, owner):
        made = await owner.begin_session("Obsidian")
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or made.token.encode() not in path.read_bytes(), path
    async with served(tmp_path) as (node, descriptor, _), with_token(descriptor, made.token) as program:
        assert (await program.status()).node.id == str(node.node_id)


async def test_there_are_only_so_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "MAX_SESSIONS", 2)
    async with served(tmp_path) as (_, _, owner):
        for _ in range(2):
            await owner.begin_session("program")
        with pytest.raises(RequestError, match="have tokens already"):
            await owner.begin_session("program")
        for wrong in ("", "a\nb", "x" * 1000):
            with pytest.raises(VaultsyncError, match="client"):
                await owner.begin_session(wrong)


async def test_strangers_wear_out_their_own_patience_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "STRANGER_PACE", (3, 0.0))
    monkeypatch.setattr(callers, "SESSION_PACE", (2, 0.0))
    async with served(tmp_path) as (_, descriptor, owner):
        made = await owner.begin_session("eager")
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{descriptor.port}") as http:
            statuses = [(await http.get("/v1/status")).status_code for _ in range(5)]
        assert statuses == [401, 401, 401, 429, 429]
        async with with_token(descriptor, made.token) as program:
            for _ in range(2):
                await program.identity()
            with pytest.raises(VaultsyncError, match="More come in"):
                await program.identity()
        for _ in range(10):
            await owner.identity()
