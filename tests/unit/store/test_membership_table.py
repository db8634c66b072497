"""Deliveries of membership records: when they are tried again."""

from __future__ import annotations

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.membership import MembershipTable
from vaultsync.store.node_store import NodeStore
from vaultsync.store.requests import ANSWER_KEPT_MS, MAX_WAITING, JoinRequest

VAULT, OTHER, NODE = VaultId(b"v" * 16), VaultId(b"o" * 16), NodeId(b"\x01" * 32)
MINUTE_MS = 60_000


def table(node_store: NodeStore) -> MembershipTable:
    return node_store.membership


def test_a_delivery_is_tried_after_5_and_15_minutes_an_hour_and_then_every_4_hours(node_store: NodeStore) -> None:
    deliveries, now_ms, waits = table(node_store), 1_000_000, []
    deliveries.owe(VAULT, NODE, now_ms)
    for _ in range(6):
        due_ms = deliveries.next_due()
        assert due_ms is not None
        waits.append((due_ms - now_ms) // MINUTE_MS)
        now_ms = due_ms
        assert deliveries.due(now_ms - 1) == []
        (delivery,) = deliveries.due(now_ms)
        deliveries.failed(delivery, now_ms)
    assert waits == [5, 15, 60, 240, 240, 240]


def test_owing_twice_is_owing_once_and_delivering_ends_it(node_store: NodeStore) -> None:
    deliveries = table(node_store)
    deliveries.owe(VAULT, NODE, 0)
    deliveries.owe(VAULT, NODE, 60 * MINUTE_MS)
    deliveries.owe(OTHER, NODE, 0)
    assert len(deliveries.due(5 * MINUTE_MS)) == 2
    deliveries.delivered(VAULT, NODE)
    assert [one.vault for one in deliveries.due(5 * MINUTE_MS)] == [OTHER]
    deliveries.leave(OTHER)
    assert deliveries.next_due() is None


def request(number: int, asked_at: int = 0) -> JoinRequest:
    return JoinRequest(VAULT, NodeId(bytes([number]) * 32), "Phone", "phone", "192.0.2.1:7", asked_at)


def test_requests_are_bounded_and_an_answer_stands_for_a_day(node_store: NodeStore) -> None:
    requests = node_store.requests
    assert all(requests.ask(request(number)) for number in range(MAX_WAITING))
    assert not requests.ask(request(99))
    assert not requests.ask(request(3)), "asking again is not a new request"
    assert requests.answer(VAULT, request(3).node, "member", 10)
    assert not requests.answer(OTHER, request(3).node, "member", 10)
    assert requests.ask(request(99))
    allowed = requests.get(VAULT, request(3).node)
    assert allowed is not None
    assert (allowed.role, allowed.decided_at) == ("member", 10)
    requests.ask(request(98, asked_at=11 + ANSWER_KEPT_MS))
    assert requests.get(VAULT, request(3).node) is None
