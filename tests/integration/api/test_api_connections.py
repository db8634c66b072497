"""Raw connections to a node's API: silent, half said, too many, too slow; its owner is served all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.nodes import running_node
from vaultsync.client.client import NodeClient
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.server import connections, guard
from vaultsync.server.serve import serve_api


@asynccontextmanager
async def served(base: Path) -> AsyncIterator[Descriptor]:
    async with running_node(base, "Anna") as node, serve_api(node) as descriptor:
        # The server proper is loaded by the first call.
        async with NodeClient(descriptor) as client:
            await client.identity()
        yield descriptor


async def opened(descriptor: Descriptor, said: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", descriptor.port)
    writer.write(said)
    await writer.drain()
    return reader, writer


async def ended(reader: asyncio.StreamReader) -> bytes:
    """What came before the end, however that came."""
    found = b""
    async with asyncio.timeout(30):
        try:
            while piece := await reader.read(4096):
                found += piece
        except ConnectionError:
            return found
    return found


def start(descriptor: Descriptor, method: bytes = b"GET", path: bytes = b"/v1/identity") -> bytes:
    host, token = f"127.0.0.1:{descriptor.port}".encode(), descriptor.token.encode()
    return b"%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n" % (method, path, host, token)


@pytest.mark.parametrize("said", [b"", b"GET /v1/status HTTP/1.1\r\nHost: 127"])
async def test_who_says_nothing_complete_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_S", 0.05)
    async with served(tmp_path) as descriptor:
        reader, writer = await opened(descriptor, said)
        assert await ended(reader) == b""
        writer.close()


async def test_half_a_request_after_a_whole_one_is_cut_off_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_S", 0.05)
    async with served(tmp_path) as descriptor:
        reader, writer = await opened(descriptor, start(descriptor) + b"\r\nGET /v1/st")
        assert b"200 OK" in await ended(reader)
        writer.close()


async def test_a_stream_of_events_is_not_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_WITHIN_S", 0.02)
    monkeypatch.setattr("vaultsync.server.routes.node.HEARTBEAT_S", 0.05)
    async with served(tmp_path) as descriptor:
        reader, writer = await opened(descriptor, start(descriptor, path=b"/v1/events") + b"\r\n")
        async with asyncio.timeout(30):
            heartbeats = 0
            while heartbeats < 5:
                heartbeats += (await reader.readline()) == b":\n"
        writer.close()


async def test_no_more_than_so_many_and_the_owner_is_served_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 5)
    async with served(tmp_path) as descriptor:
        made = [await opened(descriptor, b"GET") for _ in range(8)]
        for reader, _ in made[6:]:
            assert await ended(reader) == b""
        assert descriptor.socket is not None
        async with NodeClient(descriptor) as client:
            await client.identity()
        for _, writer in made:
            writer.close()
        async with asyncio.timeout(30), NodeClient(replace(descriptor, socket=None)) as client:
            while True:
                try:
                    await client.identity()
                    break
                except Exception:  # noqa: BLE001 - until the closed ones are gone
                    await asyncio.sleep(0.01)


async def test_a_large_body_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with served(tmp_path) as descriptor:
        said = start(descriptor, b"POST", b"/v1/vaults") + b"Content-Length: 1000000000\r\n\r\n"
        reader, writer = await opened(descriptor, said)
        assert (await ended(reader)).startswith(b"HTTP/1.1 413")
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_WITHIN_S", 0.05)
    async with served(tmp_path) as descriptor:
        said = start(descriptor, b"POST", b"/v1/vaults") + b"Content-Length: 100\r\n\r\n{"
        reader, writer = await opened(descriptor, said)
        answer = await ended(reader)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"application/problem+json" in answer
        writer.close()
