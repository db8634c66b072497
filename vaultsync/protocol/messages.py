"""What peers say to each other. Values only; codec.py turns them into bytes and back.

A connection carries, besides the control stream, one change stream and one content stream per direction, so
that neither a big attachment nor a slow reader of contents ever delays a live edit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from vaultsync.model.differences import Told
from vaultsync.model.ids import VaultId
from vaultsync.model.members import SignedMember
from vaultsync.model.records import FileRecord


@dataclass(frozen=True, slots=True)
class VaultHello:
    """What one side says of one shared vault when a connection opens."""

    vault: VaultId
    index_id: bytes
    """Random identity of the sender's index, 16 bytes."""
    sequence: int
    """The sender's newest sequence."""
    peer_index_id: bytes
    """The receiver's index that the cursor belongs to; empty if the sender never saw one."""
    cursor: int
    """How far the sender has applied the receiver's sequences."""


@dataclass(frozen=True, slots=True)
class Hello:
    """First message on the control stream, from both sides at once."""

    protocol: int
    name: str
    hostname: str
    app_version: str
    capabilities: tuple[str, ...] = ()
    vaults: tuple[VaultHello, ...] = ()


@dataclass(frozen=True, slots=True)
class Join:
    """Instead of a Hello, from a node that holds a ticket: may I become a member?"""

    vault: VaultId
    secret: bytes = field(repr=False)
    """The ticket's one-time secret, 16 bytes."""
    name: str
    hostname: str
    addresses: tuple[str, ...] = ()
    """Where the joiner can be dialed, `host:port`."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """Answer to a Join that was granted. Both sides go on with their Hellos."""

    vault: VaultId
    vault_name: str
    name: str
    hostname: str
    role: str
    addresses: tuple[str, ...] = ()
    members: tuple[SignedMember, ...] = ()
    """Whom the joiner finds in the vault, itself among them: should it never hear more, it knows them all the same."""


@dataclass(frozen=True, slots=True)
class Ack:
    """The sender has durably applied the receiver's sequences up to `cursor`."""

    vault: VaultId
    cursor: int


@dataclass(frozen=True, slots=True)
class Digest:
    """The sender's digest, and the two positions at which it was taken."""

    vault: VaultId
    sequence: int
    """The sender's newest sequence."""
    cursor: int
    """How far the sender had applied the receiver's sequences."""
    digest: bytes


@dataclass(frozen=True, slots=True)
class Resync:
    """Send me every record of this vault again, from sequence 0."""

    vault: VaultId


@dataclass(frozen=True, slots=True)
class ChunkRef:
    """A piece of a file, named so that whoever has the file can serve it without an index of chunks."""

    file: bytes
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Want:
    """Please send these: whole contents by hash, manifests by hash, chunks by place."""

    vault: VaultId
    contents: tuple[bytes, ...] = ()
    manifests: tuple[bytes, ...] = ()
    chunks: tuple[ChunkRef, ...] = ()
    bases: dict[bytes, bytes] = field(default_factory=dict)
    """Of files whose manifests are asked for: the manifest that the asker has of an older version, named by the
    BLAKE3-256 of its chunks' hashes."""


@dataclass(frozen=True, slots=True)
class Members:
    """Membership records of one vault. From a dialer also before its Hello, as credentials."""

    vault: VaultId
    records: tuple[SignedMember, ...]


@dataclass(frozen=True, slots=True)
class Bye:
    """The sender closes the connection on purpose."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A batch of records, oldest sequence first, with small contents inline. On the change stream."""

    vault: VaultId
    records: tuple[FileRecord, ...]
    through: int
    """Every update of the sender up to this sequence is in this change set or an earlier one."""
    contents: dict[bytes, bytes] = field(default_factory=dict)
    """Inline contents by hash; of live edits only, each at most 64 KiB."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Answers to wants. On the content stream."""

    vault: VaultId
    contents: dict[bytes, bytes] = field(default_factory=dict)
    missing: tuple[bytes, ...] = ()
    """Hashes of contents, or of files whose manifests or chunks were wanted, that the sender does not have."""


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """A stretch of a manifest: the whole of it for a file of up to 4,096 chunks. On the content stream."""

    vault: VaultId
    file: bytes
    size: int
    first: int
    """Index of the first chunk in this part."""
    last: bool
    """Whether this part ends the manifest."""
    chunks: tuple[Told, ...]
    """`(hash, size in bytes)` of each chunk, in order; or `(index, count)` for so many as in the base."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """Pieces of files. On the content stream."""

    vault: VaultId
    chunks: tuple[tuple[ChunkRef, bytes], ...]


Message = (
    Hello | Join | Welcome | Ack | Digest | Resync | Want | Bye | Members | ChangeSet | Contents | ManifestPart | Chunks
)
