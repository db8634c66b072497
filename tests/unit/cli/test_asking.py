"""Questions on a terminal, and what becomes of Ctrl-C at one."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest
import typer

from vaultsync.cli.asking import confirm


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)


async def leave() -> str:
    confirm("Leave it?", yes=False)
    return "done"


def test_one_ctrl_c_is_enough_while_a_loop_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio keeps the first one for itself, and would wait until the question is answered."""

    def ask(*_: object, **__: object) -> bool:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise typer.Abort from None
        pytest.fail("the question goes on")

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(typer, "confirm", ask)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(leave())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_no_says_what_came_of_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: False)
    with pytest.raises(typer.Exit) as ended:
        asyncio.run(leave())
    assert ended.value.exit_code == 1
    assert capsys.readouterr().err == "Nothing was changed.\n"


def test_a_yes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    assert asyncio.run(leave()) == "done"
