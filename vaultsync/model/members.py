"""Members of a vault, as they vouch for one another."""

from __future__ import annotations

from dataclasses import dataclass, field

from vaultsync.model.ids import NodeId, VaultId

MEMBER = "member"
OBSERVER = "observer"


@dataclass(frozen=True, slots=True)
class Member:
    """One device's place in one vault: what a membership record says."""

    vault: VaultId
    node: NodeId
    name: str
    hostname: str
    addresses: tuple[str, ...]
    """Where it can be dialed, `host:port`, best first."""
    role: str
    """member or observer."""
    generation: int
    """How often the device was let in again after it had been removed. Within one generation removal is final."""
    version: int
    """`max(old + 1, now in Unix ms)`: the higher one wins."""
    introduced_by: NodeId
    """The member that vouches for it; itself, for the device that made the vault."""
    removed_at: int | None = None
    """Unix time in ms at which it was removed, or None if it belongs to the vault."""
    succeeds: NodeId | None = None
    """The key that this device had before."""

    @property
    def active(self) -> bool:
        return self.removed_at is None


@dataclass(frozen=True, slots=True)
class SignedMember:
    """A membership record as it travels: relayed byte for byte, so that the signature holds everywhere."""

    member: Member
    payload: bytes = field(repr=False)
    """Deterministic CBOR of `member` (docs/protocol.cddl, `member`)."""
    signature: bytes = field(repr=False)
    """Ed25519 (RFC 8032) over the context and the payload, 64 bytes; by whom, the rules decide."""

    @property
    def rank(self) -> tuple[int, bool, int, bytes]:
        """Of two records of one device in one vault the one of higher rank stands."""
        return (self.member.generation, not self.member.active, self.member.version, self.payload)
