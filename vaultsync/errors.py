"""The errors that people see.

Every error that may reach a person derives from `VaultsyncError` and carries a title (what happened, a few
words, stable), a message (why, one sentence) and a hint (what to do now). Foreign errors are translated at the
boundary where they arise.

    VaultsyncError
    ├── ConfigError
    ├── IdentityError
    ├── TicketError
    │   ├── NotATicketError ── DamagedTicketError ── NewerTicketError
    │   ├── ExpiredTicketError ── UsedTicketError ── AskedError
    │   └── OwnTicketError ── OtherVaultTicketError
    ├── PathError
    ├── ProtocolError
    ├── TransportError
    │   ├── UnreachableError ── RefusedError ── WrongPeerError
    │   └── ConnectionLostError
    ├── StoreError ── ContentError
    ├── RequestError
    ├── VaultError
    │   ├── VaultOfflineError ── VaultLockedError
    │   └── DiskFullError ── UnstableFileError
    └── NodeError
        ├── NodeRunningError
        └── NodeNotRunningError
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum


class CloseCode(IntEnum):
    """Application error codes that close a connection or reset a stream (docs/protocol.md, "Close codes")."""

    NORMAL = 0x00
    """The other side is done: it stops, or a newer connection replaces this one."""
    REFUSED = 0x01
    """The other side does not know this node. It says no more than that."""
    NO_CERTIFICATE = 0x02
    BAD_CERTIFICATE = 0x03
    """Expired, not self-signed, or its key is not Ed25519."""
    WRONG_PEER = 0x04
    """The node that answered is not the one that was dialed."""
    DUPLICATE = 0x05
    """Both sides dialed at once and the other connection stays."""
    PAUSED = 0x06
    """A person has disconnected this node at the other side, until they connect it again."""
    MALFORMED = 0x10
    """Bytes that are not a message: bad CBOR, tags, duplicate keys, trailing bytes."""
    UNKNOWN_MESSAGE = 0x11
    TOO_LARGE = 0x12
    BAD_FIELD = 0x13
    """A known message with a missing, mistyped or out-of-range field."""
    UNEXPECTED = 0x14
    """A valid message at a moment, or on a stream, where it has no place."""
    VERSION = 0x15
    """No protocol version in common."""
    NOT_SHARED = 0x16
    """A message about a vault that is not shared with the sender."""
    BAD_PATH = 0x17
    TICKET_INVALID = 0x20
    TICKET_EXPIRED = 0x21
    TICKET_USED = 0x22
    PEER_LIMIT = 0x23
    REMOVED = 0x24
    """This node has been removed from the vault."""
    ASKED = 0x25
    """No ticket lets this node in, but a person has been asked whether it may come in."""
    TIMEOUT = 0x30
    INTERNAL = 0x31


class VaultsyncError(Exception):
    """Root of all errors that are meant for a person."""

    title = "Something went wrong"
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    @classmethod
    def slug(cls) -> str:
        """The kind of error for machines, stable: `expired-ticket`, and `vaultsync` for the root."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", cls.__name__.removesuffix("Error")).lower()


class ConfigError(VaultsyncError):
    """A configuration file or value cannot be used; the message names line and column."""

    title = "The configuration has a mistake"


class IdentityError(VaultsyncError):
    """This device's key cannot be read, or must not be used as it is stored."""

    title = "This device's key cannot be used"


class TicketError(VaultsyncError):
    """A pasted ticket cannot be used."""

    title = "The ticket cannot be used"
    hint = "Make a new one on the other device with `vaultsync ticket`."


class NotATicketError(TicketError):
    title = "This is not a ticket"
    hint = "A ticket begins with `vault1`. Copy all of it from the other device."


class DamagedTicketError(TicketError):
    title = "The ticket is damaged"
    hint = "Part of it is missing or was changed. Copy all of it again from the other device."


class NewerTicketError(TicketError):
    title = "The ticket is of a newer version"
    hint = "Update vaultsync on this device, then paste it again."


class ExpiredTicketError(TicketError):
    title = "The ticket has expired"


class UsedTicketError(TicketError):
    title = "The ticket has been used or revoked"


class AskedError(TicketError):
    title = "The other device has to allow this one"


class OwnTicketError(TicketError):
    title = "This ticket was made on this device"
    hint = "Paste it on the other device, the one that is to join."


class OtherVaultTicketError(TicketError):
    title = "The ticket is for another vault"
    hint = "This folder already belongs to a vault. Join with an empty folder, or ask for a ticket of this vault."


class PathError(VaultsyncError):
    """A path that no vault may hold, or that this platform cannot hold."""

    title = "The path is not allowed"


class ProtocolError(VaultsyncError):
    """What a peer sent breaks the protocol; `code` is what the connection is closed with."""

    title = "The other device sent something invalid"

    def __init__(self, code: CloseCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class TransportError(VaultsyncError):
    """The network, or the node at its other end, did not do what was asked."""

    title = "The connection failed"


class UnreachableError(TransportError):
    title = "The device cannot be reached"


class RefusedError(TransportError):
    """The other side refused; `code` says why in the protocol's terms."""

    title = "The other device refused"

    def __init__(self, code: CloseCode, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class WrongPeerError(TransportError):
    title = "Another device answered"


class ConnectionLostError(TransportError):
    """An open connection ended. `code` is the close code, if any was given; `by_peer` tells who closed."""

    title = "The connection was lost"

    def __init__(self, message: str, *, code: CloseCode | None = None, by_peer: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.by_peer = by_peer


class StoreError(VaultsyncError):
    title = "The index cannot be used"


class ContentError(StoreError):
    """One content could not be kept, or was kept and is damaged; the store itself is sound."""

    title = "A content cannot be read"


class RequestError(VaultsyncError):
    """What a person asked for cannot be done as things are; nothing has changed."""

    title = "This cannot be done"


class VaultError(VaultsyncError):
    title = "The vault cannot be used"


class VaultOfflineError(VaultError):
    title = "The vault's folder is not there"
    hint = "Connect the disk or put the folder back. Nothing is deleted anywhere while it is missing."


class VaultLockedError(VaultError):
    title = "Another node holds this vault"


class DiskFullError(VaultError):
    title = "The disk is full"
    hint = "Free some space; syncing goes on by itself."


class UnstableFileError(VaultError):
    """A file changed while it was read; it will be looked at again."""

    title = "The file is being written"


class NodeError(VaultsyncError):
    title = "The node cannot do this"


class NodeRunningError(NodeError):
    title = "A node is already running"


class NodeNotRunningError(NodeError):
    title = "No node is running"
    hint = "Start it with `vaultsync run FOLDER`."


@contextmanager
def one_of_a_group(
    which: Callable[[list[VaultsyncError]], VaultsyncError] = lambda errors: errors[0],
) -> Iterator[None]:
    """Raise one error (`which` of them) in place of a task group's. A group with anything else in it goes on as it is.

    `except*` would not do: before Python 3.11.4, what is raised there comes out in a group again.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        errors = list(_in(group))
        known = [error for error in errors if isinstance(error, VaultsyncError)]
        if len(known) < len(errors):
            raise
        raise which(known) from None


def _in(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _in(error)
        else:
            yield error
