"""QR codes in half blocks."""

from __future__ import annotations

import segno

from vaultsync.client.qr import QUIET, ticket_code

TICKET = "vault1" + "abcdefghijklmnopqrstuvwxyz234567" * 5
DARK = {"█": (False, False), "▀": (False, True), "▄": (True, False), " ": (True, True)}


def test_the_blocks_spell_the_modules_of_the_code() -> None:
    rows = ticket_code(TICKET)
    drawn = [[DARK[cell][half] for cell in row] for row in rows for half in (0, 1)]
    code = segno.make(f"VAULTSYNC:{TICKET.upper()}", error="l", micro=False, boost_error=False)
    wanted = [[bool(module) for module in row] for row in code.matrix_iter(border=QUIET)]
    assert drawn[: len(wanted)] == wanted
    assert not any(any(row) for row in drawn[len(wanted) :])


def test_a_ticket_in_upper_case_takes_the_small_mode() -> None:
    assert segno.make(f"VAULTSYNC:{TICKET.upper()}", micro=False).mode == "alphanumeric"
    assert len(ticket_code(TICKET)) <= 30
