from __future__ import annotations

from dataclasses import replace

import pytest
from blake3 import blake3

from vaultsync.errors import (
    DamagedTicketError,
    ExpiredTicketError,
    NotATicketError,
    OtherVaultTicketError,
    OwnTicketError,
    TicketError,
)
from vaultsync.model.ids import NodeId, VaultId, from_base32, to_base32
from vaultsync.protocol import limits
from vaultsync.tickets import cbor, codec, ticket
from vaultsync.tickets.addresses import is_address, literal, normalised, pack, unpack
from vaultsync.tickets.ticket import Ticket, check, is_name
from vaultsync.tickets.words import WORDS, pairing_words

A, B = NodeId(b"\x01" * 32), NodeId(b"\x02" * 32)
VAULT = VaultId(b"\x03" * 16)
SECRET = b"sixteen bytes, s"
TICKET = Ticket(A, VAULT, "Notes", "Laptop", ("192.0.2.7:4433",), SECRET, 1_000_000)


def test_a_ticket_with_three_addresses_is_short() -> None:
    three = replace(TICKET, addresses=("192.168.100.200:47321", "[2001:db8:1:2:3:4:5:6]:47321", "10.20.30.40:47321"))
    assert len(codec.encode(three)) < 300


def test_no_secret_in_any_representation() -> None:
    for text in (repr(TICKET), str(TICKET), f"{TICKET!r}", repr([TICKET])):
        assert "sixteen" not in text
        assert SECRET.hex() not in text


def test_check_says_what_is_wrong_with_whom_in_order() -> None:
    check(TICKET, now=999_999, own=B, vault=None)
    check(TICKET, now=999_999, own=B, vault=VAULT)
    with pytest.raises(ExpiredTicketError, match="a moment ago"):
        check(TICKET, now=1_000_000, own=B, vault=VAULT)
    with pytest.raises(ExpiredTicketError, match="5 minutes ago"):
        check(TICKET, now=1_000_301, own=B, vault=None)
    with pytest.raises(OtherVaultTicketError, match="Notes"):
        check(TICKET, now=2_000_000, own=B, vault=VaultId(bytes(16)))
    with pytest.raises(OwnTicketError):
        check(TICKET, now=2_000_000, own=A, vault=VaultId(bytes(16)))


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": b"short"},
        {"vault_name": "a\nb"},
        {"device_name": "x" * 129},
        {"addresses": ("nowhere",)},
        {"addresses": ("h:1",) * 17},
        {"expires_at": -1},
        {"expires_at": 2**53 + 1},
        {"role": "owner"},
        {"relay": ""},
        {"relay": "https://relay/\x00"},
    ],
)
def test_no_ticket_is_made_that_could_not_be_read(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(TICKET, **changed)  # type: ignore[arg-type]


def test_words_are_the_same_on_both_sides_and_depend_on_everything() -> None:
    assert TICKET.words(B) == pairing_words(A, B, SECRET) == pairing_words(B, A, SECRET)
    assert len(TICKET.words(B)) == 6
    assert len({pairing_words(A, B, SECRET), pairing_words(A, A, SECRET), pairing_words(A, B, bytes(16))}) == 3


def test_the_word_list() -> None:
    assert len(WORDS) == len(set(WORDS)) == 256
    assert list(WORDS) == sorted(WORDS)
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in WORDS)


@pytest.mark.parametrize(
    "text",
    ["192.0.2.1:1", "[::1]:65535", "host:80", "a.b-c.example.:443", "[fe80::1%en0]:9", "_srv.local:47321"],
)
def test_addresses(text: str) -> None:
    assert is_address(text)
    packed = pack(text)
    assert packed is None or unpack(packed) == text


@pytest.mark.parametrize(
    "text",
    ["", ":", "host", "host:", ":80", "host:0", "host:65536", "host:080", "host:+1", "::1:80", "[::1]", "[host]:80",
     "[192.0.2.1]:80", "ho st:80", "host:80\n", "-host:80", "[fe80::1%]:80", "h" * 300 + ":1", "host:٣", "host/x:1"],
)  # fmt: skip
def test_not_addresses(text: str) -> None:
    assert not is_address(text)


def test_literals_have_one_form() -> None:
    assert normalised("[2001:DB8:0:0::1]:80") == "[2001:db8::1]:80"
    assert replace(TICKET, addresses=("[2001:DB8::0:1]:80",)).addresses == ("[2001:db8::1]:80",)


def test_names() -> None:
    assert is_name("Zoë’s 👩‍💻 laptop")
    assert not is_name("x" * 129)
    for unfit in ("a\tb", "a\x7fb", "a\u2029b", "a\ud800b"):
        assert not is_name(unfit)


def test_the_protocol_and_the_tickets_agree_on_limits() -> None:
    assert ticket.MAX_NAME == limits.MAX_NAME
    assert ticket.MAX_ADDRESSES == limits.MAX_ADDRESSES


@pytest.mark.parametrize(
    "text",
    ["vault" * 3000, "vault1" * 2000, "v a u l t 1 " + "a " * 7000, "vault1 " + "abc " * 3500, "\u200b" * 16_000,
     "vault" + "9" * 5000, "v\u200ba" * 4000],
)  # fmt: skip
def test_long_nonsense_is_refused(text: str) -> None:
    with pytest.raises(TicketError):
        codec.decode(text)


def test_too_long() -> None:
    with pytest.raises(NotATicketError):
        codec.decode(codec.encode(TICKET) + " " * codec.MAX_TEXT)


def test_a_sentence_after_a_ticket_in_many_pieces() -> None:
    text = codec.encode(TICKET)
    wrapped = "\n".join(text[at : at + 20] for at in range(0, len(text), 20))
    sentence = "and do not forget to close the window before you go to bed tonight"
    assert codec.decode(f"{wrapped} {sentence}") == TICKET
    assert codec.decode(f"{text} {sentence} {sentence} {sentence} {sentence}") == TICKET


@pytest.mark.parametrize("field", range(9))
def test_a_field_of_another_type_is_damage(field: int) -> None:
    """The checksum holds: somebody has made it so."""
    payload = from_base32(codec.encode(TICKET).removeprefix(codec.PREFIX))[: -codec.CHECKSUM_SIZE]
    fields = cbor.loads(payload, max_items=codec.MAX_ITEMS)
    assert isinstance(fields, dict)
    bad = cbor.dumps({**fields, field: [True] if field == 5 else True})
    checksum = blake3(codec.PREFIX.encode() + bad).digest(codec.CHECKSUM_SIZE)
    with pytest.raises(DamagedTicketError):
        codec.decode(codec.PREFIX + to_base32(bad + checksum))


def test_no_literal_without_a_port() -> None:
    assert literal("192.0.2.1:0") is None
    assert literal("192.0.2.1:65536") is None
