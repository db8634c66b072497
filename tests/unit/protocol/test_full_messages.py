"""Messages that say all that they can."""

from __future__ import annotations

import pytest

from tests.support.records import a_file, a_tombstone, version
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import Member, SignedMember
from vaultsync.protocol import codec
from vaultsync.protocol.members import member_payload
from vaultsync.protocol.messages import (
    Bye,
    ChangeSet,
    ChunkRef,
    Contents,
    Hello,
    Join,
    Members,
    Message,
    Resync,
    VaultHello,
    Want,
    Welcome,
)

VAULT, NODE, OTHER = VaultId(b"v" * 16), NodeId(b"n" * 32), NodeId(b"o" * 32)
ADDRESSES = ("192.0.2.1:9", "[2001:db8::1]:9")
MEMBER = Member(
    vault=VAULT,
    node=NODE,
    name="Phone",
    hostname="phone",
    addresses=ADDRESSES,
    role="observer",
    generation=2,
    version=3,
    introduced_by=OTHER,
    removed_at=1_800_000_000_000,
    succeeds=OTHER,
)
CUT = a_tombstone(version(a=2), path="old.md", moved_to="new.md")
PASTED = a_file("text", version(a=3, b=1), path="new.md", moved_from="old.md", executable=True)


@pytest.mark.parametrize(
    "message",
    [
        Hello(1, "Laptop", "host", "1.0", ("x",), (VaultHello(VAULT, b"i" * 16, 9, b"j" * 16, 4),)),
        Hello(1, "Laptop", "host", "1.0", (), (VaultHello(VAULT, b"i" * 16, 9, b"", 0),)),
        Join(VAULT, b"s" * 16, "Phone", "phone", ADDRESSES),
        Welcome(VAULT, "Notes", "Laptop", "host", "member", ADDRESSES),
        Resync(VAULT),
        Want(VAULT, (b"h" * 32,), (b"m" * 32,), (ChunkRef(b"f" * 32, 5, 7),)),
        Members(VAULT, (SignedMember(MEMBER, member_payload(MEMBER), b"s" * 64),)),
        Bye(3, "why"),
        ChangeSet(VAULT, (CUT, PASTED), 9, {PASTED.hash: b"text"}),
        Contents(VAULT, {b"h" * 32: b"text"}, (b"m" * 32,)),
    ],
    ids=lambda message: type(message).__name__,
)
def test_they_survive(message: Message) -> None:
    assert codec.decode(codec.encode(message), codec.stream_of(message)) == message
