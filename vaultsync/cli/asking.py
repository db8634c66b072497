"""Asking a person before something happens that they might not have meant."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def confirm(question: str, *, yes: bool) -> None:
    """Go on only if that is meant. A usage error where nobody can answer."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("Nobody can be asked here. Say `--yes` if it is meant.", param_hint="--yes")
    if not typer.confirm(question, err=True):
        raise typer.Abort
