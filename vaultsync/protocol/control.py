"""The messages of the control stream as CBOR maps, and back (docs/protocol.cddl)."""

from __future__ import annotations

from vaultsync.model.manifests import MAX_CHUNK
from vaultsync.protocol.fields import (
    HASH_SIZE,
    Fields,
    addresses,
    array,
    bad_field,
    blob,
    hashes,
    mapping,
    pair,
    text,
    uint,
    vault,
)
from vaultsync.protocol.limits import MAX_CAPABILITIES, MAX_POSITION, MAX_REASON, MAX_VAULTS, MAX_WANTS
from vaultsync.protocol.members import read_records, record_fields
from vaultsync.protocol.messages import (
    Ack,
    Bye,
    ChunkRef,
    Digest,
    Hello,
    Join,
    Resync,
    VaultHello,
    Want,
    Welcome,
)
from vaultsync.tickets.cbor import Value
from vaultsync.tickets.ticket import ROLES, SECRET_SIZE

INDEX_ID_SIZE = 16


def hello_fields(message: Hello) -> dict[int, object]:
    fields: dict[int, object] = {
        1: message.protocol,
        2: message.name,
        3: message.hostname,
        4: message.app_version,
    }
    if message.capabilities:
        fields[5] = message.capabilities
    if message.vaults:
        fields[6] = [_vault_hello_fields(hello) for hello in message.vaults]
    return fields


def read_hello(fields: Fields) -> Hello:
    return Hello(
        protocol=uint(fields.get(1), "protocol", 0xFFFF, 1),
        name=text(fields.get(2), "name"),
        hostname=text(fields.get(3), "hostname"),
        app_version=text(fields.get(4), "app version"),
        capabilities=tuple(
            text(element, "capabilities") for element in array(fields.get(5), "capabilities", MAX_CAPABILITIES)
        ),
        vaults=tuple(
            _read_vault_hello(mapping(element, "vaults")) for element in array(fields.get(6), "vaults", MAX_VAULTS)
        ),
    )


def _vault_hello_fields(hello: VaultHello) -> dict[int, object]:
    fields: dict[int, object] = {1: hello.vault.raw, 2: hello.index_id, 3: hello.sequence}
    if hello.peer_index_id:
        fields[4] = hello.peer_index_id
        fields[5] = hello.cursor
    return fields


def _read_vault_hello(fields: Fields) -> VaultHello:
    known = 4 in fields
    if not known and 5 in fields:
        raise bad_field("cursor", "belongs to no index")
    return VaultHello(
        vault=vault(fields),
        index_id=blob(fields.get(2), "index id", INDEX_ID_SIZE),
        sequence=uint(fields.get(3), "sequence"),
        peer_index_id=blob(fields[4], "peer index id", INDEX_ID_SIZE) if known else b"",
        cursor=uint(fields.get(5), "cursor") if known else 0,
    )


def join_fields(message: Join) -> dict[int, object]:
    fields: dict[int, object] = {
        1: message.vault.raw,
        2: message.secret,
        3: message.name,
        4: message.hostname,
    }
    if message.addresses:
        fields[5] = message.addresses
    return fields


def read_join(fields: Fields) -> Join:
    return Join(
        vault=vault(fields),
        secret=blob(fields.get(2), "secret", SECRET_SIZE),
        name=text(fields.get(3), "name"),
        hostname=text(fields.get(4), "hostname"),
        addresses=addresses(fields.get(5), "addresses"),
    )


def welcome_fields(message: Welcome) -> dict[int, object]:
    fields: dict[int, object] = {
        1: message.vault.raw,
        2: message.vault_name,
        3: message.name,
        4: message.hostname,
        5: message.role,
    }
    if message.addresses:
        fields[6] = message.addresses
    if message.members:
        fields[7] = record_fields(message.members)
    return fields


def read_welcome(fields: Fields) -> Welcome:
    role = text(fields.get(5), "role")
    if role not in ROLES:
        raise bad_field("role", "is not a role that this version knows")
    of = vault(fields)
    return Welcome(
        vault=of,
        vault_name=text(fields.get(2), "vault name"),
        name=text(fields.get(3), "name"),
        hostname=text(fields.get(4), "hostname"),
        role=role,
        addresses=addresses(fields.get(6), "addresses"),
        members=read_records(fields.get(7), of),
    )


def ack_fields(message: Ack) -> dict[int, object]:
    return {1: message.vault.raw, 2: message.cursor}


def read_ack(fields: Fields) -> Ack:
    return Ack(vault(fields), uint(fields.get(2), "cursor"))


def digest_fields(message: Digest) -> dict[int, object]:
    return {1: message.vault.raw, 2: message.sequence, 3: message.cursor, 4: message.digest}


def read_digest(fields: Fields) -> Digest:
    return Digest(
        vault=vault(fields),
        sequence=uint(fields.get(2), "sequence"),
        cursor=uint(fields.get(3), "cursor"),
        digest=blob(fields.get(4), "digest", HASH_SIZE),
    )


def resync_fields(message: Resync) -> dict[int, object]:
    return {1: message.vault.raw}


def read_resync(fields: Fields) -> Resync:
    return Resync(vault(fields))


def chunk_ref_fields(ref: ChunkRef) -> list[object]:
    return [ref.file, ref.offset, ref.size]


def read_chunk_ref(value: Value) -> ChunkRef:
    if not isinstance(value, list) or len(value) != 3:
        raise bad_field("chunks", "has an element that is not (file, offset, size)")
    return ChunkRef(
        file=blob(value[0], "file", HASH_SIZE),
        offset=uint(value[1], "offset", MAX_POSITION - MAX_CHUNK),
        size=uint(value[2], "size", MAX_CHUNK, 1),
    )


def want_fields(message: Want) -> dict[int, object]:
    fields: dict[int, object] = {1: message.vault.raw}
    if message.contents:
        fields[2] = message.contents
    if message.manifests:
        fields[3] = message.manifests
    if message.chunks:
        fields[4] = [chunk_ref_fields(ref) for ref in message.chunks]
    if message.bases:
        fields[5] = list(message.bases.items())
    return fields


def read_want(fields: Fields) -> Want:
    want = Want(
        vault=vault(fields),
        contents=hashes(fields.get(2), "contents", MAX_WANTS),
        manifests=hashes(fields.get(3), "manifests", MAX_WANTS),
        chunks=tuple(read_chunk_ref(element) for element in array(fields.get(4), "chunks", MAX_WANTS)),
        bases=_read_bases(fields.get(5)),
    )
    count = len(want.contents) + len(want.manifests) + len(want.chunks)
    if not 1 <= count <= MAX_WANTS:
        raise bad_field("contents, manifests, chunks", f"are {count} wants together, not 1 to {MAX_WANTS}")
    return want


def _read_bases(value: Value | None) -> dict[bytes, bytes]:
    pairs = [pair(element, "bases") for element in array(value, "bases", MAX_WANTS)]
    found = {blob(file, "bases", HASH_SIZE): blob(base, "bases", HASH_SIZE) for file, base in pairs}
    if len(found) < len(pairs):
        raise bad_field("bases", "has two bases for one file")
    return found


def bye_fields(message: Bye) -> dict[int, object]:
    fields: dict[int, object] = {1: message.code}
    if message.reason:
        fields[2] = message.reason
    return fields


def read_bye(fields: Fields) -> Bye:
    reason = text(fields[2], "reason", MAX_REASON) if 2 in fields else ""
    return Bye(uint(fields.get(1), "code", 0xFFFF), reason)
