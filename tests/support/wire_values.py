"""Values for the wire: one message of each kind with all that it can say, and strategies for messages of every form."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

from vaultsync.errors import PathError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.manifests import MAX_CHUNK
from vaultsync.model.members import Member, SignedMember
from vaultsync.model.paths import check_path
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.protocol.limits import MAX_POSITION
from vaultsync.protocol.members import member_payload, read_member
from vaultsync.protocol.messages import (
    Ack,
    Bye,
    ChangeSet,
    ChunkRef,
    Chunks,
    Contents,
    Digest,
    Hello,
    Join,
    ManifestPart,
    Members,
    Message,
    Resync,
    VaultHello,
    Want,
    Welcome,
)

VAULT = VaultId(b"v" * 16)
NODES = tuple(NodeId(bytes([number]) * 32) for number in (1, 2))
ADDRESSES = ("192.0.2.7:4433", "[2001:db8::1]:65535", "host.example:80")


def full_members() -> list[Member]:
    """A member that was removed and succeeds another, and one that says no more than it must."""
    return [
        Member(VAULT, NODES[0], "Laptop", "laptop", ADDRESSES, "member", 3, 2**40, NODES[1], 2**41, NODES[1]),
        Member(VAULT, NODES[1], "", "", (), "observer", 0, 1, NODES[1]),
    ]


def full_messages() -> list[Message]:
    """One message of each kind, with every field given."""
    record = FileRecord(
        "a/b.md", Kind.FILE, b"h" * 32, 5, 1_700 * 10**15, True, Version(((NODES[0].raw, 7), (NODES[1].raw, 9))), False,
        NODES[0].raw, "Laptop", 1_700 * 10**9, "c.md", "d.md",
    )  # fmt: skip
    folder = FileRecord("a", Kind.DIR, b"", 0, 0, False, Version(((NODES[1].raw, 3),)), False, NODES[1].raw, "Phone", 1)
    gone = FileRecord("x.md", Kind.FILE, b"", 0, 0, False, Version(((NODES[1].raw, 4),)), True, NODES[1].raw, "", 2)
    ref = ChunkRef(b"f" * 32, 65_536, 3)
    signed = tuple(SignedMember(member, member_payload(member), b"s" * 64) for member in full_members())
    hello = VaultHello(VAULT, b"i" * 16, 40, b"j" * 16, 30)
    return [
        Hello(1, "Laptop", "laptop.example", "1.2.3", ("one", "two"), (hello,)),
        Join(VAULT, b"s" * 16, "Laptop", "laptop", ADDRESSES),
        Welcome(VAULT, "Notes", "Laptop", "laptop", "member", ADDRESSES, signed),
        Ack(VAULT, 12),
        Digest(VAULT, 12, 13, b"d" * 32),
        Resync(VAULT),
        Want(VAULT, (b"c" * 32,), (b"m" * 32,), (ref,), {b"m" * 32: b"b" * 32}),
        Bye(0, "Until tomorrow."),
        Members(VAULT, signed),
        ChangeSet(VAULT, (record, folder, gone), 44, {b"h" * 32: b"12345"}),
        Contents(VAULT, {b"c" * 32: b"content"}, (b"n" * 32,)),
        ManifestPart(VAULT, b"f" * 32, 70_000, 0, True, ((3, 2**53), (b"1" * 32, 65_536), (b"2" * 32, 4_464))),
        Chunks(VAULT, ((ref, b"abc"),)),
    ]  # fmt: skip


def _is_path(text: str) -> bool:
    try:
        check_path(text)
    except PathError:
        return False
    return True


positions = st.one_of(st.integers(0, 30), st.integers(0, MAX_POSITION), st.just(MAX_POSITION))
hashes = st.binary(min_size=32, max_size=32)
vaults = st.builds(VaultId, st.binary(min_size=16, max_size=16))
index_ids = st.binary(min_size=16, max_size=16)
names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20)
addresses = st.lists(
    st.sampled_from(("192.0.2.7:4433", "[2001:db8::1]:65535", "[fe80::1%eth0]:1", "host.example:80")), max_size=16
).map(tuple)
roles = st.sampled_from(("member", "observer"))
paths = (
    st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4)
    .map(lambda parts: unicodedata.normalize("NFC", "/".join(parts)))
    .filter(_is_path)
)
nodes = st.sampled_from([bytes([index]) * 32 for index in range(6)]) | hashes


@st.composite
def records(draw: st.DrawFn) -> FileRecord:
    kind, deleted = draw(st.sampled_from(Kind)), draw(st.booleans())
    empty = deleted or kind is Kind.DIR
    return FileRecord(
        path=draw(paths),
        kind=kind,
        hash=b"" if empty else draw(hashes),
        size=0 if empty else draw(positions),
        mtime_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        executable=draw(st.booleans()),
        version=Version.of(draw(st.dictionaries(nodes, st.integers(1, MAX_POSITION), min_size=1, max_size=5))),
        deleted=deleted,
        modified_by=draw(nodes),
        modified_name=draw(names),
        modified_at=draw(positions),
        moved_to=draw(st.none() | paths),
        moved_from=draw(st.none() | paths),
    )


vault_hellos = st.builds(VaultHello, vaults, index_ids, positions, index_ids, positions) | st.builds(
    VaultHello, vaults, index_ids, positions, st.just(b""), st.just(0)
)
chunk_refs = st.builds(
    ChunkRef, hashes, st.integers(0, MAX_POSITION - MAX_CHUNK), st.integers(1, 40) | st.just(MAX_CHUNK)
)
pieces = st.builds(
    lambda file, offset, data: (ChunkRef(file, offset, len(data)), data),
    hashes,
    st.integers(0, MAX_POSITION - MAX_CHUNK),
    st.binary(min_size=1, max_size=900),
)


node_ids = st.builds(NodeId, hashes)


@st.composite
def member_messages(draw: st.DrawFn) -> Members:
    vault = draw(vaults)
    records = []
    for _ in range(draw(st.integers(1, 4))):
        payload = member_payload(
            Member(
                vault,
                draw(node_ids),
                draw(names),
                draw(names),
                draw(addresses),
                draw(roles),
                draw(st.integers(0, 1000)),
                draw(st.integers(1, MAX_POSITION)),
                draw(node_ids),
                draw(st.none() | positions),
                draw(st.none() | node_ids),
            )
        )
        records.append(SignedMember(read_member(payload), payload, draw(st.binary(min_size=64, max_size=64))))
    return Members(vault, tuple(records))


def _tuples(
    element: st.SearchStrategy[object], *, min_size: int = 0, max_size: int
) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(element, min_size=min_size, max_size=max_size).map(tuple)


messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        Hello,
        st.integers(1, 0xFFFF),
        names,
        names,
        names,
        _tuples(names, max_size=4),
        _tuples(vault_hellos, max_size=4),
    ),
    st.builds(Join, vaults, index_ids, names, names, addresses),
    st.builds(Welcome, vaults, names, names, names, roles, addresses),
    st.tuples(member_messages(), roles).map(
        lambda told: Welcome(told[0].vault, "", "", "", told[1], (), told[0].records)
    ),
    st.builds(Ack, vaults, positions),
    st.builds(Digest, vaults, positions, positions, hashes),
    st.builds(Resync, vaults),
    st.builds(
        Want,
        vaults,
        _tuples(hashes, min_size=1, max_size=5),
        _tuples(hashes, max_size=5),
        _tuples(chunk_refs, max_size=5),
    ),
    st.builds(Bye, st.integers(0, 0xFFFF), names),
    member_messages(),
    st.builds(
        ChangeSet,
        vaults,
        _tuples(records(), max_size=8),
        positions,
        st.dictionaries(hashes, st.binary(max_size=900), max_size=4),
    ),
    st.builds(
        Contents, vaults, st.dictionaries(hashes, st.binary(max_size=900), max_size=4), _tuples(hashes, max_size=4)
    ),
    st.builds(
        ManifestPart,
        vaults,
        hashes,
        positions,
        positions,
        st.booleans(),
        _tuples(st.tuples(hashes, st.integers(1, MAX_CHUNK)), max_size=30),
    ),
    st.builds(Chunks, vaults, _tuples(pieces, max_size=4)),
)
