"""The messages of the content stream as CBOR maps, and back (docs/protocol.cddl)."""

from __future__ import annotations

from vaultsync.model.differences import Told
from vaultsync.model.manifests import CHUNKED_ABOVE, MAX_CHUNK
from vaultsync.protocol.control import chunk_ref_fields, read_chunk_ref
from vaultsync.protocol.fields import (
    HASH_SIZE,
    Fields,
    array,
    bad_field,
    blob,
    blobs_by_hash,
    flag,
    hashes,
    pair,
    uint,
    vault,
)
from vaultsync.protocol.limits import MAX_MANIFEST_PART, MAX_WANTS
from vaultsync.protocol.messages import ChunkRef, Chunks, Contents, ManifestPart
from vaultsync.tickets.cbor import Value


def contents_fields(message: Contents) -> dict[int, object]:
    fields: dict[int, object] = {1: message.vault.raw}
    if message.contents:
        fields[2] = list(message.contents.items())
    if message.missing:
        fields[3] = message.missing
    return fields


def read_contents(fields: Fields) -> Contents:
    return Contents(
        vault=vault(fields),
        contents=blobs_by_hash(fields.get(2), "contents", MAX_WANTS, CHUNKED_ABOVE),
        missing=hashes(fields.get(3), "missing", MAX_WANTS),
    )


def manifest_part_fields(message: ManifestPart) -> dict[int, object]:
    return {
        1: message.vault.raw,
        2: message.file,
        3: message.size,
        4: message.first,
        5: message.last,
        6: message.chunks,
    }


def read_manifest_part(fields: Fields) -> ManifestPart:
    chunks: list[Told] = []
    for element in array(fields.get(6), "chunks", MAX_MANIFEST_PART):
        what, size = pair(element, "chunks")
        if what.__class__ is int:
            chunks.append((uint(what, "chunk of the base"), uint(size, "chunks of the base", low=1)))
        else:
            chunks.append((blob(what, "chunk hash", HASH_SIZE), uint(size, "chunk size", MAX_CHUNK, 1)))
    return ManifestPart(
        vault=vault(fields),
        file=blob(fields.get(2), "file", HASH_SIZE),
        size=uint(fields.get(3), "size"),
        first=uint(fields.get(4), "first"),
        last=flag(fields.get(5), "last"),
        chunks=tuple(chunks),
    )


def chunks_fields(message: Chunks) -> dict[int, object]:
    return {1: message.vault.raw, 2: [[*chunk_ref_fields(ref), data] for ref, data in message.chunks]}


def read_chunks(fields: Fields) -> Chunks:
    return Chunks(
        vault=vault(fields),
        chunks=tuple(_read_piece(element) for element in array(fields.get(2), "chunks", MAX_WANTS)),
    )


def _read_piece(value: Value) -> tuple[ChunkRef, bytes]:
    if not isinstance(value, list) or len(value) != 4:
        raise bad_field("chunks", "has an element that is not (file, offset, size, data)")
    ref = read_chunk_ref(value[:3])
    return ref, blob(value[3], "chunk data", ref.size)
