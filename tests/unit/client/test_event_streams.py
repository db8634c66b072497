"""Server-sent events, from lines to events."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from vaultsync.client.streams import events_of
from vaultsync.daemon.events import Event, PeerPaired, VaultStateChanged
from vaultsync.errors import NodeError
from vaultsync.server.routes.node import as_frame


async def _lines(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


async def _read(text: str) -> list[tuple[int, Event]]:
    return [numbered async for numbered in events_of(_lines(text))]


async def test_what_the_server_writes_is_what_the_client_reads() -> None:
    events: list[Event] = [
        VaultStateChanged("v", "offline", "The folder “ä” is gone.\nReally."),
        PeerPaired("p", "Phone", "v", ("a", "b", "c", "d", "e", "f")),
    ]
    text = "".join(as_frame(number, event) for number, event in enumerate(events, 7))
    assert await _read(text) == list(enumerate(events, 7))


async def test_comments_and_kinds_of_a_newer_node_are_passed_over() -> None:
    known = as_frame(3, VaultStateChanged("v", "ready"))
    text = f": hello\n\n:\n\nid: 2\nevent: from_the_future\ndata: {{}}\n\n{known}"
    assert await _read(text) == [(3, VaultStateChanged("v", "ready"))]


async def test_an_event_that_was_cut_off_is_not_believed() -> None:
    assert await _read(as_frame(1, VaultStateChanged("v", "ready")).rstrip("\n")) == []


@pytest.mark.parametrize("data", ["{", "[]", '{"vault": 3}'])
async def test_nonsense_is_an_error(data: str) -> None:
    with pytest.raises(NodeError, match="not understood"):
        await _read(f"id: 1\nevent: vault_state_changed\ndata: {data}\n\n")


async def test_numbers_and_data_that_no_node_sends() -> None:
    text = f"id: {'9' * 5_000}\nevent: peer_paired\ndata: {'[' * 2_000}\n\n"
    with pytest.raises(NodeError):
        await _read(text)
