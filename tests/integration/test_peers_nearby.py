"""Nodes that find each other on the local network, over QUIC and multicast on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.peers import PeerState
from vaultsync.daemon.service import Node
from vaultsync.errors import TransportError
from vaultsync.transport.discovery import Discovery


def connected(node: Node, other: Node) -> bool:
    return node.peers.get_peer_states().get(other.node_id) is PeerState.CONNECTED


async def test_a_peer_that_moved_to_another_port_is_found_without_a_typed_address(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "note.md").write_text("hello\n")
    async with running_node(tmp_path, "Anna", mdns=True) as anna:
        vault = await anna.add_vault(tmp_path / "a")
        async with running_node(tmp_path, "Bert") as bert:
            text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
            await bert.join(text, tmp_path / "b")
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
            first = str(bert.endpoint.addresses[0])
        (tmp_path / "Bert" / "data" / "port").unlink()
        await until(lambda: anna.peers.get_peer_states()[bert.node_id] is PeerState.DISCONNECTED)

        def lose_addresses(store) -> None:  # type: ignore[no-untyped-def]
            store._database.run("UPDATE addresses SET address = '127.0.0.1:9'")

        await anna.database.run(lose_addresses)
        peer = anna.peers.get_peer(bert.node_id)
        assert peer is not None
        record = await anna.database.run(lambda store: store.peers.get(bert.node_id))
        assert record is not None
        anna.peers.known(record)
        async with running_node(tmp_path, "Bert", mdns=True) as again:
            await again.database.run(lose_addresses)
            assert str(again.endpoint.addresses[0]) != first
            if again.surroundings.mdns_problem:
                pytest.skip(again.surroundings.mdns_problem)
            await until(lambda: connected(anna, again) and connected(again, anna))


async def test_no_multicast_is_a_warning_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(self: Discovery, addresses: object) -> None:
        raise TransportError("Devices on this network cannot be looked for: no such device.")

    monkeypatch.setattr(Discovery, "start", fail)
    (tmp_path / "a").mkdir()
    async with running_node(tmp_path, "Anna", mdns=True) as anna, running_node(tmp_path, "Bert") as bert:
        vault = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        await until(lambda: connected(anna, bert))
        assert anna.surroundings.mdns_problem.startswith("Devices on this network")
        assert bert.surroundings.mdns_problem == "Switched off in the configuration."
    assert [record.levelname for record in caplog.records if "looked for" in record.message] == ["WARNING"]
