"""Numbers and states in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from tests.unit.cli.kit import NOW_MS, peer, vault
from vaultsync.client import words


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1_000, "1.0 KB"),
        (3_449_000, "3.4 MB"),
        (9_949_999, "9.9 MB"),
        (12_600_000, "13 MB"),
        (999_600, "1.0 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_have_two_digits_and_the_unit_that_fits(amount: int, text: str) -> None:
    assert words.size(amount) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (89, "89 seconds"),
        (600, "10 minutes"),
        (5_400, "90 minutes"),
        (7_200, "2 hours"),
        (86_400 * 3, "3 days"),
    ],
)
def test_durations_name_their_largest_unit(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


def test_times_ago() -> None:
    assert words.ago(None, NOW_MS) == "never"
    assert words.ago(NOW_MS - 3_000, NOW_MS) == "just now"
    assert words.ago(NOW_MS - 180_000, NOW_MS) == "3 minutes ago"


def test_one_of_something_is_singular() -> None:
    assert words.count(1, "file") == "1 file"
    assert words.count(12_345, "file") == "12,345 files"
    assert words.count(2, "entry", "entries") == "2 entries"


def test_digests_are_short_enough_to_compare_by_eye() -> None:
    assert words.short_digest("0123456789abcdef" * 4) == "0123 4567 89ab"
    assert words.short_digest("") == ""


def test_in_sync_is_said_only_when_every_device_has_proven_it() -> None:
    assert words.vault_state(vault(), [peer()]) == "in sync with Phone"
    assert words.vault_state(vault(), [peer("A"), peer("B")]) == "in sync with 2 devices"
    assert words.vault_state(vault(), [peer("A"), peer("B", in_sync=False)]) == "in sync with 1 of 2 devices"
    away = peer("B", state="disconnected", in_sync=False)
    assert words.vault_state(vault(), [peer("A"), away]) == "in sync with 1 of 2 devices"


def test_work_that_is_left_is_said_before_anything_else() -> None:
    left = words.vault_state(vault(state="scanning", pending=3, wanted_bytes=2_000), [peer()])
    assert left == "syncing: 3 files to go, 2.0 KB to fetch"


@pytest.mark.parametrize(
    ("state", "reason", "text"),
    [
        ("offline", "/home/me/notes has no vault marker.", "offline: /home/me/notes has no vault marker."),
        ("failed", "The disk is full.", "failed: The disk is full."),
        ("scanning", "", "looking through the folder"),
        ("opening", "", "opening"),
    ],
)
def test_a_vault_that_is_not_ready_says_why(state: str, reason: str, text: str) -> None:
    assert words.vault_state(vault(state=state, reason=reason), []) == text


def test_a_vault_without_others_says_so() -> None:
    assert words.vault_state(vault(), []) == "not on any other device yet"
    gone = peer(state="disconnected", in_sync=False)
    assert words.vault_state(vault(), [gone]) == "no other device is connected"


def test_a_vault_that_this_device_was_removed_from_says_by_whom_and_when() -> None:
    at_ms = int(datetime(2026, 11, 20, 18, 40).astimezone().timestamp() * 1000)
    removed = replace(vault(), role="solo", removed_by="Phone", removed_at=at_ms)
    assert words.vault_state(removed, []) == "shared with nobody any more: Phone removed this device"
    assert words.removal(removed) == (
        f"This device was removed from {removed.name} by Phone on 2026-11-20 18:40; your notes stay here."
    )
    left = replace(vault(), role="solo")
    assert words.vault_state(left, []) == "shared with nobody any more"
    assert words.removal(left) == ""


def test_a_peer_that_is_not_connected_says_why() -> None:
    assert words.peer_state(peer()) == "connected"
    assert words.peer_state(peer(state="disconnected", reason="It has stopped.")) == "not connected: It has stopped."
    assert words.peer_state(peer(state="disconnected", wanted=False)) == "disconnected by hand"


def test_a_shared_vault_says_what_is_not_confirmed() -> None:
    behind = peer(in_sync=False, unsent=4)
    assert words.shared_state(behind, behind.vaults[0], NOW_MS) == "4 changes not confirmed yet"
    equal = peer()
    assert words.shared_state(equal, equal.vaults[0], NOW_MS) == "in sync, proven just now"
