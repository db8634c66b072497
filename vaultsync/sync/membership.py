"""Who belongs to a vault: rules that make every member's list the same, whatever arrives in whatever order. Pure.

Signatures are checked before records come here; the rules decide by whom a record must be signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import MEMBER, Member, SignedMember

REMOVED_KEPT_MS: Final = 30 * 86_400_000
"""How long a removal is shown and told to everyone (DESIGN §5). Afterwards it only answers records of before."""

MAX_ACTIVE: Final = 65
"""This device and 64 others (DESIGN §5)."""
MAX_REMOVED: Final = 1_000
"""Removals kept; the oldest go first. Only a member can make them, one by one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A record and who signed it."""

    record: SignedMember
    signer: NodeId


@dataclass(slots=True)
class News:
    """What came of records that arrived."""

    taken: list[SignedMember] = field(default_factory=list)
    """They stand now, in the order in which they were taken."""
    fallen: list[NodeId] = field(default_factory=list)
    """Devices whose introducer was removed, or is this device and may vouch no more, and for which nobody else has."""
    unvouched: list[Member] = field(default_factory=list)
    """Members that this device vouches for and that have described themselves: it should sign that anew, with a higher
    version. Only whoever has heard what they were before can take it as it is, and who described itself before it
    heard of another role holds fast to the old one."""
    outdated: list[NodeId] = field(default_factory=list)
    """The sender knows less of these than we do: it should be told."""
    refused: list[tuple[SignedMember, str]] = field(default_factory=list)
    """And why, for the log."""


class Roster:
    """What one device knows of the members of one vault."""

    def __init__(
        self,
        vault: VaultId,
        own: NodeId,
        records: Iterable[SignedMember] = (),
        *,
        sponsor: NodeId | None = None,
        introductions: bool = True,
    ) -> None:
        """`sponsor`: the member that let this device in. `introductions`: whether devices that others vouch for are
        taken up; if not, only what concerns those already known is."""
        self.vault = vault
        self.own = own
        self.sponsor = sponsor
        self.introductions = introductions
        self._records = {record.member.node: record for record in records}

    def get(self, node: NodeId) -> SignedMember | None:
        return self._records.get(node)

    def __iter__(self) -> Iterator[SignedMember]:
        return iter(self._records.values())

    def active(self, node: NodeId) -> Member | None:
        """The member that `node` is, or None if it is none or was removed."""
        record = self._records.get(node)
        return record.member if record is not None and record.member.active else None

    def members(self) -> list[Member]:
        """All active members, this device among them."""
        return [record.member for record in self._records.values() if record.member.active]

    def removed(self, node: NodeId) -> Member | None:
        """The removal of `node`, if that is what stands."""
        record = self._records.get(node)
        return record.member if record is not None and not record.member.active else None

    def listed(self, now_ms: int) -> list[SignedMember]:
        """What to tell everyone: members, then removals that are not yet forgotten."""
        found = [
            record
            for record in self._records.values()
            if record.member.removed_at is None or now_ms - record.member.removed_at < REMOVED_KEPT_MS
        ]
        return sorted(found, key=_actives_first)

    def may_vouch(self, node: NodeId) -> bool:
        """Whether `node` may introduce and remove others."""
        member = self.active(node)
        return member is not None and member.role == MEMBER

    def receive(self, heard: Iterable[Heard], sender: NodeId | None) -> News:
        """Take what the rules allow. `sender` is the peer that the records came from; None: made here."""
        news = News()
        pending = sorted(heard, key=lambda one: _actives_first(one.record))
        verdicts: dict[int, str] = {}
        progress = True
        # One record can make another one acceptable: a member that was just introduced vouches for the next.
        while progress and pending:
            progress = False
            for one in list(pending):
                known = self._records.get(one.record.member.node)
                if known is not None and known.rank == one.record.rank:
                    pending.remove(one)
                    continue
                if known is not None and known.rank > one.record.rank:
                    verdicts[id(one)] = ""
                    continue
                why = self._refusal(one, sender)
                verdicts[id(one)] = why
                if not why:
                    pending.remove(one)
                    self._take(one, news)
                    progress = True
        for one in pending:
            if why := verdicts[id(one)]:
                news.refused.append((one.record, why))
                self._insist(one, news)
            elif one.record.member.node not in news.outdated:
                news.outdated.append(one.record.member.node)
        if not self.may_vouch(self.own):
            news.unvouched.clear()
        if any(record.member.node == self.own for record in news.taken):
            self._let_go_of_own_guests(news)
        self._forget_oldest_removals()
        return news

    def orphans(self) -> list[Member]:
        """Members whose introducer has left, or may vouch no more, if it falls to this device to vouch for them now.

        Whom one let in that did not know yet that it was an observer, not everybody may have heard of: then whoever
        has vouches.
        """
        vouching = sorted(member.node for member in self.members() if member.role == MEMBER)
        return [
            member
            for member in self.members()
            if member.introduced_by != member.node != self.own
            and not self.may_vouch(member.introduced_by)
            and self.may_vouch(self.own)
            and (
                self.active(member.introduced_by) is not None
                or next(node for node in vouching if node != member.node) == self.own
            )
        ]

    def put(self, record: SignedMember) -> None:
        """Let a record that was made here stand, whatever the rules say of others'."""
        self._records[record.member.node] = record

    def _refusal(self, one: Heard, sender: NodeId | None) -> str:
        """Why the rules do not allow a record, in words; empty if they do."""
        new, signer = one.record.member, one.signer
        if new.vault != self.vault:
            return "it is about another vault"
        known = self.active(new.node)
        introduces = known is None and new.active
        if introduces and not self.introductions and not self._concerns_the_known(new):
            return "introductions are switched off here"
        if introduces and len(self.members()) >= MAX_ACTIVE:
            return f"the vault has {MAX_ACTIVE} devices already"
        if signer == new.node and _only_describes_itself(known, new):
            return ""
        if new.succeeds is not None and signer == new.succeeds:
            return self._refusal_of_successor(new)
        if signer == new.introduced_by and self.may_vouch(signer) and (signer != new.node or known is not None):
            return "" if signer != new.node else "nobody changes its own role or place"
        return self._refusal_of_hearsay(one, sender)

    def _concerns_the_known(self, new: Member) -> bool:
        """Whether a record that is new here is of a device that this one deals with anyway: itself, the member that
        let it in, without which it would believe no removal, or a known one under another key."""
        return new.node in (self.own, self.sponsor) or (
            new.succeeds is not None and self.active(new.succeeds) is not None
        )

    def _refusal_of_successor(self, new: Member) -> str:
        assert new.succeeds is not None
        old = self.active(new.succeeds)
        if old is None:
            return "it succeeds a key that is no member"
        if self._records.get(new.node) is not None:
            return "it succeeds another key under an id that is known"
        same_place = new.introduced_by in (old.introduced_by, new.node)
        return "" if same_place and new.role == old.role and new.active else "it succeeds a key with another role"

    def _refusal_of_hearsay(self, one: Heard, sender: NodeId | None) -> str:
        new, signer = one.record.member, one.signer
        if sender is None or sender != self.sponsor or self.removed(sender) is not None:
            return "it is not signed by a member"
        if self._records.get(new.node) is not None:
            return "it is not signed by a member, and contradicts what is known"
        if self.removed(signer) is not None or self.removed(new.introduced_by) is not None:
            return "it is signed by a device that was removed"
        return "" if signer in (new.introduced_by, new.node, new.succeeds) else "it is signed by somebody else"

    def _insist(self, one: Heard, news: News) -> None:
        """A device that has not heard what it is now has said something of itself, or of another what only a member
        may say: let what stands here count more."""
        new, known = one.record.member, self.active(one.record.member.node)
        if known is None or known.node == self.own or known.generation != new.generation or not new.active:
            return
        says_of_itself = one.signer == new.node and known.introduced_by == self.own
        may_no_more = one.signer != new.node and self.active(one.signer) is not None
        if says_of_itself or may_no_more:
            news.unvouched.append(replace(known, version=new.version))

    def _take(self, one: Heard, news: News) -> None:
        new = one.record.member
        self._records[new.node] = one.record
        news.taken.append(one.record)
        if new.active and new.introduced_by == self.own != one.signer:
            news.unvouched.append(new)
        if new.active or one.signer == new.node:
            return
        # Removed by another: whom it let in meanwhile, nobody can tell from whom it let in before.
        for record in list(self._records.values()):
            member = record.member
            if member.active and member.introduced_by == new.node and member.node not in (new.node, one.signer):
                del self._records[member.node]
                news.fallen.append(member.node)

    def _let_go_of_own_guests(self, news: News) -> None:
        """This device has become an observer: whom it let in since, the others do not take up. Who has taken one up
        before, or has been told of it in time, vouches for it."""
        own = self.active(self.own)
        if own is None or own.role == MEMBER:
            return
        for record in list(self._records.values()):
            member = record.member
            if member.active and member.introduced_by == self.own and member.node not in (self.own, own.introduced_by):
                del self._records[member.node]
                news.fallen.append(member.node)

    def _forget_oldest_removals(self) -> None:
        removals = [record.member for record in self._records.values() if not record.member.active]
        removals.sort(key=lambda member: (member.removed_at or 0, member.node))
        for member in removals[: max(0, len(removals) - MAX_REMOVED)]:
            del self._records[member.node]


def _actives_first(record: SignedMember) -> tuple[bool, int, bytes]:
    return (not record.member.active, record.member.version, record.member.node.raw)


def _only_describes_itself(known: Member | None, new: Member) -> bool:
    """Whether a member says no more of itself than where it is and what it is called, or that it leaves."""
    return (
        known is not None
        and (new.role, new.generation, new.introduced_by) == (known.role, known.generation, known.introduced_by)
        and new.succeeds in (None, known.succeeds)
    )


def next_version(known: Member | None, now_ms: int) -> int:
    """The version of a record that is to stand over `known`."""
    return now_ms if known is None else max(known.version + 1, now_ms)
