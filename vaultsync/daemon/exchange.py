"""What the peer manager asks of those who decide about tickets and members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import SignedMember
from vaultsync.protocol.messages import Join, Members, Welcome
from vaultsync.store.peers import PeerRecord
from vaultsync.transport.base import Connection


class Admission(Protocol):
    """Decides on a node that asks to become a member."""

    async def __call__(self, connection: Connection, join: Join) -> tuple[PeerRecord, Welcome]:
        """Admit, durably. Raises `RefusedError` with the close code to answer with."""


class MemberExchange(Protocol):
    """Knows who belongs to the vaults, and what to tell whom about that."""

    def own_role(self, vault: VaultId) -> str:
        """What this device may do in `vault`."""

    async def credentials(self, vaults: Iterable[VaultId]) -> Sequence[Members]:
        """What proves to a peer that this device belongs to `vaults`."""

    async def recognise(self, node: NodeId, message: Members) -> PeerRecord | None:
        """The peer that a stranger with these credentials is, or None."""

    async def was_removed(self, node: NodeId) -> bool:
        """Whether `node` was a member and was removed: it is told so."""

    async def farewell(self, node: NodeId, vault: VaultId) -> Sequence[Members]:
        """The signed removal of `node`, which may not have heard of it; nothing if it was not removed."""

    async def receive(self, node: NodeId, message: Members) -> None:
        """A peer tells of members. `ProtocolError` if it may not."""

    async def expel(self, node: NodeId, vaults: Iterable[VaultId]) -> None:
        """Remove a member from `vaults`, for everyone. `NodeError` if this device may not."""

    async def admitted(self, vault: VaultId, record: PeerRecord) -> Sequence[SignedMember]:
        """A node that joined with a ticket is a peer now: vouch for it. What to tell it of the others at once."""

    async def opened(self, node: NodeId, vaults: Iterable[VaultId]) -> Sequence[Members]:
        """A conversation with a peer has begun: what to tell it."""
