"""Asking a person before something happens that they might not have meant."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from vaultsync.cli.output import ExitCode

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if that is meant. A usage error where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("Nobody can be asked here. Say `--yes` if it is meant.", param_hint="--yes")
    if not agrees(question):
        raise declined("Nothing was changed.")


def agrees(question: str) -> bool:
    """What a person answers on the terminal. Raises `KeyboardInterrupt` on Ctrl-C."""
    # While an event loop runs, its own handler would let Ctrl-C wait until the question is answered.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        print(file=sys.stderr)
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGINT, before)


def declined(what: str) -> typer.Exit:
    """Say what came of a no, and how the process ends then."""
    print(what, file=sys.stderr)
    return typer.Exit(ExitCode.ERROR)
