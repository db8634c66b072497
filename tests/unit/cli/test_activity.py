"""Events as lines for a person."""

from __future__ import annotations

import pytest

from tests.unit.cli.kit import PEER, VAULT, Names
from vaultsync.cli.activity import BULK, BURST, BURST_S, Activity
from vaultsync.daemon.events import (
    ChangeApplied,
    ChangeObserved,
    ChangesRefused,
    Event,
    JoinRequested,
    MemberJoined,
    MemberRemoved,
    OwnRoleChanged,
    PeerPaired,
    PeerStateChanged,
    ProvenInSync,
    ScanProgressed,
    SyncProgressed,
    TroubleChanged,
    VaultStateChanged,
)


@pytest.fixture
def activity() -> Activity:
    return Activity(Names())


def say(activity: Activity, *events: Event, now_s: float = 100.0) -> list[str]:
    return [line.text for event in events for line in activity.lines(event, now_s)]


def ready(activity: Activity) -> None:
    say(
        activity,
        VaultStateChanged(VAULT, "scanning"),
        ScanProgressed(VAULT, 3, done=True),
        VaultStateChanged(VAULT, "ready"),
    )


def test_what_the_first_scan_finds_is_counted_not_listed(activity: Activity) -> None:
    lines = say(
        activity,
        VaultStateChanged(VAULT, "scanning"),
        ChangeObserved(VAULT, "a.md", "created"),
        ScanProgressed(VAULT, 1, done=True),
        VaultStateChanged(VAULT, "ready"),
    )
    assert lines == ["notes holds 1 file. Watching it for changes."]


def test_a_scan_shows_a_bar_without_an_end(activity: Activity) -> None:
    say(activity, VaultStateChanged(VAULT, "scanning"), ScanProgressed(VAULT, 512, done=False))
    [bar] = activity.bars().values()
    assert (bar.done, bar.total) == (512, None)
    say(activity, VaultStateChanged(VAULT, "ready"))
    assert not activity.bars()


def test_edits_say_where_they_were_made(activity: Activity) -> None:
    ready(activity)
    assert say(activity, ChangeObserved(VAULT, "a.md", "edited")) == ["→ a.md edited here"]
    assert say(activity, ChangeApplied(VAULT, "b.md", "edited", PEER, "")) == ["← b.md edited by Phone"]


def test_a_merge_says_why(activity: Activity) -> None:
    line = say(activity, ChangeApplied(VAULT, "b.md", "merged", PEER, "both edited it"))
    assert line == ["← b.md merged by Phone (both edited it)"]


def test_a_move_is_one_line(activity: Activity) -> None:
    ready(activity)
    lines = say(
        activity,
        ChangeObserved(VAULT, "new.md", "moved", moved_from="old.md"),
        ChangeObserved(VAULT, "old.md", "moved", moved_to="new.md"),
        ChangeApplied(VAULT, "y.md", "moved", PEER, "", moved_from="x.md"),
        ChangeApplied(VAULT, "x.md", "moved", PEER, "", moved_to="y.md"),
    )
    assert lines == ["→ old.md moved to new.md here", "← x.md moved to y.md by Phone"]


def test_a_burst_of_changes_is_cut_short_and_counted(activity: Activity) -> None:
    ready(activity)
    burst = [ChangeObserved(VAULT, f"{number}.md", "edited") for number in range(BURST + 5)]
    assert len(say(activity, *burst, now_s=100.0)) == BURST
    assert activity.late_lines(100.0 + BURST_S / 2) == []
    assert [line.text for line in activity.late_lines(100.0 + BURST_S)] == ["→ and 5 more changes"]
    assert activity.late_lines(200.0) == []


def test_a_first_sync_shows_a_bar_and_one_line_at_its_end(activity: Activity) -> None:
    ready(activity)
    say(activity, SyncProgressed(VAULT, 500, 2_000_000))
    assert say(activity, *(ChangeApplied(VAULT, f"{n}.md", "created", PEER, "") for n in range(400))) == []
    say(activity, SyncProgressed(VAULT, 100, 400_000))
    [bar] = activity.bars().values()
    assert (bar.done, bar.total, bar.note) == (400, 500, "400 KB to fetch")
    assert say(activity, SyncProgressed(VAULT, 0, 0)) == ["← 400 changes from Phone in notes"]
    assert not activity.bars()


def test_a_small_sync_needs_no_bar(activity: Activity) -> None:
    say(activity, SyncProgressed(VAULT, BULK, 10))
    assert not activity.bars()
    assert say(activity, SyncProgressed(VAULT, 0, 0)) == []


def test_proofs_are_told(activity: Activity) -> None:
    assert say(activity, ProvenInSync(VAULT, PEER, "00")) == ["✓ notes is in sync with Phone."]


def test_a_folder_that_is_gone_is_told_once_and_its_return_too(activity: Activity) -> None:
    ready(activity)
    gone = VaultStateChanged(VAULT, "offline", "It has no marker.")
    assert say(activity, gone) == ["notes is offline: It has no marker. Nothing is deleted anywhere meanwhile."]
    assert say(activity, gone) == []
    assert say(activity, VaultStateChanged(VAULT, "scanning"), VaultStateChanged(VAULT, "ready")) == ["notes is back."]


def test_a_later_scan_is_silent(activity: Activity) -> None:
    ready(activity)
    assert say(activity, VaultStateChanged(VAULT, "scanning"), VaultStateChanged(VAULT, "ready")) == []
    assert not activity.bars()


def test_a_peer_that_stays_away_is_told_once_per_reason(activity: Activity) -> None:
    def state(name: str, reason: str = "") -> PeerStateChanged:
        return PeerStateChanged(PEER, "Phone", name, reason)

    assert say(activity, state("connecting"), state("disconnected", "No answer.")) == [
        "Phone is not connected: No answer."
    ]
    assert say(activity, state("connecting"), state("disconnected", "No answer.")) == []
    assert say(activity, state("connecting"), state("connected")) == ["Phone is connected."]
    assert say(activity, state("disconnected", "No answer.")) == ["Phone is not connected: No answer."]


def test_troubles_and_their_ends_are_told(activity: Activity) -> None:
    assert say(activity, TroubleChanged(VAULT, "a:b.md", "not on Windows")) == ["! a:b.md: not on Windows"]
    assert say(activity, TroubleChanged(VAULT, "a:b.md", "")) == ["! a:b.md: no trouble any more"]


def test_pairing_shows_the_six_words(activity: Activity) -> None:
    words = ("acorn", "bench", "camel", "daisy", "eagle", "finch")
    assert say(activity, PeerPaired(PEER, "Phone", VAULT, words))[1].split() == list(words)


def test_what_happens_to_members_is_told(activity: Activity) -> None:
    node = "q" * 52
    assert say(activity, JoinRequested(VAULT, node, "Tablet", "192.0.2.9:4444")) == [
        "Tablet (qqqqqqqqqq, from 192.0.2.9:4444) asks to join notes.",
        "    vaultsync requests allow qqqqqqqqqq, or deny",
    ]
    assert say(activity, ChangesRefused(VAULT, PEER, ("a.md", "b.md"), 2)) == [
        "2 changes of Phone not taken: it only receives (a.md, b.md)"
    ]
    assert say(
        activity,
        MemberJoined(VAULT, node, "Tablet", "observer"),
        MemberRemoved(VAULT, node, "Tablet"),
    ) == ["Tablet is an observer of notes now.", "Tablet does not belong to notes any more."]


@pytest.mark.parametrize(
    ("role", "told"), [("solo", "does not belong to"), ("observer", "only receives"), ("member", "is a member of")]
)
def test_a_device_says_what_it_may_do_itself(activity: Activity, role: str, told: str) -> None:
    assert told in say(activity, OwnRoleChanged(VAULT, role))[0]
