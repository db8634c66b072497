"""The ticket's text form (`tickets/README.md`), and reading it out of whatever was pasted around it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from blake3 import blake3

from vaultsync.errors import DamagedTicketError, NewerTicketError, NotATicketError, TicketError
from vaultsync.model.ids import NodeId, VaultId, from_base32, to_base32
from vaultsync.tickets import cbor
from vaultsync.tickets.addresses import literal, pack, unpack
from vaultsync.tickets.ticket import ROLES, Ticket

VERSION: Final = 1
PREFIX: Final = f"vault{VERSION}"
CHECKSUM_SIZE: Final = 4
"""Bytes; one damaged ticket in 2^32 passes for a sound one, and is then refused for its secret."""

MAX_TEXT: Final = 16 << 10
"""Characters of pasted text that are looked through."""

MAX_WORDS: Final = 32
"""Words that may follow a ticket unmarked, or that it may be broken into before more than that follow."""

MAX_ITEMS: Final = 128
"""CBOR items of one ticket: its fields, 16 addresses, and room for fields of later revisions."""

_IGNORED: Final = r"[\s\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]"
"""What mail and chat programs put between characters: white space, and what takes no space on a screen."""

_START: Final = re.compile(rf"(?<![a-z0-9]){f'{_IGNORED}*'.join('vault')}{_IGNORED}*(0|[1-9][0-9]{{0,4}})")
_TAIL: Final = re.compile(rf"(?:[a-z0-9]|{_IGNORED})*")
_GAP: Final = re.compile(rf"{_IGNORED}+")

_NEWER_MIN: Final = 32
"""Characters after the prefix below which `vault2` is taken for some folder's name."""


def encode(ticket: Ticket) -> str:
    """The one text form of `ticket`: lower-case letters and digits, nothing that a shell would touch."""
    fields: dict[int, object] = {
        0: VERSION,
        1: ticket.node.raw,
        2: ticket.vault.raw,
        3: ticket.vault_name,
        4: ticket.device_name,
        5: [pack(address) or address for address in ticket.addresses],
        6: ticket.secret,
        7: ticket.expires_at,
        8: ROLES.index(ticket.role),
    }
    if ticket.relay is not None:
        fields[9] = ticket.relay
    if ticket.reusable:
        fields[10] = True
    payload = cbor.dumps(fields)
    return PREFIX + to_base32(payload + _checksum(payload))


def decode(text: str) -> Ticket:
    """The ticket somewhere in `text`.

    Case, white space and invisible characters do not matter, nor does what stands around it: the command
    `vaultsync join …`, a folder after it, a `vaultsync:` URI, quotes, brackets. Raises `NotATicketError`,
    `DamagedTicketError` or `NewerTicketError`.
    """
    if len(text) > MAX_TEXT:
        raise NotATicketError(f"The text is too long for a ticket ({len(text)} characters).")
    # NFKC makes full-width and other look-alike forms of a letter plain.
    plain = unicodedata.normalize("NFKC", text).lower()
    first_error: TicketError | None = None
    for start in _START.finditer(plain):
        try:
            return _decode_at(plain, start)
        except NotATicketError:
            continue
        except (DamagedTicketError, NewerTicketError) as error:
            first_error = first_error or error
    raise first_error or NotATicketError("The text has no ticket in it.")


def _decode_at(text: str, start: re.Match[str]) -> Ticket:
    version = int(start[1])
    tail = _TAIL.match(text, start.end())
    assert tail is not None, "the pattern matches the empty string"
    if version != VERSION:
        if version == 0 or len(_GAP.sub("", tail[0])) < _NEWER_MIN:
            raise NotATicketError("The text has no ticket in it.")
        raise NewerTicketError(f"It is of version {version}; this device reads version {VERSION}.")
    for body in _candidates(tail[0]):
        try:
            raw = from_base32(body)
        except ValueError:
            continue
        payload, checksum = raw[:-CHECKSUM_SIZE], raw[-CHECKSUM_SIZE:]
        if payload and checksum == _checksum(payload):
            return _from_payload(payload)
    raise DamagedTicketError("Its checksum does not fit.")


def _candidates(tail: str) -> Iterator[str]:
    """What of `tail` may be the ticket. A folder's name or a sentence after it looks like more of it.

    All of it, then without its last word, and so on; then its first word, its first two, and so on.
    """
    words = [word for word in _GAP.split(tail) if word]
    for count in range(len(words), max(0, len(words) - MAX_WORDS), -1):
        yield "".join(words[:count])
    for count in range(1, min(len(words) - MAX_WORDS, MAX_WORDS) + 1):
        yield "".join(words[:count])


def _checksum(payload: bytes) -> bytes:
    return blake3(PREFIX.encode("ascii") + payload).digest(CHECKSUM_SIZE)


def _from_payload(payload: bytes) -> Ticket:
    try:
        fields = cbor.loads(payload, max_items=MAX_ITEMS)
        if not isinstance(fields, dict) or 0 not in fields:
            raise ValueError("it is not a map with a version")
        version = _int(fields[0])
        if version > VERSION:
            raise NewerTicketError(f"It is of version {version}; this device reads version {VERSION}.")
        if version != VERSION:
            raise ValueError("it is of no known version")
        addresses = fields[5]
        if not isinstance(addresses, list):
            raise ValueError("its addresses are not a list")
        role = _int(fields[8])
        if not 0 <= role < len(ROLES):
            raise ValueError(f"it grants a role that is not known, number {role}")
        if fields.get(10, True) is not True:
            raise ValueError("field 10 is not true")
        return Ticket(
            node=NodeId(_bytes(fields[1])),
            vault=VaultId(_bytes(fields[2])),
            vault_name=_text(fields[3]),
            device_name=_text(fields[4]),
            addresses=tuple(_address(address) for address in addresses),
            secret=_bytes(fields[6]),
            expires_at=_int(fields[7]),
            role=ROLES[role],
            relay=_text(fields[9]) if 9 in fields else None,
            reusable=10 in fields,
        )
    except KeyError as error:
        raise DamagedTicketError(f"It lacks field {error}.") from None
    except ValueError as error:
        raise DamagedTicketError(f"It does not follow the format: {error}.") from None


def _address(value: cbor.Value) -> str:
    if isinstance(value, bytes):
        return unpack(value)
    if isinstance(value, str) and literal(value) is None:
        return value
    raise ValueError("an address is neither packed nor a name")


def _int(value: cbor.Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a number was expected")
    return value


def _bytes(value: cbor.Value) -> bytes:
    if not isinstance(value, bytes):
        raise ValueError("a byte string was expected")
    return value


def _text(value: cbor.Value) -> str:
    if not isinstance(value, str):
        raise ValueError("a text was expected")
    return value
