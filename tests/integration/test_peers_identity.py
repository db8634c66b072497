"""A device's key: carried to another place, and changed without pairing again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nodes import ENVIRON, running_node, tree, until
from vaultsync.daemon.peers import PeerState
from vaultsync.daemon.service import Node
from vaultsync.errors import IdentityError
from vaultsync.model.ids import NodeId
from vaultsync.transport.identity import Identity
from vaultsync.transport.keychange import NEXT_FILE, export_text, import_text, prepare_rotation
from vaultsync.transport.keystore import load_or_create


def connected(one: Node, other: NodeId) -> bool:
    return one.peers.get_peer_states().get(other) is PeerState.CONNECTED


async def test_peers_follow_a_device_to_its_new_key_even_those_that_were_away(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "note.md").write_text("hello\n")
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(tmp_path / "a")
        async with running_node(tmp_path, "Bert") as bert, running_node(tmp_path, "Carl") as carl:
            for guest, root in ((bert, "b"), (carl, "c")):
                text, _ = await anna.make_ticket(service, role="member", life_s=60, reusable=False)
                await guest.join(text, tmp_path / root)
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a") == tree(tmp_path / "c"))
            await until(lambda: connected(bert, carl.node_id))
            old = bert.node_id
            await anna.peers.update_peer(old, name="Bert's tablet")
        new = prepare_rotation(tmp_path / "Bert" / "config")
        assert prepare_rotation(tmp_path / "Bert" / "config") == new != old
        async with running_node(tmp_path, "Bert") as bert:
            assert bert.node_id == new
            assert not (tmp_path / "Bert" / "config" / NEXT_FILE).exists()
            await until(lambda: connected(anna, new))
            await until(lambda: anna.peers.get_peer(old) is None)
            peer = anna.peers.get_peer(new)
            assert peer is not None
            assert peer.record.name == "Bert's tablet"
            (tmp_path / "b" / "new key.md").write_text("bert\n")
            await until(lambda: (tmp_path / "a" / "new key.md").exists())
            async with running_node(tmp_path, "Carl") as carl:
                await until(lambda: connected(carl, new) and carl.peers.get_peer(old) is None)
                await until(lambda: (tmp_path / "c" / "new key.md").exists())


def test_a_key_is_exported_and_imported_and_never_overwritten_by_accident(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "one", environ=ENVIRON)
    text = export_text(first)
    assert import_text(tmp_path / "two", text, environ=ENVIRON).node_id == first.node_id
    assert load_or_create(tmp_path / "two", environ=ENVIRON).node_id == first.node_id
    assert (tmp_path / "two" / "identity.key").stat().st_mode & 0o777 == 0o600
    other = export_text(Identity.generate())
    with pytest.raises(IdentityError, match="has a key already"):
        import_text(tmp_path / "two", other, environ=ENVIRON)
    imported = import_text(tmp_path / "two", other, environ=ENVIRON, replace=True)
    assert load_or_create(tmp_path / "two", environ=ENVIRON).node_id == imported.node_id
    with pytest.raises(IdentityError, match="does not hold a key"):
        import_text(tmp_path / "three", "nonsense", environ=ENVIRON)
