"""What a vault's engine needs of a connection."""

from __future__ import annotations

from typing import Protocol

from vaultsync.daemon.replica.state import ControlMessage
from vaultsync.errors import VaultsyncError
from vaultsync.model.ids import NodeId, VaultId


class VaultLink(Protocol):
    """What the engine needs of a connection to a peer that shares the vault."""

    @property
    def peer(self) -> NodeId: ...

    def send_control(self, message: ControlMessage) -> None:
        """Queue a message for the control stream."""

    def wake(self, *, changes: bool, contents: bool) -> None:
        """There may be change sets or contents to pull. What there is not must not be pulled: pulling wakes again."""

    def at_rest(self, vault: VaultId, whether: bool) -> None:
        """Whether nothing is left to exchange of the vault."""

    def drop(self, error: VaultsyncError) -> None:
        """The vault cannot go on with this connection."""
