"""Every message survives the wire, and nothing from the wire is ever more than a `ProtocolError`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import cbor2
import pycddl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.wire_values import messages
from vaultsync.errors import ProtocolError
from vaultsync.protocol import codec, envelope
from vaultsync.protocol.framing import FrameReader, StreamKind, frame
from vaultsync.protocol.messages import (
    Members,
    Message,
)
from vaultsync.tickets import cbor

SCHEMA = pycddl.Schema((Path(__file__).parents[2] / "docs" / "protocol.cddl").read_text())
MEMBER_SCHEMA = pycddl.Schema("start = member\n" + (Path(__file__).parents[2] / "docs" / "protocol.cddl").read_text())
KINDS = st.sampled_from(StreamKind)

settings.register_profile("codec", deadline=None, suppress_health_check=[HealthCheck.too_slow])
CODEC = settings(settings.get_profile("codec"), max_examples=150)


def plain(body: bytes) -> bytes:
    """`body`, or what the envelope in it holds."""
    fields = cbor2.loads(body)
    return envelope.unseal(fields, 2 << 20) if fields[0] == envelope.ENVELOPE else body


@CODEC
@given(messages)
def test_round_trip_and_schema(message: Message) -> None:
    body, kind = codec.encode(message), codec.stream_of(message)
    assert codec.decode(body, kind) == message
    assert codec.encode(codec.decode(body, kind)) == body
    SCHEMA.validate_cbor(body)
    SCHEMA.validate_cbor(plain(body))
    if isinstance(message, Members):
        for record in message.records:
            MEMBER_SCHEMA.validate_cbor(record.payload)
    for other in StreamKind:
        if other is not kind:
            with pytest.raises(ProtocolError):
                codec.decode(body, other)


@CODEC
@given(st.binary(max_size=300), KINDS)
def test_arbitrary_bytes(body: bytes, kind: StreamKind) -> None:
    with suppress(ProtocolError):
        codec.decode(body, kind)


@CODEC
@given(messages, st.data())
def test_mutated_messages(message: Message, data: st.DataObject) -> None:
    body, kind = bytearray(plain(codec.encode(message))), codec.stream_of(message)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                body[at] = data.draw(st.integers(0, 255))
            case 1:
                del body[at : at + data.draw(st.integers(1, 8))]
            case 2:
                body[at:at] = data.draw(st.binary(min_size=1, max_size=8))
            case _:
                body[at] ^= 1 << data.draw(st.integers(0, 7))
        if not body:
            break
    try:
        decoded = codec.decode(bytes(body), kind)
    except ProtocolError:
        return
    # What is taken all the same is a message like any other.
    assert codec.decode(codec.encode(decoded), kind) == decoded


json_like = st.recursive(
    st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=10)
    | st.booleans()
    | st.none()
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=20,
)


@CODEC
@given(
    st.dictionaries(st.integers(0, 8), json_like, max_size=8),
    st.sampled_from([int(number) for number in codec.MessageType]),
    KINDS,
)
def test_wrong_fields(fields: dict[int, object], number: int, kind: StreamKind) -> None:
    """Well-formed maps with any values in a known message's fields."""
    body = cbor2.dumps({**fields, 0: number}, canonical=True)
    with suppress(ProtocolError):
        codec.decode(body, kind)


def _has_only_the_subset(value: object, depth: int = 0) -> bool:
    if depth > cbor.MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return depth < cbor.MAX_DEPTH and all(
            type(key) is int and 0 <= key < 2**64 and _has_only_the_subset(inner, depth + 1)
            for key, inner in value.items()
        )
    if isinstance(value, list):
        return depth < cbor.MAX_DEPTH and all(_has_only_the_subset(inner, depth + 1) for inner in value)
    return isinstance(value, (bytes, str, bool)) or (type(value) is int and -(2**64) <= value < 2**64)


@CODEC
@given(json_like)
def test_strict_decoder_agrees_with_cbor2_on_values(value: object) -> None:
    encoded = cbor2.dumps(value, canonical=True)
    if _has_only_the_subset(value):
        assert cbor.loads(encoded, max_items=1000) == value
    else:
        with pytest.raises(cbor.CborError):
            cbor.loads(encoded, max_items=1000)


@CODEC
@given(st.binary(max_size=60))
@example(bytes.fromhex("a2000100"))
@example(bytes.fromhex("1800"))
def test_what_the_strict_decoder_takes_is_canonical(data: bytes) -> None:
    try:
        value = cbor.loads(data, max_items=1000)
    except cbor.CborError:
        return
    assert cbor2.loads(data) == value
    assert cbor2.dumps(value, canonical=True) == data


@CODEC
@given(st.lists(st.binary(min_size=1, max_size=200), max_size=6), st.lists(st.integers(1, 60), max_size=40), KINDS)
def test_frames_survive_any_cutting(bodies: list[bytes], cuts: list[int], kind: StreamKind) -> None:
    stream = b"".join(map(frame, bodies))
    reader, found, at = FrameReader(kind), [], 0
    for cut in [*cuts, len(stream)]:
        found += reader.feed(stream[at : at + cut])
        at += cut
    found += reader.feed(stream[at:])
    reader.finish()
    assert found == bodies
