"""Random histories of a vault's members: every list comes to be the same, and nobody removed comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import MEMBER, OBSERVER, Member, SignedMember
from vaultsync.protocol.members import member_payload
from vaultsync.sync.membership import REMOVED_KEPT_MS, Heard, News, Roster, next_version

VAULT = VaultId(b"v" * 16)
NODES = [NodeId(bytes([number]) * 32) for number in range(6)]
A, B, C = NODES[:3]
RULES = settings(deadline=None, max_examples=200)


def signed(member: Member, signer: NodeId) -> SignedMember:
    """The signature names its maker, which is all that the rules need to know."""
    return SignedMember(member, member_payload(member), signer.raw * 2)


def heard(records: list[SignedMember]) -> list[Heard]:
    return [Heard(record, NodeId(record.signature[:32])) for record in records]


def described(node: NodeId, by: NodeId, *, role: str = MEMBER, version: int = 1, generation: int = 0) -> Member:
    return Member(VAULT, node, "", "", (), role, generation, version, by)


@dataclass
class Vault:
    """Six devices and what each of them knows; the first made the vault."""

    rosters: dict[NodeId, Roster]
    now_ms: int = 1000

    @classmethod
    def new(cls) -> Vault:
        root = signed(described(NODES[0], NODES[0]), NODES[0])
        return cls({NODES[0]: Roster(VAULT, NODES[0], [root])})

    def admit(self, by: NodeId, node: NodeId, role: str) -> None:
        roster = self.rosters.get(by)
        if roster is None or not roster.may_vouch(by) or roster.active(node) is not None:
            return
        removal = roster.removed(node)
        generation = 0 if removal is None else removal.generation + 1
        self.now_ms += 1
        member = described(node, by, role=role, version=next_version(removal, self.now_ms), generation=generation)
        roster.put(signed(member, by))
        self.rosters[node] = Roster(VAULT, node, sponsor=by)
        self.exchange(by, node)

    def remove(self, by: NodeId, node: NodeId) -> None:
        roster = self.rosters.get(by)
        known = roster.active(node) if roster is not None else None
        if roster is None or known is None or (by != node and not roster.may_vouch(by)):
            return
        self.now_ms += 1
        changed = [
            replace(m, introduced_by=by, version=next_version(m, self.now_ms))
            for m in roster.members()
            if m.introduced_by == node and m.node not in (node, by) and by != node
        ]
        introducer = known.introduced_by if by == node else by
        changed.append(
            replace(known, removed_at=self.now_ms, introduced_by=introducer, version=next_version(known, self.now_ms))
        )
        roster.receive(heard([signed(member, by) for member in changed]), None)

    def describe(self, node: NodeId) -> None:
        roster = self.rosters.get(node)
        known = roster.active(node) if roster is not None else None
        if roster is not None and known is not None:
            self.now_ms += 1
            member = replace(known, name=f"at {self.now_ms}", version=next_version(known, self.now_ms))
            roster.put(signed(member, node))

    def demote(self, by: NodeId, node: NodeId) -> None:
        roster = self.rosters.get(by)
        known = roster.active(node) if roster is not None else None
        if roster is not None and known is not None and roster.may_vouch(by) and by != node:
            self.now_ms += 1
            member = replace(known, role=OBSERVER, introduced_by=by, version=next_version(known, self.now_ms))
            roster.receive(heard([signed(member, by)]), None)

    def set_role(self, by: NodeId, node: NodeId, role: str) -> None:
        roster = self.rosters.get(by)
        known = roster.active(node) if roster is not None else None
        if roster is None or known is None or not roster.may_vouch(by) or by == node or known.role == role:
            return
        self.now_ms += 1
        changed = [
            replace(m, introduced_by=by, version=next_version(m, self.now_ms))
            for m in roster.members()
            if m.introduced_by == node and m.node not in (node, by) and role == OBSERVER
        ]
        changed.append(replace(known, role=role, introduced_by=by, version=next_version(known, self.now_ms)))
        roster.receive(heard([signed(member, by) for member in changed]), None)

    def exchange(self, one: NodeId, other: NodeId) -> None:
        """What both do when they are connected."""
        if one not in self.rosters or other not in self.rosters or one == other:
            return
        self.tell(one, other)
        self.tell(other, one)

    def tell(self, sender: NodeId, receiver: NodeId) -> None:
        source, target = self.rosters[sender], self.rosters[receiver]
        first_meeting = target.sponsor == sender and target.active(sender) is None
        if target.active(sender) is None and not first_meeting:
            return  # it is refused
        news = self.take(receiver, source.listed(self.now_ms), sender)
        self.take(sender, [record for node in news.outdated if (record := target.get(node)) is not None], receiver)

    def take(self, receiver: NodeId, records: list[SignedMember], sender: NodeId) -> News:
        roster = self.rosters[receiver]
        news = roster.receive(heard(records), sender)
        for member in {member.node: member for member in (*news.unvouched, *roster.orphans())}.values():
            roster.put(
                signed(replace(member, introduced_by=receiver, version=next_version(member, self.now_ms)), receiver)
            )
        return news

    def settle(self) -> None:
        for _ in range(6):
            for one in NODES:
                for other in NODES:
                    self.exchange(one, other)

    def standing(self, node: NodeId) -> dict[NodeId, bytes]:
        return {m.node: self.rosters[node].get(m.node).payload for m in self.rosters[node].members()}  # type: ignore[union-attr]


nodes = st.sampled_from(NODES)
roles = st.sampled_from([MEMBER, MEMBER, OBSERVER])
peaceful = st.one_of(
    st.tuples(st.just("admit"), nodes, nodes, roles),
    st.tuples(st.just("describe"), nodes),
    st.tuples(st.just("exchange"), nodes, nodes),
)


def play(vault: Vault, steps: list[tuple[object, ...]]) -> None:
    for name, *arguments in steps:
        getattr(vault, str(name))(*arguments)


@RULES
@given(st.lists(peaceful, max_size=25))
@example([("admit", A, B, MEMBER), ("admit", B, C, MEMBER), ("admit", A, C, MEMBER), ("describe", C)])
def test_all_members_come_to_the_same_list(steps: list[tuple[object, ...]]) -> None:
    vault = Vault.new()
    play(vault, steps)
    vault.settle()
    for node in vault.rosters:
        assert vault.standing(node) == vault.standing(NODES[0])
    assert set(vault.standing(NODES[0])) == set(vault.rosters)


few = st.sampled_from(NODES[:3])
calm = st.one_of(
    st.tuples(st.just("describe"), few),
    st.tuples(st.just("exchange"), few, few),
    st.tuples(st.just("demote"), st.just(A), few),
)


@settings(RULES, max_examples=60)
@given(st.lists(calm, max_size=12))
@example([("demote", A, C), ("exchange", A, C), ("describe", C), ("exchange", A, C)])
@example([("demote", A, C), ("describe", C)])
def test_a_role_reaches_everybody_whatever_who_has_it_says_of_itself_meanwhile(steps: list[tuple[object, ...]]) -> None:
    vault = Vault.new()
    for node in (B, C):
        vault.admit(A, node, MEMBER)
    vault.settle()
    play(vault, steps)
    vault.settle()
    demoted = {step[2] for step in steps if step[0] == "demote"} - {A}
    for node, roster in vault.rosters.items():
        assert vault.standing(node) == vault.standing(A)
        assert {member.node for member in roster.members() if member.role == OBSERVER} == demoted


anything = st.one_of(
    peaceful, st.tuples(st.just("set_role"), nodes, nodes, st.sampled_from([MEMBER, OBSERVER, OBSERVER]))
)
together = [("set_role", B, C, OBSERVER), ("set_role", C, B, OBSERVER)]


@settings(RULES, max_examples=300)
@given(st.lists(anything, max_size=25), st.sampled_from([A, B]))
@example([*together, ("admit", B, NODES[3], MEMBER)], A)
@example([("set_role", A, B, OBSERVER), ("admit", B, NODES[3], MEMBER), ("exchange", B, C)], A)
@example([("set_role", B, A, OBSERVER)], B)
def test_roles_that_are_changed_at_once_come_to_be_the_same_for_all(
    steps: list[tuple[object, ...]], steady: NodeId
) -> None:
    """As long as there is one whose own role nobody changes."""
    vault = Vault.new()
    for node in (B, C):
        vault.admit(A, node, MEMBER)
    vault.settle()
    play(vault, [step for step in steps if step[0] != "set_role" or step[2] != steady])
    vault.settle()
    inside = vault.standing(steady)
    for node in inside:
        assert vault.standing(node) == inside


@RULES
@given(st.lists(peaceful, max_size=20), nodes, nodes, st.lists(peaceful, max_size=15))
def test_who_was_removed_is_out_everywhere_and_stays_out(
    before: list[tuple[object, ...]], by: NodeId, who: NodeId, after: list[tuple[object, ...]]
) -> None:
    vault = Vault.new()
    play(vault, before)
    if by == who or by not in vault.rosters or vault.rosters[by].active(who) is None:
        return
    if not vault.rosters[by].may_vouch(by):
        return
    old = [record for roster in vault.rosters.values() for record in roster]
    vault.remove(by, who)
    removed = vault.rosters.pop(who)
    # Nobody invites it again; that would be allowed. What it still says itself is heard by everyone.
    play(vault, [step for step in after if who not in step])
    vault.settle()
    own = removed.active(who)
    assert own is not None
    late = signed(replace(own, name="I am back", version=2**50), who)
    again = signed(replace(own, version=2**50, generation=own.generation + 1, introduced_by=who), who)
    for node, roster in vault.rosters.items():
        if roster.active(node) is None:
            continue  # its own introducer fell and nobody vouches for it
        if roster.active(by) is None:
            continue  # it never heard of who removed it, and can believe nothing of it
        roster.receive(heard([*old, late, again]), None)
        for other in NODES:
            roster.receive(heard(old), other)
        assert roster.active(who) is None
    standing = [
        vault.standing(node)
        for node in vault.standing(by)
        if node in vault.rosters and vault.rosters[node].active(by) is not None
    ]
    assert all(one == standing[0] for one in standing)


@RULES
@given(st.lists(peaceful, max_size=20), nodes, nodes, st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(steps: list[tuple[object, ...]], by: NodeId, who: NodeId, random) -> None:  # type: ignore[no-untyped-def]
    vault = Vault.new()
    play(vault, steps)
    if by in vault.rosters:
        vault.remove(by, who)
    known = vault.rosters[NODES[0]]
    for source in vault.rosters.values():
        records = list(source)
        one, two = (Roster(VAULT, NODES[0], list(known)) for _ in range(2))
        one.receive(heard(records), None)
        random.shuffle(records)
        for _ in range(len(records) + 1):
            two.receive(heard(records), None)
        assert {m.node for m in one.members()} == {m.node for m in two.members()}
        news = one.receive(heard(records), None)
        assert not news.taken
        assert not news.fallen


@RULES
@given(st.lists(peaceful, max_size=20), nodes, nodes)
def test_an_observer_changes_nobody(steps: list[tuple[object, ...]], observer: NodeId, other: NodeId) -> None:
    vault = Vault.new()
    vault.admit(NODES[0], observer, OBSERVER)
    play(vault, steps)
    roster = vault.rosters[NODES[0]]
    member = roster.active(observer)
    if member is None or member.role != OBSERVER or other == observer:
        return
    target = roster.active(other) or described(other, observer)
    for changed in (
        replace(target, removed_at=5, introduced_by=observer, version=2**50),
        replace(target, role=OBSERVER, introduced_by=observer, version=2**50),
        replace(member, role=MEMBER, version=2**50),
        replace(member, role=MEMBER, introduced_by=observer, version=2**50),
    ):
        assert not roster.receive(heard([signed(changed, observer)]), observer).taken


def test_a_removal_is_listed_for_thirty_days_and_keeps_out_for_longer() -> None:
    vault = Vault.new()
    a, b, c = NODES[:3]
    vault.admit(a, b, MEMBER)
    vault.admit(a, c, MEMBER)
    vault.settle()
    stale = vault.rosters.pop(c)
    old = list(vault.rosters[a])
    vault.remove(a, b)
    roster = vault.rosters[a]
    removal = roster.removed(b)
    assert removal is not None
    assert removal.removed_at is not None
    listed = {record.member.node for record in roster.listed(removal.removed_at + REMOVED_KEPT_MS - 1)}
    assert listed == {a, b, c}
    later_ms = removal.removed_at + REMOVED_KEPT_MS
    assert {record.member.node for record in roster.listed(later_ms)} == {a, c}
    news = roster.receive(heard(old), c)
    assert news.outdated == [b]
    answer = roster.get(b)
    assert answer is not None
    stale.receive(heard([answer]), a)
    assert stale.active(b) is None


def test_whoever_a_removed_device_let_in_needs_another_voucher() -> None:
    a, b, c, d = NODES[:4]
    vault = Vault.new()
    vault.admit(a, b, MEMBER)
    vault.admit(b, c, MEMBER)
    vault.exchange(a, b)
    vault.admit(b, d, MEMBER)  # a does not know of it, but c does
    vault.exchange(b, c)
    assert vault.rosters[c].active(d) is not None
    vault.remove(a, b)
    vault.rosters.pop(b)
    vault.exchange(a, c)
    assert {m.node for m in vault.rosters[a].members()} == {a, c}
    assert {m.node for m in vault.rosters[c].members()} == {a, c}
    assert vault.rosters[a].active(c).introduced_by == a  # type: ignore[union-attr]


def test_within_a_generation_removal_is_final_whatever_the_versions_say() -> None:
    a, b, c = NODES[:3]
    vault = Vault.new()
    vault.admit(a, b, MEMBER)
    vault.admit(a, c, MEMBER)
    vault.settle()
    member = vault.rosters[b].active(b)
    assert member is not None
    later = signed(replace(member, role=OBSERVER, introduced_by=c, version=2**50), c)
    vault.rosters[b].receive(heard([later]), c)
    vault.remove(a, b)
    for roster in (vault.rosters[a], vault.rosters[c]):
        vault.exchange(a, c)
        roster.receive(heard([later]), c)
        assert roster.active(b) is None
    first, second = Roster(VAULT, a, list(vault.rosters[a])), Roster(VAULT, a, list(vault.rosters[c]))
    first.put(later)
    removal = vault.rosters[a].get(b)
    assert removal is not None
    assert first.receive(heard([removal]), None).taken == [removal]
    assert second.get(b) == removal


def test_a_successor_takes_the_place_of_its_key() -> None:
    a, b, new = NODES[:3]
    vault = Vault.new()
    vault.admit(a, b, OBSERVER)
    old = vault.rosters[b].active(b)
    assert old is not None
    record = signed(replace(old, node=new, version=50, succeeds=b), b)
    leaving = signed(replace(old, removed_at=50, version=50), b)
    news = vault.rosters[a].receive(heard([record, leaving]), b)
    assert [one.member.node for one in news.taken] == [new, b]
    assert {m.node: m.role for m in vault.rosters[a].members()} == {a: MEMBER, new: OBSERVER}
    thief = signed(replace(old, node=NODES[4], version=60, succeeds=b), b)
    assert not vault.rosters[a].receive(heard([thief]), b).taken
