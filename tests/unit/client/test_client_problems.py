"""Problem details become the errors that they were."""

from __future__ import annotations

import httpx
import pytest

from vaultsync.client.problems import error_of
from vaultsync.errors import (
    CloseCode,
    ExpiredTicketError,
    NodeError,
    NotATicketError,
    RefusedError,
    TransportError,
    VaultLockedError,
    VaultsyncError,
)
from vaultsync.server.problems import problem_of


def _over_the_wire(error: VaultsyncError) -> VaultsyncError:
    response = problem_of(error)
    return error_of(httpx.Response(response.status_code, content=bytes(response.body)))


@pytest.mark.parametrize(
    "error",
    [
        ExpiredTicketError("It expired 3 minutes ago."),
        VaultLockedError("It is held by process 4.", hint="Stop it."),
        NotATicketError("The text has no ticket in it."),
        VaultsyncError("Whatever."),
    ],
)
def test_title_message_hint_and_class_survive(error: VaultsyncError) -> None:
    found = _over_the_wire(error)
    assert type(found) is type(error)
    assert (found.title, found.message, found.hint) == (error.title, error.message, error.hint)


def test_a_class_that_needs_more_than_a_message_comes_back_as_the_one_above() -> None:
    found = _over_the_wire(RefusedError(CloseCode.PEER_LIMIT, "The vault is full."))
    assert type(found) is TransportError
    assert found.title == RefusedError.title


def test_a_kind_that_is_not_known_here_keeps_its_words() -> None:
    content = b'{"type": "urn:vaultsync:error:brand-new", "title": "New", "detail": "It is new.", "hint": "Wait."}'
    found = error_of(httpx.Response(418, content=content))
    assert type(found) is NodeError
    assert (found.title, found.message, found.hint) == ("New", "It is new.", "Wait.")


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"type": 3}'])
def test_an_answer_that_is_no_problem_still_is_an_error(content: bytes) -> None:
    assert "500" in error_of(httpx.Response(500, content=content)).message
