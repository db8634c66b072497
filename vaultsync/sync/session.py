"""One vault's conversation with one peer: a value with verbs, no I/O, time as an argument.

The session knows positions, not contents: what we have sent, what the peer has acknowledged, how far we have
applied what it sent, and whether both indexes were proven equal. Who owns it reads records and applies them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.differences import Stretch
from vaultsync.model.ids import VaultId
from vaultsync.protocol.limits import MAX_WANTS
from vaultsync.protocol.messages import Ack, ChangeSet, ChunkRef, Digest, Resync, VaultHello, Want
from vaultsync.sync.cursor import CursorTracker

DIGEST_EVERY_MS: Final = 5_000
"""How often digests are compared while nothing happens (DESIGN §6)."""

RESYNC_EVERY_MS: Final = 60_000
"""At most one full reconcile per peer and minute: two broken indexes must not keep each other busy."""

MAX_HEARD: Final = 256
"""Of how many devices is remembered that a peer passes on their edits: as many as a version may name."""

MAX_QUEUED_WANTS: Final = 8 * MAX_WANTS
"""What one peer may have asked for and not yet been sent."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an index stands."""

    sequence: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The next stretch of our own records to send."""

    after: int
    live_after: int
    """Records past this sequence arose during this conversation: they carry their content with them."""


class Session:
    """A vault shared with one connected peer."""

    def __init__(
        self, vault: VaultId, index_id: bytes, position: Position, held: tuple[bytes, int], acked: int
    ) -> None:
        """`held` is what our index remembers of the peer's: its index id and how far we applied it; `acked` is how
        far our index remembers that the peer has applied ours."""
        self.vault = vault
        self._index_id = index_id
        self._start = position.sequence
        self._held = held
        self._remembered = acked
        self._unsure = False
        self.peer_index_id = b""
        self.tracker = CursorTracker(held[1])
        self.sent = 0
        """How far the peer has been sent our records."""
        self.announced = 0
        """The highest `through` that a change set carried; stays when everything is sent again."""
        self.acked = 0
        """How far the peer has durably applied them."""
        self.peer_sequence = 0
        """The newest sequence that the peer has told of."""
        self.wants: deque[bytes | ChunkRef | tuple[str, bytes]] = deque()
        """What the peer asked for: content hashes, pieces, and `("manifest", hash)`, in its order."""
        self.manifest_sent: dict[bytes, int] = {}
        """Of manifests that take more than one part: how many chunks the peer has been sent."""
        self.bases: dict[bytes, bytes] = {}
        """Of manifests that the peer asked for: to which one it would rather have the difference (`Want.bases`)."""
        self.shared: dict[bytes, list[Stretch]] = {}
        """Of manifests that are being sent: what of them is as in their bases."""
        self.in_sync = False
        """Whether both indexes were proven equal and nothing has happened since."""
        self.proven_at_ms: int | None = None
        self.saved = held[1]
        """The cursor that is stored; its owner stores it again when the tracker's has moved on."""
        self.saved_acked = acked
        """The same of `acked`. If less is stored than was acknowledged, that much is sent again at worst."""
        self._ack_sent = held[1]
        self._digest_sent: Digest | None = None
        self._digest_sent_at_ms = 0
        self._resync_at_ms: int | None = None
        self._resync_due = False
        self._their_start = 0
        self._hears: set[bytes] = set()
        self.offers = True
        """Whether our records go to the peer: not if this device is an observer."""
        self.accepts = True
        """Whether the peer's records are taken: not if it is an observer."""

    @property
    def is_unsaved(self) -> bool:
        """Whether this conversation has come further than is stored."""
        return self.tracker.advance() != self.saved or self.acked > self.saved_acked

    def hello(self) -> VaultHello:
        """What we say of this vault when the connection opens."""
        index_id, cursor = self._held
        return VaultHello(self.vault, self._index_id, self._start, index_id, cursor)

    def opened(self, theirs: VaultHello) -> None:
        """The peer said the same of itself. Decides where both directions start.

        Another index id, or a sequence that lies behind what we applied (an index restored from a backup), means
        that positions of old say nothing: that direction starts from 0. A peer that has applied more than we remember
        has either sent an acknowledgement that never came, or heard sequences of us that a restored index has given
        out again since: what follows the last that we remember is sent again.
        """
        self.peer_index_id = theirs.index_id
        self.peer_sequence = self._their_start = theirs.sequence
        known, cursor = self._held
        if known != theirs.index_id or cursor > theirs.sequence:
            self.tracker = CursorTracker(0)
            self._ack_sent = self.saved = 0
        if theirs.peer_index_id == self._index_id and theirs.cursor <= self._start:
            self.acked = self.announced = theirs.cursor
            self.sent = min(theirs.cursor, self._remembered)
            if self.sent < theirs.cursor:
                # What the peer heard may not be what is numbered so now; it counts once more is acknowledged or proven.
                self._unsure = True
                self.saved_acked = theirs.cursor

    def next_outgoing(self, sequence: int) -> Outgoing | None:
        """Which records to send next, if any."""
        return Outgoing(self.sent, self._start) if self.offers and self.sent < sequence else None

    def changes_sent(self, through: int) -> int:
        """A change set up to `through` is about to go. Returns the `through` that it must carry: never less than
        before, so that sending everything again does not take back what was acknowledged."""
        assert through > self.sent
        self.sent = through
        self.announced = max(self.announced, through)
        self.in_sync = False
        return self.announced

    def receive_changes(self, message: ChangeSet) -> None:
        """A change set came; its records are now waiting."""
        if message.through < self.tracker.through:
            raise ProtocolError(CloseCode.BAD_FIELD, "a change set goes back in the sequence")
        # A record that the sender only passes on may lie, but not all records of a content that it holds.
        told: dict[bytes, set[int]] = {}
        for record in message.records:
            if record.hash in message.contents:
                told.setdefault(record.hash, set()).add(record.size)
        if any(len(message.contents[hash_]) not in sizes for hash_, sizes in told.items()):
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a content of another size than its record says")
        if message.through > self._their_start:
            # Nobody is given back what he gave: it has these from somebody else than us.
            self._hears.update(record.modified_by for record in message.records)
            if len(self._hears) > MAX_HEARD:
                self._hears.clear()
        self.tracker.arrived((r.path for r in message.records), message.through)
        self.peer_sequence = max(self.peer_sequence, message.through)
        self.in_sync = False

    def hears(self, author: bytes) -> bool:
        """Whether in this conversation the peer has passed on edits of the device `author`: it has them without us."""
        return author in self._hears

    def receive_ack(self, message: Ack) -> None:
        if message.cursor > self.announced:
            raise ProtocolError(CloseCode.BAD_FIELD, "acknowledges what was never sent")
        self.acked = max(self.acked, message.cursor)

    def receive_want(self, message: Want) -> None:
        asked = len(message.contents) + len(message.manifests) + len(message.chunks)
        if len(self.wants) + asked > MAX_QUEUED_WANTS:
            raise ProtocolError(CloseCode.TOO_LARGE, "asks for too much at once")
        self.wants.extend(message.contents)
        self.wants.extend(("manifest", hash_) for hash_ in message.manifests)
        self.bases.update((hash_, message.bases[hash_]) for hash_ in message.manifests if hash_ in message.bases)
        self.wants.extend(message.chunks)

    def receive_resync(self, _message: Resync) -> None:
        """The peer wants everything again, what it gave us included: it may have lost that."""
        self.sent = 0
        self._start = max(self._start, self.announced)
        self.in_sync = False

    def receive_digest(self, message: Digest, mine: Position, now_ms: int) -> bool | None:
        """Compare. None: the positions do not meet, which says nothing; False: the indexes differ."""
        if self.accepts and message.sequence != self.tracker.cursor:
            return None
        if self.offers and message.cursor != mine.sequence:
            return None
        equal = message.digest == mine.digest
        self.in_sync = equal
        if equal:
            self.proven_at_ms = now_ms
            if self._unsure:
                self._unsure = False
                self.saved_acked = self._remembered
        elif not (self.offers and self.accepts):
            return None  # an observer may have changes of its own, which go nowhere
        elif self._resync_at_ms is None or abs(now_ms - self._resync_at_ms) >= RESYNC_EVERY_MS:
            self._resync_at_ms = now_ms
            self._resync_due = True
        return equal

    def outgoing(self, mine: Position, now_ms: int) -> list[Ack | Digest | Resync]:
        """What is due on the control stream now: acknowledgements, digests, a request to start over."""
        due: list[Ack | Digest | Resync] = []
        cursor = self.tracker.cursor
        if self._resync_due:
            self._resync_due = False
            due.append(Resync(self.vault))
        if cursor > self._ack_sent:
            self._ack_sent = cursor
            due.append(Ack(self.vault, cursor))
        if self.met(mine.sequence):
            digest = Digest(self.vault, mine.sequence, cursor, mine.digest)
            idle = abs(now_ms - self._digest_sent_at_ms)  # a clock may be set back
            if digest != self._digest_sent or idle >= DIGEST_EVERY_MS:
                self._digest_sent, self._digest_sent_at_ms = digest, now_ms
                due.append(digest)
        return due

    def at_rest(self, sequence: int) -> bool:
        """Whether nothing is left to exchange: proven, or, where one side keeps changes to itself, as far as can be."""
        return self.in_sync or (not (self.offers and self.accepts) and self.met(sequence))

    def met(self, sequence: int) -> bool:
        """Whether both cursors have met: all of ours is acknowledged, and all that arrived is applied."""
        return (
            bool(self.peer_index_id)
            and (not self.offers or self.acked == self.sent == sequence)
            and (not self.accepts or self.tracker.through == self.tracker.cursor >= self.peer_sequence)
        )
