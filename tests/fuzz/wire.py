"""Decoders of what other devices send."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from blake3 import blake3

from tests.support.wire_values import ADDRESSES, NODES, VAULT, full_members, full_messages
from vaultsync.errors import ProtocolError, TicketError
from vaultsync.model.ids import from_base32, to_base32
from vaultsync.model.manifests import ChunkList
from vaultsync.protocol import codec
from vaultsync.protocol.contents import manifest_part_fields, read_manifest_part
from vaultsync.protocol.framing import FrameReader, StreamKind, frame
from vaultsync.protocol.members import member_payload, read_member
from vaultsync.protocol.messages import (
    Contents,
    ManifestPart,
)
from vaultsync.sync.listing import Listing
from vaultsync.tickets import cbor
from vaultsync.tickets import codec as tickets
from vaultsync.tickets.ticket import Ticket

KINDS: Final = tuple(StreamKind)


def try_ticket(data: bytes) -> None:
    """A zero byte and a payload, which is put into a ticket that is sound but for it; or any text."""
    if data[:1] == b"\0":
        checksum = blake3(tickets.PREFIX.encode() + data[1:]).digest(tickets.CHECKSUM_SIZE)
        text = tickets.PREFIX + to_base32(data[1:] + checksum)
    else:
        text = data.decode("utf-8", errors="surrogateescape")
    try:
        ticket = tickets.decode(text)
    except TicketError:
        return
    again = tickets.encode(ticket)
    assert tickets.decode(again) == ticket
    assert tickets.encode(tickets.decode(again.upper())) == again


def ticket_seeds() -> list[bytes]:
    made = [
        Ticket(
            NODES[0], VAULT, "Notes", "Laptop", ADDRESSES, bytes(16), 2**40, "member", "relay.example", reusable=True
        ),
        Ticket(NODES[1], VAULT, "", "", (), bytes(16), 0, "observer", None),
    ]
    texts = [tickets.encode(ticket) for ticket in made]
    payloads = []
    for text in texts:
        body = text.removeprefix(tickets.PREFIX)
        payloads.append(b"\0" + from_base32(body)[: -tickets.CHECKSUM_SIZE])
    return [*payloads, *(f"vaultsync join {text} folder".encode() for text in texts), b"vault2" + b"a" * 40]


def try_frames(data: bytes) -> None:
    """A byte that names the stream, a byte that says how large the pieces are, and what arrives."""
    if len(data) < 2:
        return
    kind, step, stream = KINDS[data[0] % 3], max(1, data[1]), data[2:]
    outcomes = []
    for size in (step, max(1, len(stream))):
        reader, bodies, refused = FrameReader(kind), [], False
        try:
            for start in range(0, len(stream), size):
                bodies += reader.feed(stream[start : start + size])
            reader.finish()
        except ProtocolError:
            refused = True
        outcomes.append((b"".join(map(frame, bodies)) if not refused else b"", refused))
    assert outcomes[0] == outcomes[1], "it matters how the bytes are cut"
    if not outcomes[0][1]:
        assert outcomes[0][0] == stream


def frame_seeds() -> list[bytes]:
    stream = frame(b"body") + frame(b"b" * 300)
    return [bytes([kind, 3]) + stream for kind in range(3)] + [b"\0\1\xff\xff\xff\xff", b"\1\2\0\0\0\0"]


def try_cbor(data: bytes) -> None:
    try:
        value = cbor.loads(data, max_items=1_000)
    except cbor.CborError:
        return
    assert cbor.dumps(value) == data, "two encodings of one value"


def cbor_seeds() -> list[bytes]:
    values: list[object] = [{0: 1, 1: [b"", "é", True, -5, {}]}, [[[[[[[1]]]]]]], 2**64 - 1]
    return [cbor.dumps(value) for value in values]


def try_message(data: bytes) -> None:
    """A byte that names the stream, and a frame's body."""
    if not data:
        return
    kind = KINDS[data[0] % 3]
    try:
        message = codec.decode(data[1:], kind)
    except ProtocolError:
        return
    assert codec.stream_of(message) is kind
    body = codec.encode(message)
    assert codec.decode(body, kind) == message
    assert codec.encode(codec.decode(body, kind)) == body, "two encodings of one message"


def message_seeds() -> list[bytes]:
    found = [bytes([KINDS.index(codec.stream_of(message))]) + codec.encode(message) for message in full_messages()]
    packed = codec.encode(Contents(VAULT, {b"c" * 32: b"long " * 500}))
    return [*found, bytes([KINDS.index(StreamKind.CONTENT)]) + packed]


def try_member(data: bytes) -> None:
    """A byte that says nothing, and a record's payload."""
    try:
        member = read_member(data[1:])
    except ProtocolError:
        return
    payload = member_payload(member)
    with suppress(ProtocolError):
        assert read_member(payload) == member
        assert member_payload(read_member(payload)) == payload, "two encodings of one record"
        return
    raise AssertionError("a record that was read cannot be written")


def member_seeds() -> list[bytes]:
    return [b"\0" + member_payload(member) for member in full_members()]


MANIFEST_SIZES: Final = (65_536, 16_384, 262_144, 5)


def try_manifest(data: bytes) -> None:
    """A byte that says whether there is a base, and an array of the parts of one file's manifest."""
    try:
        parts = cbor.loads(data[1:], max_items=1_000)
    except cbor.CborError:
        return
    if not isinstance(parts, list):
        return
    base = ChunkList((bytes([number]) * 32, size) for number, size in enumerate(MANIFEST_SIZES))
    listing = Listing(base if data[0] & 1 else None)
    with suppress(ProtocolError):
        for fields in parts:
            if not isinstance(fields, dict):
                return
            manifest = listing.add(read_manifest_part(fields))
            if manifest is not None:
                assert sum(chunk.size for chunk in manifest.chunks) == manifest.size
                ends = [0, *(chunk.offset + chunk.size for chunk in manifest.chunks)]
                assert [chunk.offset for chunk in manifest.chunks] == ends[:-1], "there is a gap"
                return


def manifest_seeds() -> list[bytes]:
    sizes = MANIFEST_SIZES
    chunks = tuple((bytes([number]) * 32, size) for number, size in enumerate(sizes))
    whole = ManifestPart(VAULT, b"f" * 32, sum(sizes), 0, True, chunks)
    halves = [
        ManifestPart(VAULT, b"f" * 32, sum(sizes), 0, False, chunks[:2]),
        ManifestPart(VAULT, b"f" * 32, sum(sizes), 2, True, chunks[2:]),
    ]
    changed = ManifestPart(VAULT, b"f" * 32, sum(sizes) + 70_000, 0, True, ((0, 1), (b"x" * 32, 70_000), (1, 3)))
    return [
        *(b"\0" + cbor.dumps([manifest_part_fields(part) for part in parts]) for parts in ([whole], halves)),
        b"\1" + cbor.dumps([manifest_part_fields(changed)]),
    ]
