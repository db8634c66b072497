"""Errors as problem details."""

from __future__ import annotations

import json

import pytest

from vaultsync.errors import (
    CloseCode,
    DiskFullError,
    ExpiredTicketError,
    NodeError,
    RefusedError,
    StoreError,
    UnreachableError,
    VaultError,
    VaultLockedError,
    VaultOfflineError,
    VaultsyncError,
)
from vaultsync.server.problems import BadRequestError, NotFoundError, problem_of


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("x"), 404),
        (BadRequestError("x"), 422),
        (ExpiredTicketError("x"), 422),
        (VaultError("x"), 409),
        (VaultLockedError("x"), 409),
        (VaultOfflineError("x"), 503),
        (DiskFullError("x"), 507),
        (UnreachableError("x"), 502),
        (RefusedError(CloseCode.REFUSED, "x"), 502),
        (StoreError("x"), 500),
        (NodeError("x"), 400),
    ],
)
def test_each_kind_has_its_status(error: VaultsyncError, status: int) -> None:
    assert problem_of(error).status_code == status


def test_a_problem_has_the_words_that_a_person_would_see() -> None:
    problem = problem_of(ExpiredTicketError("It expired a moment ago."))
    assert problem.media_type == "application/problem+json"
    assert json.loads(bytes(problem.body)) == {
        "type": "urn:vaultsync:error:expired-ticket",
        "title": "The ticket has expired",
        "status": 422,
        "detail": "It expired a moment ago.",
        "hint": "Make a new one on the other device with `vaultsync ticket`.",
    }
