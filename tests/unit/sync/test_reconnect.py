"""When to dial again, where to dial first, and which of two connections stays."""

from __future__ import annotations

import pytest

from tests.support.records import device
from vaultsync.sync.reconnect import Candidate, ReconnectPolicy, dial_order, keeps_existing

SMALL, GREAT = device(1), device(2)


def test_delays_grow_to_five_minutes() -> None:
    policy = ReconnectPolicy()
    assert [policy.failed(0.5) for _ in range(9)] == [10, 10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize(("lot", "delay_s"), [(0.0, 32.0), (0.5, 40.0), (0.9999999, 48.0)])
def test_delays_vary_by_a_fifth(lot: float, delay_s: float) -> None:
    policy = ReconnectPolicy(failures=3)
    assert policy.failed(lot) == pytest.approx(delay_s)


def test_no_delay_is_over_five_minutes() -> None:
    assert ReconnectPolicy(failures=10_000).failed(0.99) == 300


def test_a_lost_connection_begins_anew() -> None:
    policy = ReconnectPolicy(failures=7)
    assert policy.lost() == 10
    assert policy.failed(0.1) == 10


def test_a_reset_begins_anew() -> None:
    policy = ReconnectPolicy(failures=7)
    policy.reset()
    assert policy.failed(0.9) == 10


def test_who_is_not_let_in_waits_longest() -> None:
    assert ReconnectPolicy().denied() == 300


def test_the_order_of_addresses() -> None:
    candidates = [
        Candidate("mesh:1", "mesh"),
        Candidate("ticket:1", "ticket"),
        Candidate("worked-once:1", "connection", last_ok_ms=5),
        Candidate("worked-last:1", "mesh", last_ok_ms=9),
        Candidate("near:1", "mdns"),
        Candidate("ticket:1", "mesh"),
    ]
    assert dial_order(candidates) == ["near:1", "worked-last:1", "ticket:1", "worked-once:1", "mesh:1"]
    assert dial_order([]) == []


@pytest.mark.parametrize("existing_dialed", [True, False])
def test_of_two_simultaneous_dials_both_sides_keep_the_same(existing_dialed: bool) -> None:
    """What one side dialed, the other accepted; whichever came first on either side, one of the two stays on both."""
    for other_order in (True, False):
        here = keeps_existing(
            own=SMALL, peer=GREAT, existing_dialed=existing_dialed, new_dialed=not existing_dialed, existing_age_s=0.1
        )
        dialed_here = existing_dialed if here else not existing_dialed
        there = keeps_existing(
            own=GREAT, peer=SMALL, existing_dialed=other_order, new_dialed=not other_order, existing_age_s=0.1
        )
        dialed_there = other_order if there else not other_order
        assert dialed_here is True, "the smaller node's dial stays"
        assert dialed_there is False


def test_a_connection_that_has_stood_gives_way_to_a_new_one() -> None:
    assert not keeps_existing(own=SMALL, peer=GREAT, existing_dialed=True, new_dialed=False, existing_age_s=60)


@pytest.mark.parametrize("small_dialed", [True, False])
@pytest.mark.parametrize("small_first", [True, False])
@pytest.mark.parametrize("great_first", [True, False])
def test_the_connection_on_which_a_ticket_was_used_stays_on_both_sides(
    small_dialed: bool, small_first: bool, great_first: bool
) -> None:
    """Whoever dialed it, and whether it came before the other one or after it on either side."""
    for own, peer, dialed, first in (
        (SMALL, GREAT, small_dialed, small_first),
        (GREAT, SMALL, not small_dialed, great_first),
    ):
        kept = keeps_existing(
            own=own,
            peer=peer,
            existing_dialed=dialed == first,
            new_dialed=dialed != first,
            existing_age_s=0.1,
            existing_joined=first,
            new_joined=not first,
        )
        assert kept is first


def test_of_two_tickets_the_newer_one_counts() -> None:
    for dialed in (True, False):
        assert not keeps_existing(
            own=SMALL,
            peer=GREAT,
            existing_dialed=dialed,
            new_dialed=not dialed,
            existing_age_s=0.1,
            existing_joined=True,
            new_joined=True,
        )


def test_of_two_dials_from_one_side_the_newer_stays() -> None:
    assert not keeps_existing(own=SMALL, peer=GREAT, existing_dialed=True, new_dialed=True, existing_age_s=0.1)


def test_who_is_not_let_in_has_failed_once_more() -> None:
    policy = ReconnectPolicy(failures=2)
    policy.denied()
    assert policy.failed(0.5) == 40


def test_of_two_addresses_on_this_network_the_one_that_worked_comes_first() -> None:
    near = [Candidate("near:1", "mdns"), Candidate("known:1", "mdns", last_ok_ms=9)]
    assert dial_order(near) == ["known:1", "near:1"]


@pytest.mark.parametrize(("age_s", "stays"), [(5.0, True), (5.1, False)])
def test_dials_are_simultaneous_for_five_seconds(age_s: float, stays: bool) -> None:
    kept = keeps_existing(own=SMALL, peer=GREAT, existing_dialed=True, new_dialed=False, existing_age_s=age_s)
    assert kept is stays
