"""What a peer may not send, one wrong thing each."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import cbor2
import pytest
import zstandard
from blake3 import blake3

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.model.manifests import MAX_CHUNK
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.protocol import codec
from vaultsync.protocol.changes import change_set_fields, record_size
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.limits import (
    INLINE_CONTENT,
    MAX_CHANGE_FRAME,
    MAX_CONTENT_FRAME,
    MAX_CONTROL_FRAME,
    MAX_MANIFEST_PART,
    MAX_NAME,
    MAX_RECORDS,
    MAX_VAULTS,
    MAX_WANTS,
)
from vaultsync.protocol.messages import (
    Ack,
    Bye,
    ChangeSet,
    ChunkRef,
    Chunks,
    Contents,
    Hello,
    Join,
    ManifestPart,
    VaultHello,
    Want,
)

CONTROL, CHANGES, CONTENT = StreamKind.CONTROL, StreamKind.CHANGES, StreamKind.CONTENT
VAULT = VaultId(bytes(range(16)))
NODE, OTHER = b"\x01" * 32, b"\x02" * 32
HASH = b"\xaa" * 32
RECORD = FileRecord(
    path="Daily/2026-11-20.md",
    kind=Kind.FILE,
    hash=HASH,
    size=120,
    mtime_ns=1_795_000_000_000_000_000,
    executable=False,
    version=Version.of({NODE: 1_795_000_000_000, OTHER: 7}),
    deleted=False,
    modified_by=NODE,
    modified_name="Laptop",
    modified_at=1_795_000_000_000,
)
ACK = {0: 4, 1: VAULT.raw, 2: 9}
SET = {
    0: 16,
    1: VAULT.raw,
    2: 9,
    3: [[NODE, "Laptop"], [OTHER, ""]],
    4: [["a.md", 0, HASH, 5, 0, [0, 3, 1, 4], 0, 6, {}]],
}


def refused(body: bytes, kind: StreamKind = CONTROL) -> CloseCode:
    with pytest.raises(ProtocolError) as caught:
        codec.decode(body, kind)
    assert caught.value.message
    return caught.value.code


def with_record(**changed: object) -> bytes:
    """The change set `SET` with elements of its record replaced, by place (`at_3=…`)."""
    record = list(SET[4][0])  # type: ignore[index]
    for key, value in changed.items():
        record[int(key.removeprefix("at_"))] = value
    return cbor2.dumps({**SET, 4: [record]}, canonical=True)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "nothing at all"),
        ("a3000401", "it ends after a key"),
        ("a1", "a map that has nothing"),
        ("a2000419ff", "a number cut short"),
        ("80", "not a map"),
        ("04", "not a map"),
        ("a2000400 05".replace(" ", ""), "a key twice"),
        ("a20200 0004".replace(" ", ""), "keys out of order"),
        ("a1180004", "a key of one byte written in two"),
        ("a1001804", "a number of one byte written in two"),
        ("a100190004", "a number of one byte written in three"),
        ("b80100 04".replace(" ", ""), "a map's length written in two bytes"),
        ("bf0004ff", "an indefinite map"),
        ("a200040a9f01ff", "an indefinite array"),
        ("a200040a5f4101ff", "an indefinite byte string"),
        ("a200040a7f6161ff", "an indefinite text"),
        ("a200040af97e00", "NaN"),
        ("a200040afb3ff0000000000000", "a float"),
        ("a200040af6", "null"),
        ("a200040af7", "undefined"),
        ("a200040ae0", "a simple value"),
        ("a200040af8ff", "a simple value in two bytes"),
        ("a200040ac24101", "tag 2, a big number"),
        ("a200040ad81c80", "tag 28, shared"),
        ("a200040ad81d00", "tag 29, a reference"),
        ("a200040ad82361 61".replace(" ", ""), "tag 35, a regular expression"),
        ("d9d9f7a10004", "tag 55799, CBOR itself"),
        ("a200040a61ff", "a text that is not UTF-8"),
        ("a200040a63eda080", "a text with a surrogate"),
        ("a200040a1c", "a reserved length"),
        ("a2000461610a", "a text as a key"),
        ("a2000441610a", "a byte string as a key"),
        ("a20004200a", "a negative key"),
        ("a1000400", "a byte after the map"),
        ("a200040a9bffffffffffffffff", "an array of 2^64 - 1 elements"),
        ("a200040abbffffffffffffffff", "a map of 2^64 - 1 pairs"),
        ("a200040a5bffffffffffffffff", "a byte string of 2^64 - 1 bytes"),
        ("a200040a7b00000000ffffffff", "a text of 4 GiB"),
    ],
)
def test_not_deterministic_cbor(body: str, why: str) -> None:
    assert refused(bytes.fromhex(body)) is CloseCode.MALFORMED, why


def test_deep_nesting() -> None:
    for opening in (b"\x81", b"\xa1\x00"):
        assert refused(b"\xa2\x00\x04\x0a" + opening * 100_000) is CloseCode.MALFORMED


@pytest.mark.parametrize("kind", StreamKind)
@pytest.mark.parametrize("item", [b"\xa0", b"\x80", b"\x81\x00", b"\xa1\x00\x00", b"\x42ab", b"\x19\xff\xff"])
def test_memory_stays_near_the_size_of_the_frame(kind: StreamKind, item: bytes) -> None:
    count = (kind.max_frame - 16) // len(item)
    body = b"\xa2\x00\x04\x0a\x9a" + count.to_bytes(4, "big") + item * count
    tracemalloc.start()
    try:
        refused(body, kind)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * kind.max_frame


@pytest.mark.parametrize("kind", StreamKind)
def test_memory_of_what_the_item_limit_lets_through(kind: StreamKind) -> None:
    count = min(kind.max_items // 3 - 8, (kind.max_frame - 16) // 3)
    body = cbor2.dumps({0: 99, 10: [{0: 0}] * count})
    tracemalloc.start()
    try:
        assert refused(body, kind) is CloseCode.UNKNOWN_MESSAGE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * kind.max_frame


def test_types() -> None:
    assert refused(cbor2.dumps({0: 15})) is CloseCode.UNKNOWN_MESSAGE
    assert refused(cbor2.dumps({0: 2**63})) is CloseCode.UNKNOWN_MESSAGE
    assert refused(cbor2.dumps({1: 9})) is CloseCode.BAD_FIELD
    assert refused(cbor2.dumps({0: True})) is CloseCode.BAD_FIELD
    assert refused(cbor2.dumps(ACK), CHANGES) is CloseCode.UNEXPECTED
    assert refused(cbor2.dumps(SET), CONTENT) is CloseCode.UNEXPECTED


def test_unknown_keys_are_ignored() -> None:
    further = {9: [1, {3: b"x"}], 1000: "later"}
    assert codec.decode(cbor2.dumps({**ACK, **further}), CONTROL) == Ack(VAULT, 9)
    grown = with_record(at_8={2: "later"})
    assert codec.decode(grown, CHANGES) == codec.decode(with_record(), CHANGES)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({**ACK, 1: b"short"}, "a vault id of 5 bytes"),
        ({0: 4, 2: 9}, "no vault id"),
        ({0: 4, 1: VAULT.raw}, "no cursor"),
        ({**ACK, 2: -1}, "a negative cursor"),
        ({**ACK, 2: 2**53 + 1}, "a cursor over 2^53"),
        ({**ACK, 2: True}, "a truth value as a number"),
        ({**ACK, 2: "9"}, "a text as a number"),
        ({0: 1, 1: 0, 2: "a", 3: "b", 4: "1"}, "protocol version 0"),
        ({0: 1, 1: 1, 2: "a\x00", 3: "b", 4: "1"}, "a control character in a name"),
        ({0: 1, 1: 1, 2: "a\nb", 3: "b", 4: "1"}, "two lines in a name"),
        ({0: 1, 1: 1, 2: "a\u2028b", 3: "b", 4: "1"}, "two lines in a name, the Unicode way"),
        ({0: 1, 1: 1, 2: "a" * (MAX_NAME + 1), 3: "b", 4: "1"}, "a long name"),
        ({0: 1, 1: 1, 2: b"a", 3: "b", 4: "1"}, "bytes as a name"),
        ({0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 5: "cap"}, "a text as a list"),
        ({0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 5: ["c"] * 65}, "too many capabilities"),
        ({0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 6: [[]]}, "an array as a vault's hello"),
        ({0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 6: [{1: VAULT.raw, 2: bytes(16), 3: 1, 5: 1}]}, "a cursor in no index"),
        ({0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 6: [{1: VAULT.raw, 2: bytes(15), 3: 1}]}, "a short index id"),
        (
            {0: 1, 1: 1, 2: "a", 3: "b", 4: "1", 6: [{1: VAULT.raw, 2: bytes(16), 3: 1}] * (MAX_VAULTS + 1)},
            "too many vaults",
        ),
        ({0: 2, 1: VAULT.raw, 2: bytes(15), 3: "a", 4: "b"}, "a short secret"),
        ({0: 2, 1: VAULT.raw, 2: bytes(16), 3: "a", 4: "b", 5: ["nowhere"]}, "an address without a port"),
        ({0: 2, 1: VAULT.raw, 2: bytes(16), 3: "a", 4: "b", 5: ["h:1"] * 17}, "too many addresses"),
        ({0: 3, 1: VAULT.raw, 2: "v", 3: "a", 4: "b", 5: "owner"}, "an unknown role"),
        ({0: 5, 1: VAULT.raw, 2: 1, 3: 1, 4: bytes(31)}, "a short digest"),
        ({0: 7, 1: VAULT.raw}, "a want of nothing"),
        ({0: 7, 1: VAULT.raw, 2: [HASH] * (MAX_WANTS + 1)}, "too many wants"),
        ({0: 7, 1: VAULT.raw, 2: [HASH] * 600, 3: [HASH] * 600}, "too many wants together"),
        ({0: 7, 1: VAULT.raw, 2: [HASH[1:]]}, "a short hash"),
        ({0: 7, 1: VAULT.raw, 4: [[HASH, 0]]}, "a chunk without a size"),
        ({0: 7, 1: VAULT.raw, 4: [[HASH, 0, 0]]}, "an empty chunk"),
        ({0: 7, 1: VAULT.raw, 4: [[HASH, 0, MAX_CHUNK + 1]]}, "a chunk over the limit"),
        ({0: 7, 1: VAULT.raw, 4: [[HASH, 2**53, 1]]}, "a chunk that ends past every file"),
        ({0: 8}, "no code"),
        ({0: 8, 1: 70_000}, "a code of three bytes"),
        ({0: 8, 1: 0, 2: "x" * 257}, "a long reason"),
    ],
)
def test_bad_fields_on_the_control_stream(body: dict[int, object], why: str) -> None:
    assert refused(cbor2.dumps(body, canonical=True)) is CloseCode.BAD_FIELD, why


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"at_0": b"a.md"}, "bytes as a path"),
        ({"at_1": 8}, "an unknown flag"),
        ({"at_2": b""}, "a file without a hash"),
        ({"at_2": HASH[1:]}, "a short hash"),
        ({"at_1": 1}, "a folder with a hash"),
        ({"at_1": 4}, "a tombstone with a hash"),
        ({"at_1": 1, "at_2": b""}, "a folder with a size"),
        ({"at_1": 4, "at_2": b""}, "a tombstone with a size"),
        ({"at_3": -1}, "a negative size"),
        ({"at_3": 2**53 + 1}, "a size over 2^53"),
        ({"at_4": 2**63}, "an mtime over 63 bits"),
        ({"at_4": -(2**63) - 1}, "an mtime under 63 bits"),
        ({"at_4": "now"}, "a text as an mtime"),
        ({"at_5": []}, "a version of no device"),
        ({"at_5": [0]}, "a device without a counter"),
        ({"at_5": [0, 0]}, "counter 0"),
        ({"at_5": [0, 2**53 + 1]}, "a counter over 2^53"),
        ({"at_5": [2, 1]}, "a device that is not in the table"),
        ({"at_5": [1, 4, 0, 3]}, "devices out of order"),
        ({"at_5": [0, 4, 0, 4]}, "a device twice"),
        ({"at_5": [0, 1] * 257}, "257 devices"),
        ({"at_6": 2}, "an author who is not in the table"),
        ({"at_7": -1}, "a time before 1970"),
        ({"at_8": [1]}, "an array where further fields belong"),
        ({"at_8": {0: 5}}, "a number as a path"),
        ({"at_8": 0}, "a number where further fields belong"),
    ],
)
def test_bad_fields_of_a_record(changed: dict[str, object], why: str) -> None:
    assert isinstance(codec.decode(with_record(), CHANGES), ChangeSet), "the record is sound before the change"
    assert refused(with_record(**changed), CHANGES) is CloseCode.BAD_FIELD, why


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../up", "a/../b", "a//b", "a\\b", "a\x00b", ".vaultsync/id", "e\u0301", "x" * 256]
)
def test_bad_paths(path: str) -> None:
    assert refused(with_record(at_0=path), CHANGES) is CloseCode.BAD_PATH
    assert refused(with_record(at_8={0: path}), CHANGES) is CloseCode.BAD_PATH
    assert refused(with_record(at_8={1: path}), CHANGES) is CloseCode.BAD_PATH


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        (CHANGES, {**SET, 4: SET[4] * (MAX_RECORDS + 1)}, "too many records"),  # type: ignore[operator]
        (CHANGES, {**SET, 4: [[]]}, "an empty record"),
        (CHANGES, {**SET, 3: [[NODE[1:], "a"]]}, "a short node id"),
        (CHANGES, {**SET, 3: [NODE]}, "a device without a name"),
        (CHANGES, {**SET, 3: [[NODE, "\x1b[2J"], [OTHER, ""]]}, "an escape sequence as a name"),
        (CHANGES, {**SET, 5: [[HASH, bytes(INLINE_CONTENT + 1)]]}, "an inline content over 64 KiB"),
        (CHANGES, {**SET, 5: [[HASH, b""], [HASH, b""]]}, "two contents of one hash"),
        (CHANGES, {**SET, 5: [[HASH[1:], b""]]}, "a content under a short hash"),
        (CHANGES, {**SET, 5: {0: b""}}, "a map as a list"),
        (CONTENT, {0: 32, 1: VAULT.raw, 2: [[HASH, bytes((1 << 20) + 1)]]}, "a whole content over 1 MiB"),
        (CONTENT, {0: 32, 1: VAULT.raw, 3: [b""]}, "a missing content without a hash"),
        (CONTENT, {0: 33, 1: VAULT.raw, 2: HASH, 3: 9, 4: 0, 5: 1, 6: []}, "a number as a truth value"),
        (CONTENT, {0: 33, 1: VAULT.raw, 2: HASH, 3: 9, 4: 0, 5: True, 6: [[HASH, 0]]}, "an empty chunk"),
        (
            CONTENT,
            {0: 33, 1: VAULT.raw, 2: HASH, 3: 9, 4: 0, 5: True, 6: [[HASH, 9]] * (MAX_MANIFEST_PART + 1)},
            "too many chunks",
        ),
        (CONTENT, {0: 34, 1: VAULT.raw, 2: [[HASH, 0, 4, b"abc"]]}, "a chunk of another size than it says"),
        (CONTENT, {0: 34, 1: VAULT.raw, 2: [[HASH, 0, 3]]}, "a chunk without data"),
    ],
)
def test_bad_fields_on_the_bulk_streams(kind: StreamKind, body: dict[int, object], why: str) -> None:
    assert refused(cbor2.dumps(body, canonical=True), kind) is CloseCode.BAD_FIELD, why


def envelope(body: bytes, *, size: int | None = None, packed: bytes | None = None) -> bytes:
    packed = zstandard.ZstdCompressor().compress(body) if packed is None else packed
    return cbor2.dumps({0: 127, 1: len(body) if size is None else size, 2: packed})


BULK = cbor2.dumps({0: 32, 1: VAULT.raw, 2: [[HASH, bytes(4000)]]})


def test_envelopes() -> None:
    assert codec.decode(envelope(BULK), CONTENT) == Contents(VAULT, {HASH: bytes(4000)})
    assert refused(envelope(envelope(BULK).ljust(600, b"\0")), CONTENT) is CloseCode.MALFORMED
    inner = cbor2.dumps({0: 127, 1: len(BULK), 2: zstandard.ZstdCompressor().compress(BULK), 3: bytes(600)})
    assert refused(envelope(inner), CONTENT) is CloseCode.MALFORMED, "an envelope in an envelope"
    hello = codec.encode(Hello(1, "a" * 128, "b" * 128, "c" * 128, ("d" * 128, "e" * 128)))
    assert refused(envelope(hello), CONTROL) is CloseCode.UNEXPECTED, "compressed on the control stream"
    assert refused(envelope(hello), CONTENT) is CloseCode.UNEXPECTED, "a control message in an envelope"
    assert refused(envelope(BULK, size=len(BULK) + 1), CONTENT) is CloseCode.MALFORMED
    assert refused(envelope(BULK, size=MAX_CONTENT_FRAME + 1), CONTENT) is CloseCode.TOO_LARGE
    assert refused(envelope(cbor2.dumps(ACK)), CONTENT) is CloseCode.BAD_FIELD, "too small to be compressed"
    assert refused(envelope(BULK, packed=b"not zstd"), CONTENT) is CloseCode.MALFORMED
    assert refused(envelope(BULK, packed=b""), CONTENT) is CloseCode.MALFORMED
    packed = zstandard.ZstdCompressor().compress(BULK)
    assert refused(envelope(BULK, packed=packed + b"x"), CONTENT) is CloseCode.MALFORMED, "bytes after the frame"
    assert refused(envelope(BULK, packed=packed[:-3]), CONTENT) is CloseCode.MALFORMED, "a frame cut short"
    sizeless = zstandard.ZstdCompressor(write_content_size=False).compress(BULK)
    assert refused(envelope(BULK, packed=sizeless), CONTENT) is CloseCode.MALFORMED
    assert refused(cbor2.dumps({0: 127, 1: 5000}), CONTENT) is CloseCode.BAD_FIELD


@pytest.mark.parametrize("off", [-1, 1])
def test_a_frame_that_holds_another_size_than_it_declares(off: int) -> None:
    packed = bytearray(zstandard.ZstdCompressor().compress(BULK))
    assert packed[4] == 0x60, "one segment, and a content size in two bytes, less 256 (RFC 8878 §3.1.1.1)"
    packed[5:7] = (len(BULK) - 256 + off).to_bytes(2, "little")
    assert refused(envelope(BULK, size=len(BULK) + off, packed=bytes(packed)), CONTENT) is CloseCode.MALFORMED


def test_decompression_bomb() -> None:
    bomb = zstandard.ZstdCompressor().compress(bytes(256 << 20))
    tracemalloc.start()
    try:
        assert refused(envelope(b"", size=4000, packed=bomb), CONTENT) is CloseCode.MALFORMED
        assert refused(envelope(b"", size=256 << 20, packed=bomb), CONTENT) is CloseCode.TOO_LARGE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * MAX_CONTENT_FRAME


def test_a_huge_zstd_window_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=True, enable_ldm=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj(size=len(BULK))
    packed = compressor.compress(BULK) + compressor.flush()
    if zstandard.get_frame_parameters(packed).window_size <= 2 << 20:
        # A frame header with a window descriptor of 128 MiB and an 8-byte content size (RFC 8878 §3.1.1.1).
        packed = bytes.fromhex("28b52ffdc0") + bytes([17 << 3]) + len(BULK).to_bytes(8, "little") + packed[6:]
    assert zstandard.get_frame_parameters(packed).window_size > 2 << 20
    assert refused(envelope(BULK, packed=packed), CONTENT) is CloseCode.MALFORMED


def test_compression_only_where_it_is_allowed_and_helps() -> None:
    text = b"All work and no play. " * 5000
    assert len(codec.encode(Contents(VAULT, {HASH: text}))) < 500
    for size in (4_000, 1 << 20):
        noise = blake3(b"noise").digest(size)
        assert noise in codec.encode(Contents(VAULT, {HASH: noise})), "what does not shrink stays as it is"
    assert b"x" * 400 in codec.encode(Contents(VAULT, {HASH: b"x" * 400})), "bodies up to 512 bytes stay as they are"
    assert HASH in codec.encode(Want(VAULT, (HASH,) * 100)), "control messages stay as they are"
    half = blake3(b"noise").digest(1 << 19) + text * 4
    assert len(codec.encode(Contents(VAULT, {HASH: half}))) < 600_000, "a body that shrinks in part is sampled rightly"


def test_too_large() -> None:
    for kind, limit in ((CONTROL, MAX_CONTROL_FRAME), (CHANGES, MAX_CHANGE_FRAME), (CONTENT, MAX_CONTENT_FRAME)):
        assert refused(bytes(limit + 1), kind) is CloseCode.TOO_LARGE
    big = Chunks(VAULT, tuple((ChunkRef(HASH, 0, MAX_CHUNK), bytes(MAX_CHUNK)) for _ in range(9)))
    with pytest.raises(ValueError, match="over the limit"):
        codec.encode(big)


def test_the_largest_messages_fit() -> None:
    hello = Hello(
        1,
        "é" * MAX_NAME,
        "é" * MAX_NAME,
        "1",
        (),
        tuple(VaultHello(VAULT, HASH[:16], 2**53, HASH[:16], 2**53) for _ in range(MAX_VAULTS)),
    )
    want = Want(VAULT, (), (), tuple(ChunkRef(HASH, 2**53 - MAX_CHUNK, MAX_CHUNK) for _ in range(MAX_WANTS)))
    part = ManifestPart(VAULT, HASH, 2**53, 0, False, ((HASH, MAX_CHUNK),) * MAX_MANIFEST_PART)
    records = ChangeSet(VAULT, tuple(replace(RECORD, path=f"{'d' * 200}/{i}.md") for i in range(MAX_RECORDS)), 9)
    whole = Contents(VAULT, {HASH: bytes(1 << 20)})
    for message in (hello, want, part, records, whole):
        assert codec.decode(codec.encode(message), codec.stream_of(message)) == message


def test_record_size_is_an_upper_bound() -> None:
    long = replace(
        RECORD,
        path="é" * 100,
        version=Version.of({bytes([i]) * 32: 2**53 for i in range(200)}),
        modified_name="é" * MAX_NAME,
        mtime_ns=-(2**63),
        size=2**53,
        modified_at=2**53,
        moved_to="x" * 255,
        moved_from="y" * 200,
    )
    tombstone = replace(RECORD, deleted=True, hash=b"", size=0)
    for record in (RECORD, long, tombstone):
        size = len(cbor2.dumps(change_set_fields(ChangeSet(VAULT, (record,), 2**53)), canonical=True))
        assert size - 45 <= record_size(record) <= 4 * size


def test_a_device_that_changed_its_name_keeps_both() -> None:
    first = replace(RECORD, path="a.md")
    second = replace(RECORD, path="b.md", modified_name="Laptop, new", version=Version.of({NODE: 1, b"\0" * 32: 2}))
    message = ChangeSet(VAULT, (first, second), 9)
    assert codec.decode(codec.encode(message), CHANGES) == message


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(Join(VAULT, b"0123456789abcdef", "a", "b"))
    assert "0123456789abcdef" not in repr(Join(VAULT, b"0123456789abcdef", "a", "b"))


def test_bye_may_carry_a_code_of_the_future() -> None:
    assert codec.decode(codec.encode(Bye(0x99, "later")), CONTROL) == Bye(0x99, "later")
