"""What every verb prints with: consoles, JSON, errors, exit codes."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, is_dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.errors import (
    NodeNotRunningError,
    NodeRunningError,
    TicketError,
    TransportError,
    VaultError,
    VaultsyncError,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDE = 160
"""Columns where nobody looks at a terminal: nothing is cut off for lack of room."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


class ExitCode(IntEnum):
    """What the process says when it ends (docs/cli.md, "Exit codes")."""

    OK = 0
    ERROR = 1
    USAGE = 2
    NOT_RUNNING = 3
    """No node is running that could be asked."""
    TICKET = 4
    NETWORK = 5
    """The other device could not be reached, or refused."""
    VAULT = 6
    """The folder cannot be used: held by another node, missing, inside another vault."""
    INTERRUPTED = 130


def exit_code(error: VaultsyncError) -> ExitCode:
    match error:
        case NodeNotRunningError():
            return ExitCode.NOT_RUNNING
        case TicketError():
            return ExitCode.TICKET
        case TransportError():
            return ExitCode.NETWORK
        case VaultError() | NodeRunningError():
            return ExitCode.VAULT
        case _:
            return ExitCode.ERROR


def console(*, errors: bool = False) -> Console:
    """A console for text, on standard output or for errors. Obeys NO_COLOR."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(stderr=errors, highlight=False, emoji=False, markup=False, width=None if stream.isatty() else WIDE)


def say(out: Console, text: Text | str) -> None:
    """Print a sentence: broken between words on a terminal, and never where a program may read it."""
    out.print(text, soft_wrap=not out.is_terminal)


def print_json(value: object) -> None:
    """One JSON document; dataclasses as objects, in the API's shapes."""
    print(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def print_error(error: VaultsyncError, *, as_json: bool) -> None:
    """What happened, why, and what to do now."""
    if as_json:
        problem = {"type": error.slug(), "title": error.title, "message": error.message, "hint": error.hint}
        print_json({"error": problem})
        return
    from rich.text import Text

    out = console(errors=True)
    out.print(Text.assemble((f"{error.title}.", "bold red"), " ", error.message))
    for line in error.hint.splitlines():
        # An indented line is a command, which must survive being copied.
        out.print(Text(line), soft_wrap=line.startswith(" "))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
