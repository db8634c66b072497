from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.errors import ExpiredTicketError, NotATicketError, StoreError, TicketError, UsedTicketError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.attempts import Attempt
from vaultsync.store.node_store import NodeStore
from vaultsync.store.open_tickets import REMEMBERED_S, OpenTicket
from vaultsync.store.peers import MAX_ADDRESSES, Membership, PeerAddress, PeerRecord
from vaultsync.store.vaults import VaultRecord

PHONE, LAPTOP, DESK = (NodeId(bytes([i]) * 32) for i in (1, 2, 3))
NOTES, WORK = VaultId(b"n" * 16), VaultId(b"w" * 16)
HASH = blake3(b"secret").digest()


@pytest.fixture
def node(node_store: NodeStore) -> NodeStore:
    return node_store


def reopened(tmp_path: Path, node: NodeStore) -> NodeStore:
    node.close()
    return NodeStore.open(tmp_path / "data" / "node.db")


def peer(node_id: NodeId = PHONE, added_at: int = 10, **fields: object) -> PeerRecord:
    return PeerRecord(node_id, name="Phone", hostname="phone.local", added_at=added_at, **fields)  # type: ignore[arg-type]


class TestPeers:
    def test_a_peer_comes_back_whole_after_a_restart(self, tmp_path: Path, node: NodeStore) -> None:
        whole = peer(
            ticket="vault1abc",
            addresses=(PeerAddress("10.0.0.1:7", "mdns", 99), PeerAddress("[::1]:7", "ticket")),
            last_seen=1,
            last_sync_at=2,
            auto_connect=False,
            last_error="no route",
        )
        stored = node.peers.add(whole, NOTES, "observer", introduced_by=DESK)
        assert stored.memberships == (Membership(NOTES, "observer", 10, DESK),)
        again = reopened(tmp_path, node)
        assert again.peers.get(PHONE) == stored
        assert [getattr(stored, f) for f in ("ticket", "addresses", "last_seen", "last_sync_at", "last_error")] == [
            getattr(whole, f) for f in ("ticket", "addresses", "last_seen", "last_sync_at", "last_error")
        ]
        assert stored.auto_connect is False
        assert again.peers.get(DESK) is None
        again.close()

    def test_adding_a_known_peer_gives_the_existing_one(self, node: NodeStore) -> None:
        first = node.peers.add(peer(addresses=(PeerAddress("a:1", "ticket", 5),)), NOTES, "member")
        renamed = PeerRecord(PHONE, "Other", "other", 99, addresses=(PeerAddress("b:1", "mdns"),))
        second = node.peers.add(renamed, NOTES, "observer")
        assert (second.name, second.added_at, second.role_in(NOTES)) == ("Phone", 10, "member")
        assert [a.address for a in second.addresses] == ["a:1", "b:1"]
        assert first.addresses[0] in second.addresses
        assert node.peers.all() == [second]

    def test_a_peer_may_belong_to_several_vaults(self, node: NodeStore) -> None:
        node.peers.add(peer(), NOTES, "member")
        both = node.peers.add(peer(added_at=20), WORK, "observer")
        node.peers.add(peer(LAPTOP, added_at=5), WORK, "member")
        assert (both.role_in(NOTES), both.role_in(WORK)) == ("member", "observer")
        assert [p.node_id for p in node.peers.of_vault(WORK)] == [LAPTOP, PHONE]
        assert [p.node_id for p in node.peers.of_vault(NOTES)] == [PHONE]
        assert node.peers.set_role(PHONE, WORK, "member").role_in(WORK) == "member"

    def test_removal_from_the_last_vault_forgets_the_peer(self, node: NodeStore) -> None:
        node.peers.add(peer(addresses=(PeerAddress("a:1", "ticket"),)), NOTES, "member")
        node.peers.add(peer(), WORK, "member")
        assert node.peers.remove(PHONE, NOTES)
        left = node.peers.get(PHONE)
        assert left is not None
        assert left.role_in(NOTES) is None
        assert not node.peers.remove(PHONE, NOTES)
        assert node.peers.remove(PHONE, WORK)
        assert node.peers.get(PHONE) is None
        assert node.peers.add(peer(), NOTES, "member").addresses == ()
        assert node.peers.remove(PHONE)
        assert not node.peers.remove(PHONE)

    def test_update_changes_what_it_names(self, node: NodeStore) -> None:
        node.peers.add(peer(ticket="vault1abc"), NOTES, "member")
        changed = node.peers.update(PHONE, name="Pocket", auto_connect=False, ticket=None, last_sync_at=7)
        assert (changed.name, changed.auto_connect, changed.ticket, changed.last_sync_at) == ("Pocket", False, None, 7)
        assert changed.hostname == "phone.local"
        assert node.peers.get(PHONE) == changed
        with pytest.raises(StoreError):
            node.peers.update(DESK, name="x")
        with pytest.raises(StoreError):
            node.peers.set_role(PHONE, WORK, "member")
        with pytest.raises(AssertionError):
            node.peers.update(PHONE, added_at=5)  # type: ignore[call-arg]

    def test_a_connection_is_remembered_with_its_address(self, node: NodeStore) -> None:
        node.peers.add(peer(addresses=(PeerAddress("a:1", "ticket"), PeerAddress("b:1", "mdns", 50))), NOTES, "member")
        node.peers.set_error(PHONE, "no route")
        node.peers.seen(PHONE, "a:1", 100)
        node.peers.seen(PHONE, "c:1", 90)
        found = node.peers.get(PHONE)
        assert found is not None
        assert found.addresses == (
            PeerAddress("a:1", "ticket", 100),
            PeerAddress("c:1", "connection", 90),
            PeerAddress("b:1", "mdns", 50),
        )
        assert (found.last_seen, found.last_error) == (90, None)
        node.peers.seen(DESK, "a:1", 100)
        node.peers.set_error(DESK, "no route")
        assert node.peers.get(DESK) is None

    def test_of_many_addresses_those_that_worked_last_stay(self, node: NodeStore) -> None:
        node.peers.add(peer(), NOTES, "member")
        for i in range(MAX_ADDRESSES + 4):
            node.peers.seen(PHONE, f"h:{i + 1}", i + 1)
        node.peers.add_addresses(PHONE, [PeerAddress("new:1", "mesh")])
        found = node.peers.get(PHONE)
        assert found is not None
        assert [a.last_ok_ms for a in found.addresses] == list(range(MAX_ADDRESSES + 4, 4, -1))

    def test_a_role_that_does_not_exist_is_refused_and_leaves_nothing(self, node: NodeStore) -> None:
        with pytest.raises(StoreError):
            node.peers.add(peer(), NOTES, "king")
        assert node.peers.all() == []


class TestTickets:
    def add(self, node: NodeStore, *, reusable: bool = False, secret_hash: bytes = HASH) -> OpenTicket:
        return node.tickets.add(NOTES, secret_hash, 600, "member", reusable, 0, label="for the phone")

    def refused(
        self, node: NodeStore, now_s: int = 10, secret_hash: bytes = HASH, vault: VaultId = NOTES, by: NodeId = PHONE
    ) -> type[TicketError]:
        with pytest.raises(TicketError) as caught:
            node.tickets.consume(secret_hash, now_s, by, vault=vault)
        return caught.type

    def test_a_ticket_works_once(self, tmp_path: Path, node: NodeStore) -> None:
        ticket = self.add(node)
        assert node.tickets.open(NOTES, 10) == node.tickets.open(None, 10) == [ticket]
        used = node.tickets.consume(HASH, 10, PHONE, vault=NOTES)
        assert (used.id, used.role, used.uses, used.used_at, used.used_by) == (ticket.id, "member", 1, 10, PHONE)
        again = reopened(tmp_path, node)
        assert self.refused(again, by=LAPTOP) is UsedTicketError
        assert again.tickets.open(NOTES, 10) == []
        again.close()

    def test_the_device_that_used_it_may_use_it_again(self, node: NodeStore) -> None:
        """It may have died before it wrote down that it was let in."""
        ticket = self.add(node)
        node.tickets.consume(HASH, 10, PHONE, vault=NOTES)
        assert node.tickets.consume(HASH, 20, PHONE, vault=NOTES).id == ticket.id
        assert self.refused(node, by=LAPTOP) is UsedTicketError
        assert self.refused(node, now_s=600) is ExpiredTicketError
        assert node.tickets.revoke(ticket.id)
        assert self.refused(node) is UsedTicketError

    def test_a_reusable_ticket_works_until_it_expires(self, node: NodeStore) -> None:
        self.add(node, reusable=True)
        node.tickets.consume(HASH, 10, PHONE, vault=NOTES)
        assert node.tickets.consume(HASH, 599, LAPTOP, vault=NOTES).uses == 2
        assert len(node.tickets.open(NOTES, 599)) == 1
        assert self.refused(node, now_s=600) is ExpiredTicketError

    def test_each_way_of_being_wrong_has_its_error_and_uses_nothing_up(self, node: NodeStore) -> None:
        ticket = self.add(node)
        assert self.refused(node, secret_hash=blake3(b"other").digest()) is NotATicketError
        assert self.refused(node, secret_hash=HASH[:-1]) is NotATicketError
        assert self.refused(node, vault=WORK) is NotATicketError
        assert self.refused(node, now_s=600) is ExpiredTicketError
        assert node.tickets.open(NOTES, 10) == [ticket]
        assert node.tickets.open(WORK, 10) == node.tickets.open(NOTES, 600) == []
        assert node.tickets.revoke(ticket.id)
        assert not node.tickets.revoke(ticket.id)
        assert self.refused(node) is UsedTicketError
        assert node.tickets.open(None, 10) == []

    def test_the_right_one_of_many_is_found(self, node: NodeStore) -> None:
        for i in range(20):
            self.add(node, secret_hash=bytes([i]) * 32)
        assert node.tickets.consume(bytes([13]) * 32, 1, PHONE, vault=NOTES).id == 14
        assert len(node.tickets.open(NOTES, 1)) == 19

    def test_what_undoes_the_pairing_gives_the_ticket_back(self, node: NodeStore) -> None:
        ticket = self.add(node)
        with pytest.raises(StoreError), node.transaction():
            node.tickets.consume(HASH, 10, PHONE, vault=NOTES)
            node.peers.add(peer(), NOTES, "king")
        assert node.tickets.open(NOTES, 10) == [ticket]

    def test_long_expired_tickets_are_forgotten(self, node: NodeStore) -> None:
        self.add(node)
        assert node.tickets.prune(600 + REMEMBERED_S) == 0
        assert node.tickets.prune(601 + REMEMBERED_S) == 1
        assert self.refused(node) is NotATicketError


class TestVaults:
    notes = VaultRecord(NOTES, Path("/home/me/Notes"), "Notes", 1)

    def test_a_vault_comes_back_whole_after_a_restart(self, tmp_path: Path, node: NodeStore) -> None:
        work = VaultRecord(WORK, Path("/srv/Wörk"), "Work", 2, "observer", '{"merge": "copy"}')
        node.vaults.add(work)
        node.vaults.add(self.notes)
        again = reopened(tmp_path, node)
        assert again.vaults.all() == [self.notes, work]
        assert again.vaults.get(WORK) == again.vaults.by_root(work.root) == work
        assert again.vaults.by_root(Path("/home/me")) is None
        again.close()

    def test_a_vault_has_one_folder_and_a_folder_one_vault(self, node: NodeStore) -> None:
        node.vaults.add(self.notes)
        assert node.vaults.add(VaultRecord(NOTES, self.notes.root, "Other name", 9)) == self.notes
        with pytest.raises(StoreError, match="already"):
            node.vaults.add(VaultRecord(NOTES, Path("/elsewhere"), "Notes", 1))
        with pytest.raises(StoreError, match="Notes"):
            node.vaults.add(VaultRecord(WORK, self.notes.root, "Work", 1))
        assert node.vaults.all() == [self.notes]

    def test_update_and_remove(self, node: NodeStore) -> None:
        node.vaults.add(self.notes)
        changed = node.vaults.update(NOTES, root=Path("/new"), settings_json='{"a":1}')
        assert (changed.root, changed.settings_json, changed.name) == (Path("/new"), '{"a":1}', "Notes")
        assert node.vaults.get(NOTES) == changed
        assert node.vaults.remove(NOTES)
        assert not node.vaults.remove(NOTES)
        with pytest.raises(StoreError):
            node.vaults.update(NOTES, name="x")


class TestAttempts:
    def test_the_newest_are_kept_and_come_first(self, node: NodeStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vaultsync.store.attempts.KEPT", 3)
        attempts = [Attempt(i, PHONE if i % 2 else DESK, "h:1", "refused", "why") for i in range(5)]
        for attempt in attempts:
            node.attempts.append(attempt)
        assert node.attempts.recent(9) == attempts[:1:-1]
        assert node.attempts.recent(1) == attempts[4:]
        assert node.attempts.recent(9, DESK) == [attempts[4], attempts[2]]
