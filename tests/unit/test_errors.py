"""What errors carry to people and programs."""

from __future__ import annotations

from vaultsync.errors import (
    CloseCode,
    ConnectionLostError,
    ExpiredTicketError,
    RefusedError,
    TicketError,
    VaultsyncError,
)


def test_kinds_have_stable_words() -> None:
    assert ExpiredTicketError.slug() == "expired-ticket"
    assert VaultsyncError.slug() == "vaultsync"


def test_a_hint_of_its_own_stands_over_the_kinds() -> None:
    assert TicketError("x").hint == TicketError.hint
    assert TicketError("x", hint="Do this.").hint == "Do this."
    assert TicketError.hint != "Do this."


def test_codes_are_kept() -> None:
    assert RefusedError(CloseCode.ASKED, "m", hint="h").code is CloseCode.ASKED
    lost = ConnectionLostError("m", code=CloseCode.TIMEOUT, by_peer=True)
    assert (lost.code, lost.by_peer, lost.message) == (CloseCode.TIMEOUT, True, "m")
