"""The rules of membership, one by one: what is refused, in which words, and what stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import MEMBER, OBSERVER, Member, SignedMember
from vaultsync.sync.membership import MAX_ACTIVE, MAX_REMOVED, REMOVED_KEPT_MS, Heard, Roster, next_version

VAULT = VaultId(b"v" * 16)
FOUNDER, BERT, EVE, NEW, OTHER = (NodeId(bytes([number]) * 32) for number in range(1, 6))


def member(node: NodeId, by: NodeId = FOUNDER, *, version: int = 10, generation: int = 0, role: str = MEMBER) -> Member:
    return Member(VAULT, node, "n", "h", (), role, generation, version, by)


def signed(of: Member) -> SignedMember:
    return SignedMember(of, repr(of).encode(), b"s" * 64)


def heard(of: Member, signer: NodeId | None = None) -> Heard:
    return Heard(signed(of), signer or of.introduced_by)


def gone(of: Member, at: int = 20) -> Member:
    return replace(of, removed_at=at, version=of.version + 10)


def roster(*known: Member, sponsor: NodeId | None = None, introductions: bool = True) -> Roster:
    """What BERT knows."""
    found = (member(FOUNDER), member(BERT), *known)
    return Roster(VAULT, BERT, [signed(each) for each in found], sponsor=sponsor, introductions=introductions)


def refusal(of: Roster, one: Heard, sender: NodeId | None = FOUNDER) -> str:
    news = of.receive([one], sender)
    assert len(news.refused) + len(news.taken) == 1
    return news.refused[0][1] if news.refused else ""


REFUSED: dict[str, tuple[Callable[[], Roster], Heard]] = {
    "it is about another vault": (roster, heard(replace(member(NEW), vault=VaultId(b"w" * 16)))),
    "introductions are switched off here": (lambda: roster(introductions=False), heard(member(NEW))),
    "nobody changes its own role or place": (
        lambda: roster(member(EVE)),
        heard(member(EVE, EVE, version=11, role=MEMBER), EVE),
    ),
    "it succeeds a key that is no member": (
        roster,
        heard(replace(member(NEW), succeeds=OTHER), OTHER),
    ),
    "it succeeds another key under an id that is known": (
        lambda: roster(member(EVE), gone(member(NEW))),
        heard(replace(member(NEW, version=99, generation=1), succeeds=EVE), EVE),
    ),
    "it succeeds a key with another role": (
        lambda: roster(member(EVE, role=OBSERVER)),
        heard(replace(member(NEW), succeeds=EVE), EVE),
    ),
    "it is not signed by a member": (roster, heard(member(NEW, OTHER))),
    "it is not signed by a member, and contradicts what is known": (
        lambda: roster(member(EVE), sponsor=FOUNDER),
        heard(member(EVE, OTHER, version=11)),
    ),
    "it is signed by a device that was removed": (
        lambda: roster(gone(member(EVE)), sponsor=FOUNDER),
        heard(member(NEW, EVE)),
    ),
    "it is signed by somebody else": (
        lambda: roster(sponsor=FOUNDER),
        heard(member(NEW, OTHER), EVE),
    ),
}


@pytest.mark.parametrize(("why", "known", "one"), [(why, *case) for why, case in REFUSED.items()], ids=REFUSED)
def test_refused(why: str, known: Callable[[], Roster], one: Heard) -> None:
    made = known()
    assert refusal(made, one) == why
    active = made.active(one.record.member.node)
    assert active is None or active != one.record.member


TAKEN: dict[str, tuple[Callable[[], Roster], Heard]] = {
    "a newcomer that a member vouches for": (roster, heard(member(NEW))),
    "a removed one that is let in again": (lambda: roster(gone(member(EVE))), heard(member(EVE, generation=1))),
    "a member that says where it is": (lambda: roster(member(EVE)), heard(member(EVE, version=11), EVE)),
    "a member that leaves": (lambda: roster(member(EVE)), heard(gone(member(EVE)), EVE)),
    "a successor with the same place": (
        lambda: roster(member(EVE)),
        heard(replace(member(NEW), succeeds=EVE), EVE),
    ),
    "a successor of a known member, with introductions switched off": (
        lambda: roster(member(EVE), introductions=False),
        heard(replace(member(NEW), succeeds=EVE), EVE),
    ),
    "a known member's own news, with introductions switched off": (
        lambda: roster(member(EVE), introductions=False),
        heard(member(EVE, version=11), EVE),
    ),
    "a successor that its introducer lets in": (roster, heard(replace(member(NEW), succeeds=OTHER))),
    "what the sponsor passes on": (lambda: roster(sponsor=FOUNDER), heard(member(NEW, OTHER))),
    "itself, with introductions switched off": (
        lambda: Roster(VAULT, BERT, [signed(member(FOUNDER))], introductions=False),
        heard(member(BERT)),
    ),
    "another role, by the introducer": (lambda: roster(member(EVE)), heard(member(EVE, version=11, role=OBSERVER))),
}


@pytest.mark.parametrize(("known", "one"), TAKEN.values(), ids=TAKEN)
def test_taken(known: Callable[[], Roster], one: Heard) -> None:
    made = known()
    assert refusal(made, one) == ""
    assert made.get(one.record.member.node) == one.record


def test_a_hearsay_counts_only_from_the_sponsor() -> None:
    assert refusal(roster(gone(member(EVE)), sponsor=EVE), heard(member(NEW, OTHER)), EVE) == (
        "it is not signed by a member"
    )
    for sender in (None, EVE):
        assert refusal(roster(member(EVE), sponsor=FOUNDER), heard(member(NEW, OTHER)), sender) == (
            "it is not signed by a member"
        )


def test_a_full_vault() -> None:
    nodes = [NodeId(number.to_bytes(32, "big")) for number in range(1_000, 1_000 + MAX_ACTIVE - 2)]
    made = roster(*(member(node) for node in nodes))
    assert refusal(made, heard(member(NEW))) == f"the vault has {MAX_ACTIVE} devices already"
    assert refusal(roster(*(member(node) for node in nodes[1:])), heard(member(NEW))) == ""


def test_one_record_makes_another_acceptable_in_any_order() -> None:
    chain = [heard(member(EVE)), heard(member(NEW, EVE, version=11)), heard(member(OTHER, NEW, version=12))]
    for records in (chain, chain[::-1]):
        news = roster().receive(records, FOUNDER)
        assert [record.member.node for record in news.taken] == [EVE, NEW, OTHER]
        assert (news.refused, news.outdated) == ([], [])


def test_who_knows_less_is_told_once_and_who_knows_the_same_not_at_all() -> None:
    made = roster(member(EVE, version=50))
    old = heard(member(EVE, version=40))
    assert made.receive([old, heard(member(EVE, version=41)), heard(member(FOUNDER))], FOUNDER).outdated == [EVE]
    assert made.active(EVE) == member(EVE, version=50)


def test_no_record_of_its_time_brings_a_removed_member_back() -> None:
    made = roster(gone(member(EVE, generation=1)))
    for generation in (0, 1):
        news = made.receive([heard(member(EVE, version=10**9, generation=generation))], FOUNDER)
        assert (news.taken, news.outdated) == ([], [EVE])
    assert made.active(EVE) is None


def test_whom_a_removed_member_let_in_falls_with_it_but_for_who_removed_it() -> None:
    made = roster(member(EVE), member(NEW, EVE), member(OTHER, EVE))
    news = made.receive([heard(gone(member(EVE)), FOUNDER)], FOUNDER)
    assert sorted(news.fallen) == [NEW, OTHER]
    assert made.active(NEW) is None
    assert made.active(BERT) is not None
    left = roster(member(EVE), member(NEW, EVE))
    assert left.receive([heard(gone(member(EVE)), EVE)], EVE).fallen == []
    assert left.active(NEW) is not None


def test_the_first_who_may_vouches_for_orphans() -> None:
    made = roster(member(EVE, NodeId(b"\x09" * 32)))
    assert made.orphans() == []
    alone = Roster(VAULT, BERT, [signed(member(BERT, BERT)), signed(member(EVE, OTHER))])
    assert [each.node for each in alone.orphans()] == [EVE]


def test_the_oldest_removals_are_forgotten() -> None:
    nodes = [NodeId(number.to_bytes(32, "big")) for number in range(1_000, 1_000 + MAX_REMOVED)]
    made = roster(*(gone(member(node), at=100 + place) for place, node in enumerate(nodes)))
    made.receive([heard(gone(member(EVE), at=5_000), FOUNDER)], FOUNDER)
    assert made.get(nodes[0]) is None
    assert made.removed(nodes[1]) is not None
    assert made.removed(EVE) is not None


def test_a_removal_is_told_for_thirty_days() -> None:
    made = roster(gone(member(EVE), at=1_000))
    told = [{each.member.node for each in made.listed(1_000 + age)} for age in (REMOVED_KEPT_MS - 1, REMOVED_KEPT_MS)]
    assert [EVE in each for each in told] == [True, False]


def test_versions_grow_with_time_and_always() -> None:
    assert next_version(None, 5) == 5
    assert next_version(member(EVE, version=10), 5) == 11
    assert next_version(member(EVE, version=10), 50) == 50


def test_what_was_made_here_stands_whatever_the_rules_say() -> None:
    made = roster()
    record = signed(member(NEW, OTHER))
    made.put(record)
    assert made.get(NEW) == record
    assert {each.member.node for each in made} == {FOUNDER, BERT, NEW}


def test_a_stranger_s_successor_is_no_concern_of_who_takes_up_nobody() -> None:
    one = heard(replace(member(NEW), succeeds=OTHER), OTHER)
    assert refusal(roster(introductions=False), one) == "introductions are switched off here"
    assert refusal(Roster(VAULT, BERT, [signed(member(FOUNDER)), signed(member(BERT))]), heard(member(NEW))) == ""


def test_an_introducer_with_a_later_version_than_whom_it_lets_in() -> None:
    chain = [heard(member(OTHER, NEW, version=1)), heard(member(NEW, EVE, version=2)), heard(member(EVE, version=3))]
    news = roster().receive(chain, FOUNDER)
    assert [record.member.node for record in news.taken] == [EVE, NEW, OTHER]


@pytest.mark.parametrize("by", ["its signer", "its introducer"])
def test_hearsay_of_removed_devices(by: str) -> None:
    made = roster(gone(member(EVE)), sponsor=FOUNDER)
    of, signer = (member(NEW, OTHER), EVE) if by == "its signer" else (member(NEW, EVE), NEW)
    assert refusal(made, heard(of, signer)) == "it is signed by a device that was removed"


def test_whose_introducer_is_still_there_is_no_orphan() -> None:
    first = Roster(VAULT, FOUNDER, [signed(member(FOUNDER)), signed(member(BERT)), signed(member(EVE, BERT))])
    assert first.orphans() == []


def test_whom_an_observer_had_let_in_is_vouched_for_by_everyone_who_knows_of_it() -> None:
    """Not by the first alone: it may not have heard of it, and does not take it from an observer."""
    made = roster(member(EVE, role=OBSERVER), member(NEW, EVE))
    assert [each.node for each in made.orphans()] == [NEW]
    assert roster(member(EVE), member(NEW, EVE)).orphans() == []
    guest = Roster(VAULT, BERT, [signed(each) for each in (member(EVE, role=OBSERVER), member(BERT, EVE))])
    assert guest.orphans() == [member(EVE, role=OBSERVER)], "but by nobody for itself"


def test_an_observer_alone_with_an_orphan_vouches_for_nobody() -> None:
    known = [member(BERT, BERT, role=OBSERVER), member(EVE, OTHER)]
    assert Roster(VAULT, BERT, [signed(each) for each in known]).orphans() == []


def test_the_oldest_removals_are_those_of_long_ago() -> None:
    nodes = [NodeId(number.to_bytes(32, "big")) for number in range(1_000, 1_000 + MAX_REMOVED)]
    made = roster(*(gone(member(node), at=9_000 - place) for place, node in enumerate(nodes)))
    made.receive([heard(gone(member(EVE), at=20_000), FOUNDER)], FOUNDER)
    assert made.get(nodes[-1]) is None
    assert made.removed(nodes[0]) is not None


def test_members_are_told_before_removals() -> None:
    made = roster(gone(member(EVE, version=1), at=5))
    assert [each.member.active for each in made.listed(10)] == [True, True, False]


def test_whom_this_device_let_in_is_signed_anew_when_it_describes_itself() -> None:
    """Who never heard that BERT vouches for EVE can take it from BERT only."""
    described = replace(member(EVE, BERT, version=11), name="desk")
    made = roster(member(EVE, BERT))
    assert made.receive([heard(described, EVE)], EVE).unvouched == [described]
    assert roster(member(EVE)).receive([heard(replace(described, introduced_by=FOUNDER), EVE)], EVE).unvouched == []
    known = [member(FOUNDER), member(BERT, role=OBSERVER), member(EVE, BERT)]
    observer = Roster(VAULT, BERT, [signed(each) for each in known])
    assert observer.receive([heard(described, EVE)], EVE).unvouched == [], "its signature counts for nothing"


def test_who_becomes_an_observer_lets_go_of_whom_it_had_let_in_and_nobody_else_vouches_for() -> None:
    demoted = heard(member(BERT, version=20, role=OBSERVER))
    made = roster(member(EVE, BERT), member(NEW, BERT), member(OTHER))
    news = made.receive([demoted, heard(member(NEW, version=21))], FOUNDER)
    assert news.fallen == [EVE]
    assert {each.node for each in made.members()} == {FOUNDER, BERT, NEW, OTHER}
    assert made.receive([demoted], FOUNDER).fallen == []
    renamed = roster(member(EVE, BERT))
    assert renamed.receive([heard(member(BERT, version=20))], FOUNDER).fallen == []
    assert renamed.receive([heard(gone(member(BERT, version=20)))], FOUNDER).fallen == [EVE]
    founder = Roster(VAULT, BERT, [signed(member(BERT, BERT)), signed(member(FOUNDER, BERT))])
    assert founder.receive([demoted], FOUNDER).fallen == [], "nor of who made it one"


def test_what_a_device_says_of_another_that_may_not_any_more_is_answered_by_what_it_is() -> None:
    """It may not know yet that it is an observer; who had heard it before holds fast to that."""
    made = roster(member(EVE, role=OBSERVER), member(NEW, OTHER))
    news = made.receive([heard(member(NEW, EVE, version=30, role=OBSERVER))], EVE)
    assert [why for _, why in news.refused] == ["it is not signed by a member"]
    assert news.unvouched == [member(NEW, OTHER, version=30)]
    of_itself = heard(member(BERT, EVE, version=30, role=OBSERVER))
    assert made.receive([of_itself], EVE).unvouched == [], "nobody signs what it is itself"
    stranger = heard(member(NEW, NodeId(b"\x09" * 32), version=30, role=OBSERVER))
    assert made.receive([stranger], EVE).unvouched == []


def test_who_has_not_heard_of_its_role_is_told_it_with_a_higher_version() -> None:
    made = roster(member(EVE, BERT, version=20, role=OBSERVER))
    news = made.receive([heard(member(EVE, version=30), EVE)], EVE)
    assert [why for _, why in news.refused] == ["it is not signed by a member"]
    assert news.unvouched == [member(EVE, BERT, version=30, role=OBSERVER)]
    for other in (
        heard(member(EVE, version=30, generation=1), EVE),
        heard(member(EVE, OTHER, version=30), OTHER),
        heard(gone(member(EVE, version=30)), EVE),
        heard(member(NEW, OTHER), NEW),
    ):
        assert made.receive([other], EVE).unvouched == []
    assert roster(member(EVE, role=OBSERVER)).receive([heard(member(EVE, BERT, version=30), EVE)], EVE).unvouched == []
