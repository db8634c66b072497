"""Membership records that no member makes."""

from __future__ import annotations

import pytest

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import Member, SignedMember
from vaultsync.protocol import codec
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.limits import MAX_MEMBER
from vaultsync.protocol.members import member_payload, read_member
from vaultsync.tickets import cbor

VAULT, NODE = VaultId(b"v" * 16), NodeId(b"n" * 32)
ADDRESS = "192.0.2.1:9"
GOOD: dict[int, object] = {
    1: VAULT.raw, 2: NODE.raw, 3: "Phone", 4: "phone", 6: "member", 7: 0, 8: 1, 9: NODE.raw,
}  # fmt: skip

BAD: dict[str, tuple[CloseCode, bytes]] = {
    "too long": (CloseCode.TOO_LARGE, bytes(MAX_MEMBER + 1)),
    "no CBOR": (CloseCode.MALFORMED, b"\xff"),
    "no map": (CloseCode.MALFORMED, cbor.dumps([])),
    "an unknown role": (CloseCode.BAD_FIELD, cbor.dumps({**GOOD, 6: "king"})),
    "too many addresses": (CloseCode.BAD_FIELD, cbor.dumps({**GOOD, 5: [ADDRESS] * 9})),
    "a generation without end": (CloseCode.BAD_FIELD, cbor.dumps({**GOOD, 7: 1_001})),
    "version 0": (CloseCode.BAD_FIELD, cbor.dumps({**GOOD, 8: 0})),
    "a short key": (CloseCode.BAD_FIELD, cbor.dumps({**GOOD, 11: b"k"})),
}


@pytest.mark.parametrize(("code", "payload"), BAD.values(), ids=BAD)
def test_refused(code: CloseCode, payload: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_member(payload)
    assert caught.value.code is code


def body(records: object) -> bytes:
    return cbor.dumps({0: codec.MessageType.MEMBERS, 1: VAULT.raw, 2: records})


@pytest.mark.parametrize(
    "records",
    [
        [],
        [[cbor.dumps({**GOOD, 1: b"w" * 16}), bytes(64)]],
        [["text", bytes(64)]],
        [[cbor.dumps(GOOD), bytes(63)]],
        [[cbor.dumps(GOOD)]],
    ],
    ids=["none", "another vault's", "a text", "a short signature", "no signature"],
)
def test_messages_that_hold_no_proper_records(records: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        codec.decode(body(records), StreamKind.CONTROL)
    assert caught.value.code is CloseCode.BAD_FIELD


def test_all_fields_survive() -> None:
    for member in (
        Member(VAULT, NODE, "Phone", "phone", (ADDRESS,), "observer", 3, 9, NODE, 77, NodeId(b"o" * 32)),
        Member(VAULT, NODE, "", "", (), "member", 0, 1, NODE),
    ):
        payload = member_payload(member)
        assert read_member(payload) == member
        message = codec.decode(body([[payload, b"s" * 64]]), StreamKind.CONTROL)
        assert message.records == (SignedMember(member, payload, b"s" * 64),)  # type: ignore[union-attr]


def test_addresses_that_do_not_fit_are_left_out() -> None:
    long = tuple(f"{'h' * 240}{number}.example:1" for number in range(8))
    member = Member(VAULT, NODE, "n" * 128, "h" * 128, long, "member", 0, 1, NODE)
    kept = read_member(member_payload(member)).addresses
    assert kept == long[: len(kept)]
    assert 0 < len(kept) < 8


def test_a_role_of_megabytes_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        member_payload(Member(VAULT, NODE, "", "", (), "r" * MAX_MEMBER, 0, 1, NODE))
