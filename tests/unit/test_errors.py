"""What errors carry to people and programs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import vaultsync
from vaultsync.errors import (
    CloseCode,
    ConnectionLostError,
    ExpiredTicketError,
    RefusedError,
    TicketError,
    VaultsyncError,
    one_of_a_group,
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


def test_one_error_comes_out_of_a_group_of_task_groups() -> None:
    inner = ExceptionGroup("", [TicketError("the second")])
    with pytest.raises(ExpiredTicketError, match="the first"), one_of_a_group():
        raise ExceptionGroup("", [ExpiredTicketError("the first"), inner])
    with pytest.raises(TicketError, match="the second"), one_of_a_group(lambda errors: errors[-1]):
        raise ExceptionGroup("", [ExpiredTicketError("the first"), inner])
    with one_of_a_group():
        pass


def test_a_group_with_a_defect_in_it_stays_one() -> None:
    with pytest.raises(ExceptionGroup) as caught, one_of_a_group():
        raise ExceptionGroup("", [TicketError("no"), ZeroDivisionError()])
    assert caught.group_contains(ZeroDivisionError)


def test_nothing_is_raised_in_an_except_star() -> None:
    """Before Python 3.11.4 (Debian 12 has 3.11.2) it comes out in a group, which nobody takes for what it is."""
    for path in Path(vaultsync.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.TryStar):
                raises = [
                    each for handler in node.handlers for each in ast.walk(handler) if isinstance(each, ast.Raise)
                ]
                assert not raises, f"{path}:{node.lineno}"
