"""Errors for people and for machines, and exit codes."""

from __future__ import annotations

import json

import pytest

from vaultsync.cli.output import ExitCode, exit_code, print_error, print_json
from vaultsync.daemon.status import Trouble
from vaultsync.errors import (
    CloseCode,
    ConfigError,
    ExpiredTicketError,
    NodeNotRunningError,
    NodeRunningError,
    RefusedError,
    UnreachableError,
    VaultLockedError,
    VaultsyncError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NodeNotRunningError("x"), ExitCode.NOT_RUNNING),
        (NodeRunningError("x"), ExitCode.VAULT),
        (ExpiredTicketError("x"), ExitCode.TICKET),
        (UnreachableError("x"), ExitCode.NETWORK),
        (RefusedError(CloseCode.REFUSED, "x"), ExitCode.NETWORK),
        (VaultLockedError("x"), ExitCode.VAULT),
        (ConfigError("x"), ExitCode.ERROR),
    ],
)
def test_every_kind_of_error_has_its_exit_code(error: VaultsyncError, code: ExitCode) -> None:
    assert exit_code(error) is code


def test_an_error_says_what_why_and_what_now_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(ExpiredTicketError("It expired [3] minutes ago."), as_json=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "The ticket has expired. It expired [3] minutes ago.",
        "Make a new one on the other device with `vaultsync ticket`.",
    ]


def test_with_json_an_error_is_the_one_document_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_error(NodeNotRunningError("Nobody is here."), as_json=True)
    out, err = capsys.readouterr()
    assert err == ""
    assert json.loads(out)["error"] == {
        "type": "node-not-running",
        "title": "No node is running",
        "message": "Nobody is here.",
        "hint": "Start it with `vaultsync run FOLDER`.",
    }


def test_values_become_objects_at_any_depth(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"all": [Trouble("ä.md", "why")]})
    assert json.loads(capsys.readouterr().out) == {"all": [{"path": "ä.md", "reason": "why"}]}
