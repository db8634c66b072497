"""Reading one field of a message: there, of its type and within its bounds, or `ProtocolError` (BAD_FIELD)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from vaultsync.errors import CloseCode, PathError, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.model.paths import check_path
from vaultsync.protocol.limits import MAX_ADDRESSES, MAX_NAME, MAX_POSITION
from vaultsync.tickets.addresses import is_address
from vaultsync.tickets.cbor import Value
from vaultsync.tickets.ticket import is_name

Fields: TypeAlias = Mapping[int, Value]

VAULT_KEY: Final = 1
"""The key of the vault id in every message about one vault."""

HASH_SIZE: Final = 32
"""Bytes of a BLAKE3-256 hash, and of a digest."""


def bad_field(name: str, why: str) -> ProtocolError:
    return ProtocolError(CloseCode.BAD_FIELD, f"The field “{name}” {why}.")


def uint(value: Value | None, name: str, high: int = MAX_POSITION, low: int = 0) -> int:
    if value.__class__ is not int:
        raise bad_field(name, "is missing or not an integer")
    assert isinstance(value, int)
    if not low <= value <= high:
        raise bad_field(name, f"is not within {low} and {high}")
    return value


def blob(value: Value | None, name: str, size: int) -> bytes:
    if not isinstance(value, bytes):
        raise bad_field(name, "is missing or not a byte string")
    if len(value) != size:
        raise bad_field(name, f"has {len(value)} bytes instead of {size}")
    return value


def text(value: Value | None, name: str, limit: int = MAX_NAME) -> str:
    """One line of at most `limit` characters."""
    if not isinstance(value, str):
        raise bad_field(name, "is missing or not a text")
    if not is_name(value, limit):
        raise bad_field(name, f"has control characters or more than {limit} characters")
    return value


def flag(value: Value | None, name: str) -> bool:
    if not isinstance(value, bool):
        raise bad_field(name, "is missing or not true or false")
    return value


def array(value: Value | None, name: str, limit: int) -> list[Value]:
    """A list of at most `limit` elements; an absent one is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad_field(name, "is not an array")
    if len(value) > limit:
        raise bad_field(name, f"has {len(value)} elements; the limit is {limit}")
    return value


def pair(value: Value, name: str) -> tuple[Value, Value]:
    if not isinstance(value, list) or len(value) != 2:
        raise bad_field(name, "has an element that is not a pair")
    return value[0], value[1]


def mapping(value: Value | None, name: str) -> Fields:
    if not isinstance(value, dict):
        raise bad_field(name, "is missing or not a map")
    return value


def hashes(value: Value | None, name: str, limit: int) -> tuple[bytes, ...]:
    return tuple(blob(element, name, HASH_SIZE) for element in array(value, name, limit))


def blobs_by_hash(value: Value | None, name: str, limit: int, max_size: int) -> dict[bytes, bytes]:
    """Contents of at most `max_size` bytes each by their hashes, which are not verified here; absent is empty."""
    found: dict[bytes, bytes] = {}
    for element in array(value, name, limit):
        digest, content = pair(element, name)
        digest = blob(digest, name, HASH_SIZE)
        if not isinstance(content, bytes) or len(content) > max_size:
            raise bad_field(name, f"has a content that is not bytes, or more than {max_size} of them")
        if digest in found:
            raise bad_field(name, "has two contents of one hash")
        found[digest] = content
    return found


def addresses(value: Value | None, name: str) -> tuple[str, ...]:
    found: list[str] = []
    for element in array(value, name, MAX_ADDRESSES):
        if not isinstance(element, str) or not is_address(element):
            raise bad_field(name, "has an element that is not `host:port`")
        found.append(element)
    return tuple(found)


def vault(fields: Fields) -> VaultId:
    return VaultId(blob(fields.get(VAULT_KEY), "vault", VaultId.SIZE))


def path(value: Value | None, name: str) -> str:
    """A vault path. Raises `ProtocolError` with BAD_PATH for one that no vault may hold."""
    if not isinstance(value, str):
        raise bad_field(name, "is missing or not a text")
    try:
        return check_path(value)
    except PathError as error:
        raise ProtocolError(CloseCode.BAD_PATH, error.message) from None
