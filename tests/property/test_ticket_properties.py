"""Every ticket survives being pasted; nothing that is pasted is ever more than a `TicketError`."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.errors import TicketError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.tickets.addresses import is_address
from vaultsync.tickets.codec import decode, encode
from vaultsync.tickets.ticket import Ticket

names = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=30)
ports = st.integers(1, 65535)
addresses = st.one_of(
    st.builds("{}:{}".format, st.ip_addresses(v=4), ports),
    st.builds("[{}]:{}".format, st.ip_addresses(v=6), ports),
    st.builds("{}:{}".format, st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True), ports),
).filter(is_address)
tickets = st.builds(
    Ticket,
    node=st.builds(NodeId, st.binary(min_size=32, max_size=32)),
    vault=st.builds(VaultId, st.binary(min_size=16, max_size=16)),
    vault_name=names,
    device_name=names,
    addresses=st.lists(addresses, max_size=16).map(tuple),
    secret=st.binary(min_size=16, max_size=16),
    expires_at=st.integers(0, 2**53),
    role=st.sampled_from(("member", "observer")),
    relay=st.none() | names.filter(bool),
    reusable=st.booleans(),
)
noise = st.text(st.sampled_from(" \t\r\n\u00a0\u200b\ufeff\u00ad"), max_size=3)


@settings(deadline=None)
@given(tickets)
def test_round_trip(ticket: Ticket) -> None:
    assert decode(encode(ticket)) == ticket


@settings(deadline=None)
@given(tickets, st.lists(noise, max_size=60), st.booleans())
def test_white_space_anywhere(ticket: Ticket, between: list[str], upper: bool) -> None:
    text = encode(ticket).upper() if upper else encode(ticket)
    step = max(1, len(text) // (len(between) + 1))
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    spread = "".join(piece + gap for piece, gap in zip(pieces, [*between, "", "", "", ""], strict=False))
    spread += "".join(pieces[len(between) + 4 :])
    assert decode(spread) == ticket


@settings(deadline=None)
@given(tickets, st.data())
def test_one_wrong_character_is_never_taken(ticket: Ticket, data: st.DataObject) -> None:
    text = encode(ticket)
    at = data.draw(st.integers(6, len(text) - 1))
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567").filter(lambda found: found != text[at]))
    with pytest.raises(TicketError):
        decode(text[:at] + other + text[at + 1 :])


@settings(deadline=None)
@given(st.text(max_size=80), st.text("abcdefghijklmnopqrstuvwxyz234567 ", max_size=200))
def test_arbitrary_text(before: str, tail: str) -> None:
    for text in (before, f"{before} vault1{tail}", f"vault{before}{tail}"):
        with suppress(TicketError):
            decode(text)
