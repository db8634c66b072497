"""What a node in the foreground shows of itself: on a terminal, or to a log."""

from __future__ import annotations

from typing import Protocol

from vaultsync.daemon.answers import JoinInfo
from vaultsync.daemon.events import Event
from vaultsync.daemon.status import Status


class Presenter(Protocol):
    """Called in the event loop; must not block."""

    def serving(self, status: Status) -> None:
        """The node runs."""

    def joined(self, joined: JoinInfo) -> None:
        """A ticket was used."""

    def handle(self, event: Event) -> None:
        """Something happened."""

    def tick(self) -> None:
        """A moment has passed; called a few times per second."""

    def stopping(self) -> None:
        """The node was told to stop."""

    def close(self) -> None:
        """Nothing more will come."""


class Names(Protocol):
    """What ids are called."""

    def vault(self, vault_id: str) -> str: ...

    def peer(self, node_id: str) -> str: ...
