"""Open offers: who offered what, what replaces it, and who waits for whom."""

from __future__ import annotations

from tests.support.records import a_file, device, version
from vaultsync.model.records import FileRecord
from vaultsync.sync.offers import Offer, Offers

A, B = device(1), device(2)


def record(path: str, content: str = "x", counter: int = 1) -> FileRecord:
    return a_file(content, version(a=counter), path=path)


def test_a_later_offer_of_a_peer_replaces_its_earlier_one() -> None:
    offers = Offers()
    older, newer = Offer(record("n"), A), Offer(record("n", "y", 2), A)
    assert offers.add(older) is None
    assert offers.add(newer) == older
    assert offers.of("n") == [newer]


def test_the_same_offer_again_changes_nothing() -> None:
    offers = Offers()
    offers.add(Offer(record("n"), A))
    assert offers.add(Offer(record("n"), A)) is None
    assert len(offers) == 1


def test_offers_of_two_peers_stand_side_by_side_the_oldest_first() -> None:
    offers = Offers()
    first, second = Offer(record("n"), A), Offer(record("n"), B)
    offers.add(first)
    offers.add(second)
    assert offers.first("n") == first
    offers.close(first)
    assert offers.first("n") == second
    offers.close(second)
    assert "n" not in offers
    assert offers.first("n") is None
    assert list(offers.paths()) == []


def test_what_a_peer_has_that_comes_later_goes_before_what_nobody_may_have_any_more() -> None:
    offers = Offers()
    own, beside, later = Offer(record("n"), A, derived=True), Offer(record("n"), B), Offer(record("n", "y", 2), B)
    offers.add(own)
    offers.add(beside)
    assert offers.first("n") == own
    offers.add(later)
    assert offers.first("n") == later


def test_what_was_derived_here_goes_before_nothing() -> None:
    offers = Offers()
    first = Offer(record("n"), A)
    offers.add(first)
    offers.add(Offer(record("n", "y", 2), B, derived=True))
    assert offers.first("n") == first


def test_closing_an_offer_that_was_replaced_leaves_its_successor_open() -> None:
    offers = Offers()
    older, newer = Offer(record("n"), A), Offer(record("n", "y", 2), A)
    offers.add(older)
    offers.add(newer)
    offers.close(older)
    assert offers.of("n") == [newer]


def test_closing_tells_who_waited_and_is_still_open() -> None:
    offers = Offers()
    first, then = Offer(record("first"), A), Offer(record("then"), A)
    offers.add(first)
    offers.add(then)
    offers.settle_after("first", "then")
    offers.settle_after("first", "long closed")
    assert offers.close(first) == {"then"}


def test_paths_that_wait_for_a_content() -> None:
    offers = Offers()
    offers.add(Offer(record("n"), A))
    offers.wait_for(b"hash", "n")
    offers.wait_for(b"hash", "closed meanwhile")
    assert offers.waiting_on(b"hash") == {"n"}
    assert offers.awaiting([b"hash", b"other"]) == {"n"}
    assert offers.awaiting([b"hash"]) == set(), "they wait no more"


def test_a_derived_offer_goes_with_the_offer_that_it_came_from() -> None:
    offers = Offers()
    origin = Offer(record("n"), A)
    offers.add(origin)
    offers.add(Offer(record("n (conflict)"), A, derived=True, origin="n"))
    offers.add(Offer(record("n (conflict) (conflict)"), A, derived=True, origin="n (conflict)"))
    offers.add(Offer(record("n", "y", 2), A))
    assert list(offers.paths()) == ["n"]


def test_a_derived_offer_goes_when_its_origin_is_dealt_with_otherwise() -> None:
    offers = Offers()
    origin, own = Offer(record("n"), A), Offer(record("n (conflict)", "own"), A)
    offers.add(origin)
    offers.add(Offer(record("n (conflict)"), A, derived=True, origin="n"))
    offers.add(own)
    offers.close(origin)
    assert offers.of("n (conflict)") == [own], "what the peer itself offers there stays"


def test_a_derived_offer_may_be_dealt_with_before_its_origin() -> None:
    offers = Offers()
    origin, derived = Offer(record("n"), A), Offer(record("n (conflict)"), A, derived=True, origin="n")
    other = Offer(record("n (conflict)"), A, derived=True, origin="another")
    for offer in (origin, derived):
        offers.add(offer)
    offers.close(derived)
    assert list(offers.paths()) == ["n"]
    offers.add(other)
    offers.close(origin)
    assert offers.of("n (conflict)") == [other], "what is derived from another path stays"


def test_a_lost_peer_takes_its_offers_along_and_frees_who_waited() -> None:
    offers = Offers()
    lost, kept, waiting = Offer(record("n"), A), Offer(record("n", "y", 2), B), Offer(record("later"), B)
    for offer in (lost, kept, waiting, Offer(record("gone"), A)):
        offers.add(offer)
    offers.settle_after("gone", "later")
    dropped, free = offers.drop(A)
    assert [offer.record.path for offer in dropped] == ["n", "gone"]
    assert free == {"n", "later"}
    assert offers.of("n") == [kept]


def test_what_nobody_offered_or_waits_for() -> None:
    offers = Offers()
    assert offers.of("n") == []
    assert offers.waiting_on(b"h") == set()
    assert offers.close(Offer(record("n"), A)) == set()


def test_an_offer_is_closed_after_what_was_derived_from_it() -> None:
    offers = Offers()
    origin, derived = Offer(record("n"), A), Offer(record("copy"), A, derived=True, origin="n")
    offers.add(origin)
    offers.add(derived)
    offers.close(derived)
    offers.close(origin)
    assert len(offers) == 0
