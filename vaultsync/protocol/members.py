"""Membership records as bytes that are signed, and the message that carries them (docs/protocol.md, "Membership")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import Member, SignedMember
from vaultsync.protocol.fields import Fields, addresses, array, bad_field, blob, pair, text, uint, vault
from vaultsync.protocol.limits import MAX_GENERATION, MAX_MEMBER, MAX_MEMBER_ADDRESSES, MAX_MEMBERS, MAX_NAME
from vaultsync.protocol.messages import Members
from vaultsync.tickets import cbor
from vaultsync.tickets.cbor import Value
from vaultsync.tickets.ticket import ROLES

SIGNATURE_SIZE: Final = 64
SIGNING_CONTEXT: Final = b"vaultsync member v1\0"
"""Goes before the payload when it is signed, so that no other signature of a device's key can pass for this one."""

MAX_ITEMS: Final = 64
"""CBOR items of one record: its fields, its addresses, and room."""


def member_payload(member: Member) -> bytes:
    """What is signed, after `SIGNING_CONTEXT`, and sent. Texts and addresses are cut to what fits `MAX_MEMBER`."""
    for count in range(min(len(member.addresses), MAX_MEMBER_ADDRESSES), -1, -1):
        payload = cbor.dumps(_fields(member, count))
        if len(payload) <= MAX_MEMBER:
            return payload
    raise ValueError("a membership record of this size cannot be")


def _fields(member: Member, addresses_kept: int) -> dict[int, object]:
    fields: dict[int, object] = {
        1: member.vault.raw,
        2: member.node.raw,
        3: member.name[:MAX_NAME],
        4: member.hostname[:MAX_NAME],
        6: member.role,
        7: member.generation,
        8: member.version,
        9: member.introduced_by.raw,
    }
    if addresses_kept:
        fields[5] = member.addresses[:addresses_kept]
    if member.removed_at is not None:
        fields[10] = member.removed_at
    if member.succeeds is not None:
        fields[11] = member.succeeds.raw
    return fields


def read_member(payload: bytes) -> Member:
    """The record that `payload` encodes. Raises `ProtocolError`. Whether it is true is another question."""
    if len(payload) > MAX_MEMBER:
        raise ProtocolError(CloseCode.TOO_LARGE, f"A membership record has {len(payload)} bytes.")
    try:
        fields = cbor.loads(payload, max_items=MAX_ITEMS)
    except cbor.CborError as error:
        raise ProtocolError(CloseCode.MALFORMED, f"A membership record is not deterministic CBOR: {error}.") from None
    if not isinstance(fields, dict):
        raise ProtocolError(CloseCode.MALFORMED, "A membership record is not a CBOR map.")
    role = text(fields.get(6), "role")
    if role not in ROLES:
        raise bad_field("role", "is not a role that this version knows")
    found = addresses(fields.get(5), "addresses")
    if len(found) > MAX_MEMBER_ADDRESSES:
        raise bad_field("addresses", f"has {len(found)} elements; the limit is {MAX_MEMBER_ADDRESSES}")
    return Member(
        vault=VaultId(blob(fields.get(1), "vault", VaultId.SIZE)),
        node=NodeId(blob(fields.get(2), "node", NodeId.SIZE)),
        name=text(fields.get(3), "name"),
        hostname=text(fields.get(4), "hostname"),
        addresses=found,
        role=role,
        generation=uint(fields.get(7), "generation", MAX_GENERATION),
        version=uint(fields.get(8), "version", low=1),
        introduced_by=NodeId(blob(fields.get(9), "introduced by", NodeId.SIZE)),
        removed_at=uint(fields.get(10), "removed at") if 10 in fields else None,
        succeeds=NodeId(blob(fields[11], "succeeds", NodeId.SIZE)) if 11 in fields else None,
    )


def members_fields(message: Members) -> dict[int, object]:
    return {1: message.vault.raw, 2: record_fields(message.records)}


def read_members(fields: Fields) -> Members:
    of = vault(fields)
    records = read_records(fields.get(2), of)
    if not records:
        raise bad_field("records", "is empty")
    return Members(of, records)


def record_fields(records: Iterable[SignedMember]) -> list[list[bytes]]:
    return [[record.payload, record.signature] for record in records]


def read_records(value: Value | None, of: VaultId) -> tuple[SignedMember, ...]:
    """Records of the vault `of`. Raises `ProtocolError`."""
    records: list[SignedMember] = []
    for element in array(value, "records", MAX_MEMBERS):
        payload, signature = pair(element, "records")
        if not isinstance(payload, bytes):
            raise bad_field("records", "has a record that is not a byte string")
        member = read_member(payload)
        if member.vault != of:
            raise bad_field("records", "has a record of another vault")
        records.append(SignedMember(member, payload, blob(signature, "signature", SIGNATURE_SIZE)))
    return tuple(records)
