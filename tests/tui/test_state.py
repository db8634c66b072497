"""What the dashboard knows after what it hears."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.scene import A_PEER, A_VAULT, NOTES, PHONE, THE_BOARD, THE_STATUS
from vaultsync.client.values import (
    ChangeApplied,
    ChangeObserved,
    DeletionHeld,
    Event,
    PeerPaired,
    PeerStateChanged,
    ScanProgressed,
    Status,
    SyncProgressed,
    TimedEvent,
    TrafficSample,
    VaultStateChanged,
)
from vaultsync.tui.attention import Kind, matters, open_matters
from vaultsync.tui.state import (
    Board,
    Contact,
    answered,
    asks_for_a_look,
    asks_for_status,
    heard,
    lost,
    measured,
)
from vaultsync.tui.tone import peer_badge, route, vault_badge


def hear(board: Board, *events: Event, at_ms: int = 1_000) -> Board:
    for event in events:
        board = heard(board, TimedEvent(board.events_to + 1, at_ms, event))
    return board


def test_a_status_makes_contact_and_losing_the_node_keeps_what_was_known() -> None:
    board = answered(Board(), THE_STATUS)
    assert board.contact is Contact.LIVE
    gone = lost(board, "The node stopped.")
    assert (gone.contact, gone.why) == (Contact.LOST, "The node stopped.")
    assert gone.vaults == board.vaults
    assert answered(gone, THE_STATUS).contact is Contact.LIVE


def test_a_peers_state_changes_at_once_without_asking() -> None:
    board = hear(answered(Board(), THE_STATUS), PeerStateChanged(PHONE, "Phone", "disconnected", "no answer"))
    peer = board.peer(PHONE)
    assert peer is not None
    assert (peer.state, peer.reason) == ("disconnected", "no answer")


def test_a_vaults_state_changes_at_once_without_asking() -> None:
    board = hear(answered(Board(), THE_STATUS), VaultStateChanged(NOTES, "offline", "The folder is gone."))
    vault = board.vault(NOTES)
    assert vault is not None
    assert (vault.state, vault.reason) == ("offline", "The folder is gone.")


def test_progress_is_counted_from_the_most_that_was_open() -> None:
    board = answered(Board(), Status(THE_STATUS.node, (A_VAULT,), ()))
    board = hear(board, *(SyncProgressed(NOTES, pending, pending * 100) for pending in (10, 40, 25)))
    progress = board.progress[NOTES]
    assert (progress.done, progress.most_pending, progress.wanted_bytes) == (15, 40, 2_500)
    assert NOTES not in hear(board, SyncProgressed(NOTES, 0, 0)).progress


def test_the_first_scan_counts_files_until_it_is_done() -> None:
    board = hear(Board(), ScanProgressed(NOTES, 500, done=False))
    assert board.scans == {NOTES: 500}
    assert hear(board, ScanProgressed(NOTES, 900, done=True)).scans == {}


def test_rates_are_smoothed_and_tell_the_time_left() -> None:
    board = Board()
    assert board.seconds_left(1_000) is None
    for received in (0, 1_000, 2_000, 3_000, 4_000):
        board = measured(board, TrafficSample(0, 1_000, 10, received, ()))
    assert board.rate.received == 2_000
    assert board.seconds_left(10_000) == 5
    for _ in range(300):
        board = measured(board, TrafficSample(0, 500, 0, 100, ()))
    assert len(board.rates) == 240
    assert board.rate.received == 200


def test_thousands_of_changes_become_a_few_lines() -> None:
    board = hear(Board(), *(ChangeApplied(NOTES, f"{n}.md", "created", PHONE, "") for n in range(3_000)))
    assert len(board.activity.entries) == 6
    newest = board.activity.entries[0]
    assert newest.count == 2_995
    assert "2,995 more changes" in newest.text
    assert "2999.md" in newest.text


def test_changes_far_apart_are_told_singly() -> None:
    board = Board()
    for n in range(20):
        board = hear(board, ChangeObserved(NOTES, f"{n}.md", "edited"), at_ms=n * 10_000)
    assert len(board.activity.entries) == 20


def test_a_merge_is_told_even_in_a_burst() -> None:
    board = hear(Board(), *(ChangeApplied(NOTES, f"{n}.md", "created", PHONE, "") for n in range(50)))
    board = hear(board, ChangeApplied(NOTES, "Plan.md", "merged", PHONE, "edited on both"))
    assert board.activity.entries[0].text.startswith("Plan.md merged")


def test_a_pairing_is_remembered_for_the_screen_that_waits_for_it() -> None:
    pairing = PeerPaired(PHONE, "Phone", NOTES, ("a", "b", "c", "d", "e", "f"))
    assert hear(Board(), pairing).paired == (pairing,)


@pytest.mark.parametrize(
    ("event", "asks"),
    [
        (ScanProgressed(NOTES, 1, done=False), False),
        (ScanProgressed(NOTES, 1, done=True), True),
        (SyncProgressed(NOTES, 5, 5), False),
        (SyncProgressed(NOTES, 0, 0), True),
        (ChangeObserved(NOTES, "a.md", "edited"), True),
    ],
)
def test_what_an_event_does_not_tell_by_itself_is_asked_for(event: Event, *, asks: bool) -> None:
    assert asks_for_status(event) is asks


@pytest.mark.parametrize(
    ("event", "vault"),
    [
        (DeletionHeld(NOTES, 60, "why"), NOTES),
        (ChangeApplied(NOTES, "a.md", "merged", PHONE, ""), NOTES),
        (ChangeObserved(NOTES, "a (conflict 2026-11-20 1403 Phone).md", "deleted"), NOTES),
        (ChangeApplied(NOTES, "a.md", "edited", PHONE, ""), None),
    ],
)
def test_only_what_may_need_a_person_makes_the_dashboard_look(event: Event, vault: str | None) -> None:
    assert asks_for_a_look(event) == vault


def test_what_waits_comes_most_pressing_first_and_merges_do_not_count() -> None:
    kinds = [matter.kind for matter in matters(THE_BOARD)]
    assert kinds == [Kind.HELD, Kind.COPY, Kind.BLOCKED, Kind.PEER, Kind.MERGE]
    assert open_matters(THE_BOARD) == 4
    assert THE_BOARD.status is not None
    offline = replace(A_VAULT, state="offline", reason="gone")
    board = replace(THE_BOARD, status=replace(THE_BOARD.status, vaults=(offline,)))
    assert matters(board)[0].kind is Kind.VAULT


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "synced"),
        ({"vaults": (replace(A_PEER.vaults[0], in_sync=False, unsent=2),)}, "pending"),
        ({"vaults": (replace(A_PEER.vaults[0], in_sync=False),)}, "syncing"),
        ({"state": "connecting"}, "connecting"),
        ({"state": "disconnected", "reason": "It does not answer."}, "failing"),
        ({"state": "disconnected"}, "away"),
        ({"state": "disconnected", "wanted": False, "reason": "disconnected by hand"}, "off"),
    ],
)
def test_a_peers_badge_says_it_in_a_word(changes: dict[str, object], word: str) -> None:
    badge = peer_badge(replace(A_PEER, **changes))  # type: ignore[arg-type]
    assert badge.word == word


def test_no_two_badges_of_one_colour_share_symbol_and_word() -> None:
    alone = vault_badge(A_VAULT, ())
    together = vault_badge(A_VAULT, (A_PEER,))
    offline = vault_badge(replace(A_VAULT, state="offline"), (A_PEER,))
    assert [badge.word for badge in (alone, together, offline)] == ["alone", "synced", "offline"]
    assert len({badge.symbol for badge in (alone, together, offline)}) == 3


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1:1", "this computer"),
        ("192.168.1.4:40100", "LAN"),
        ("[fe80::1%eth0]:40100", "LAN"),
        ("203.0.113.9:40100", "direct"),
        ("example.net:40100", "direct"),
        ("", ""),
    ],
)
def test_the_kind_of_path_is_told_from_the_address(address: str, kind: str) -> None:
    assert route(address) == kind
