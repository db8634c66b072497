"""docs/protocol.md and docs/protocol.cddl against the code."""

from __future__ import annotations

import re
from pathlib import Path

import cbor2
import pycddl
import pytest

from vaultsync.errors import CloseCode
from vaultsync.model import manifests, paths, versions
from vaultsync.model.ids import VaultId
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.protocol import codec, framing, limits
from vaultsync.protocol.messages import Ack, ChangeSet, Contents, Digest, Hello, Message, VaultHello, Want
from vaultsync.tickets import cbor

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT = (DOCS / "protocol.md").read_text()
SCHEMA = pycddl.Schema((DOCS / "protocol.cddl").read_text())

VAULT = VaultId(b"\x11" * 16)
A, B = b"\xaa" * 32, b"\xbb" * 32
INDEX_A, INDEX_B = b"\xa1" * 16, b"\xb1" * 16
HASH, DIGEST = b"\xcc" * 32, b"\xdd" * 32
NOTE = FileRecord(
    path="Daily/2026-11-20.md",
    kind=Kind.FILE,
    hash=HASH,
    size=14,
    mtime_ns=1_795_000_000_000_000_000,
    executable=False,
    version=Version.of({A: 1_795_000_000_123}),
    deleted=False,
    modified_by=A,
    modified_name="Laptop",
    modified_at=1_795_000_000_123,
)

EXAMPLE: list[tuple[str, Message, str]] = [
    (
        "A → B",
        Hello(1, "Laptop", "laptop", "0.1", (), (VaultHello(VAULT, INDEX_A, 8, INDEX_B, 5),)),
        "A is at 8 and has applied B's index up to 5.",
    ),
    (
        "B → A",
        Hello(1, "Phone", "phone", "0.1", (), (VaultHello(VAULT, INDEX_B, 5, INDEX_A, 7),)),
        "B, at the same time: it is at 5 and has applied A's up to 7. It lacks 8, and A lacks nothing.",
    ),
    ("A → B", ChangeSet(VAULT, (NOTE,), 8), "The record of the note, and with it everything up to 8."),
    ("B → A", Want(VAULT, (HASH,)), "B has no content of that hash."),
    ("A → B", Contents(VAULT, {HASH: b"# 20 November\n"}), "Here it is."),
    ("B → A", Ack(VAULT, 8), "Verified, on the disk and in the index."),
    ("B → A", Digest(VAULT, 5, 8, DIGEST), "The cursors have met."),
    ("A → B", Digest(VAULT, 8, 5, DIGEST), "The same digest at the same positions: in sync."),
]


def example() -> str:
    parts: list[str] = []
    opened: set[tuple[str, framing.StreamKind]] = set()
    for way, message, text in EXAMPLE:
        kind = codec.stream_of(message)
        preamble = b"" if (way, kind) in opened else kind.preamble
        opened.add((way, kind))
        parts.append(f"{way}, {kind}: `{type(message).__name__}`. {text}")
        digits = (preamble + framing.frame(codec.encode(message))).hex()
        lines = [digits[at : at + 100] for at in range(0, len(digits), 100)]
        parts.append("\n".join(["```hex", *lines, "```"]))
    return "\n\n".join(parts) + "\n"


def rows(heading: str) -> list[list[str]]:
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_example_is_what_the_codec_makes() -> None:
    assert DOCUMENT.endswith(example())


def test_the_example_reads_back() -> None:
    blocks = re.findall(r"```hex\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(blocks) == len(EXAMPLE)
    for block, (_, message, _) in zip(blocks, EXAMPLE, strict=True):
        kind = codec.stream_of(message)
        data = bytes.fromhex(block).removeprefix(kind.preamble)
        (body,) = framing.FrameReader(kind).feed(data)
        assert codec.decode(body, kind) == message


def test_limits() -> None:
    table = {name: int(value.replace(",", "")) for name, value, _ in rows("Limits")}
    ours = {name: value for name, value in vars(limits).items() if type(value) is int and name != "PROTOCOL_VERSION"}
    others = {
        "MAX_COUNTER": versions.MAX_COUNTER,
        "MAX_DEVICES": versions.MAX_DEVICES,
        "CHUNKED_ABOVE": manifests.CHUNKED_ABOVE,
        "MAX_CHUNK": manifests.MAX_CHUNK,
        "MAX_PATH_BYTES": paths.MAX_PATH_BYTES,
        "MAX_COMPONENT_BYTES": paths.MAX_COMPONENT_BYTES,
        "MAX_DEPTH": paths.MAX_DEPTH,
    }
    assert table == {**ours, **others}


def test_close_codes() -> None:
    assert [(int(code, 16), name) for code, name, _ in rows("Close codes")] == [
        (code.value, code.name) for code in CloseCode
    ]


def test_streams() -> None:
    table = {row[0]: row for row in rows("Streams")}
    assert set(table) == {kind.value for kind in framing.StreamKind}
    for kind in framing.StreamKind:
        assert table[kind][3] == (kind.preamble.hex() or "none")
        named = set(re.findall(r"\w+", table[kind][4]))
        assert named == {form.value.__name__ for form in codec._BY_TYPE.values() if form.stream is kind}


def test_every_message_is_described_with_its_number() -> None:
    described = dict(re.findall(r"\*\*(\w+)\*\* \((\d+)\)", DOCUMENT))
    assert described == {form.value.__name__: str(number) for number, form in codec._BY_TYPE.items()}


def test_numbers_in_the_text() -> None:
    assert f"ALPN `{limits.ALPN}`" in DOCUMENT
    assert f"deeper than {cbor.MAX_DEPTH}" in DOCUMENT


@pytest.mark.parametrize(
    "body",
    [
        {0: 4, 1: b"short", 2: 1},
        {0: 4, 1: VAULT.raw},
        {0: 4, 1: VAULT.raw, 2: -1},
        {0: 8, 1: 70_000},
        {0: 16, 1: VAULT.raw, 2: 1, 3: [[A, "a"]], 4: [["a.md", 8, HASH, 5, 0, [0, 3], 0, 6, {}]]},
        {0: 16, 1: VAULT.raw, 2: 1, 3: [[A, "a"]], 4: [["a.md", 0, HASH, 5, 0, [0, 3], 0, 6]]},
        {0: 32, 1: VAULT.raw, 2: [[HASH[1:], b""]]},
        {0: 99},
    ],
)
def test_the_schema_refuses_what_no_sender_makes(body: dict[int, object]) -> None:
    with pytest.raises(pycddl.ValidationError):
        SCHEMA.validate_cbor(cbor2.dumps(body, canonical=True))
