"""How far a peer's updates are applied, when some wait."""

from __future__ import annotations

from vaultsync.sync.cursor import CursorTracker


def test_the_cursor_moves_when_all_of_a_change_set_is_settled() -> None:
    tracker = CursorTracker(3)
    tracker.arrived(["a", "b"], 7)
    tracker.settled("a")
    assert tracker.advance() == 3
    assert tracker.is_waiting("b")
    tracker.settled("b")
    assert tracker.advance() == 7
    assert not tracker.is_waiting("b")


def test_what_came_before_holds_up_what_came_after() -> None:
    tracker = CursorTracker(0)
    tracker.arrived(["a"], 1)
    tracker.arrived(["b"], 2)
    tracker.settled("b")
    assert tracker.advance() == 0
    assert tracker.through == 2
    tracker.settled("a")
    assert tracker.advance() == 2


def test_a_path_that_comes_again_waits_in_its_new_place_only() -> None:
    tracker = CursorTracker(0)
    tracker.arrived(["a", "b"], 2)
    tracker.arrived(["a"], 3)
    assert tracker.waiting == 2
    tracker.settled("b")
    assert tracker.advance() == 2
    tracker.settled("a")
    assert tracker.advance() == 3


def test_an_empty_change_set_settles_at_once() -> None:
    tracker = CursorTracker(0)
    tracker.arrived([], 9)
    assert tracker.advance() == 9


def test_a_path_that_nobody_waits_for_may_be_settled() -> None:
    tracker = CursorTracker(4)
    tracker.settled("never heard of")
    assert tracker.advance() == 4
