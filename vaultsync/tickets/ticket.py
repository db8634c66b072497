"""What is pasted to pair two devices, as a value, and what can be wrong with a well-formed one."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import Final, Literal

from vaultsync.errors import ExpiredTicketError, OtherVaultTicketError, OwnTicketError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.tickets.addresses import is_address, normalised
from vaultsync.tickets.words import pairing_words

Role = Literal["member", "observer"]
ROLES: Final[tuple[Role, ...]] = ("member", "observer")

SECRET_SIZE: Final = 16
"""Bytes. 128 random bits cannot be guessed within a ticket's life, nor within anyone's."""

MAX_NAME: Final = 128
"""Characters of a device's or a vault's name."""

MAX_ADDRESSES: Final = 16
MAX_RELAY: Final = 512
"""Characters of a relay's URL."""

MAX_TIME: Final = 2**53
"""Seconds; the largest integer that every JSON reader of the vectors holds exactly (RFC 8259 §6)."""

_UNFIT: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def is_name(text: str, limit: int = MAX_NAME) -> bool:
    """Whether `text` is one line without control characters, of at most `limit` characters; it may be empty."""
    return len(text) <= limit and (
        text.isprintable() or not any(unicodedata.category(character) in _UNFIT for character in text)
    )


@dataclass(frozen=True, slots=True)
class Ticket:
    """Everything that a device needs to reach another one and to be let in by it.

    Raises `ValueError` for a field outside of what `tickets/README.md` allows. IP literals among the addresses
    are normalised.
    """

    node: NodeId
    """Who made it: the device to dial."""
    vault: VaultId
    vault_name: str
    device_name: str
    addresses: tuple[str, ...]
    """Where to dial it, `host:port`, best first."""
    secret: bytes = field(repr=False)
    """The one-time secret, 16 bytes."""
    expires_at: int
    """Unix time in seconds from which on the ticket is refused."""
    role: Role = "member"
    """What the joiner becomes."""
    relay: str | None = None
    """URL of a relay, for when no address works."""
    reusable: bool = False
    """Whether more than one device may join with it."""

    def __post_init__(self) -> None:
        if len(self.secret) != SECRET_SIZE:
            raise ValueError(f"a ticket's secret has {SECRET_SIZE} bytes, not {len(self.secret)}")
        if not is_name(self.vault_name) or not is_name(self.device_name):
            raise ValueError(f"a name has control characters or more than {MAX_NAME} characters")
        if len(self.addresses) > MAX_ADDRESSES:
            raise ValueError(f"a ticket has at most {MAX_ADDRESSES} addresses, not {len(self.addresses)}")
        for address in self.addresses:
            if not is_address(address):
                raise ValueError(f"not an address: {address!r}")
        if not 0 <= self.expires_at <= MAX_TIME:
            raise ValueError(f"not a time: {self.expires_at}")
        if self.role not in ROLES:
            raise ValueError(f"not a role that a ticket can grant: {self.role!r}")
        if self.relay is not None and (not self.relay or not is_name(self.relay, MAX_RELAY)):
            raise ValueError(f"a relay's URL is empty, has control characters or more than {MAX_RELAY} characters")
        object.__setattr__(self, "addresses", tuple(normalised(address) for address in self.addresses))

    def words(self, joiner: NodeId) -> tuple[str, str, str, str, str, str]:
        """The six words that both screens show when `joiner` pairs with this ticket."""
        return pairing_words(self.node, joiner, self.secret)


def check(ticket: Ticket, *, now: int, own: NodeId, vault: VaultId | None) -> None:
    """Refuse a well-formed ticket that is of no use here.

    `now` is Unix time in seconds, `own` this device, `vault` the one that the folder already belongs to. Raises
    `OwnTicketError`, `OtherVaultTicketError` or `ExpiredTicketError`, the first that applies in this order: that
    a ticket has expired matters only to whom it could have served.
    """
    if ticket.node == own:
        raise OwnTicketError("The ticket names this device as the one to connect to.")
    if vault is not None and ticket.vault != vault:
        raise OtherVaultTicketError(f"The ticket is for “{ticket.vault_name}”, another vault than this folder's.")
    if now >= ticket.expires_at:
        minutes = (now - ticket.expires_at) // 60
        when = f"{minutes} minutes ago" if minutes > 1 else "a moment ago"
        raise ExpiredTicketError(f"The ticket for “{ticket.vault_name}” expired {when}.")
