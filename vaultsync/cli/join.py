"""`vaultsync join`: use a ticket on this device."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.run import UntilEof, absolute
from vaultsync.client import words
from vaultsync.errors import NodeNotRunningError, TicketError

if TYPE_CHECKING:
    from vaultsync.cli.presenter import Presenter
    from vaultsync.daemon.service import Node
    from vaultsync.daemon.status import JoinInfo
    from vaultsync.tickets.ticket import Ticket

COUNTED = 100_000
"""Files in a folder from which on "more than" is said."""


def join(
    parts: Annotated[
        list[str], typer.Argument(metavar="TICKET FOLDER", help="The ticket as it was pasted, then the folder.")
    ],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before joining into a folder with notes.")
    ] = False,
    until_eof: UntilEof = False,
    as_json: Json = False,
) -> None:
    """Join a vault with a ticket from another device, and keep it in sync in FOLDER.

    If vaultsync is running already, the node that runs does it; otherwise one starts here and runs until Ctrl-C.
    """
    text, path = split(parts)
    ticket = _decoded(text)
    if not yes:
        _ask_first(ticket, path)
    joined = asyncio.run(_join_through_node(text, path))
    if joined is None:
        asyncio.run(_serve(text, path, until_eof=until_eof, as_json=as_json))
    elif as_json:
        print_json(joined)
    else:
        show(joined)


def split(parts: list[str]) -> tuple[str, Path]:
    """The ticket and the folder. A ticket that was pasted with line breaks arrives in several parts."""
    if len(parts) < 2 or _is_ticket(parts[-1]):
        raise typer.BadParameter(
            "Say where the notes are to be kept: `vaultsync join TICKET FOLDER`.", param_hint="FOLDER"
        )
    return " ".join(parts[:-1]), absolute(Path(parts[-1]))


def show(joined: JoinInfo) -> None:
    """Print what came of a ticket that a running node has used."""
    from rich.text import Text

    out = console()
    out.print(Text.assemble("Paired with ", (joined.peer_name, "bold"), ". Both screens show the same six words:"))
    out.print(f"    {' '.join(joined.words)}\n")
    what = "receives" if joined.role == "observer" else "syncs"
    out.print(Text(f"The node that runs already now {what} “{joined.vault_name}” in {joined.root}."), soft_wrap=True)
    out.print("`vaultsync status` shows how it is.")


def _is_ticket(text: str) -> bool:
    try:
        _decoded(text)
    except TicketError:
        return False
    return True


def _decoded(text: str) -> Ticket:
    from vaultsync.tickets.codec import decode

    return decode(text)


def _ask_first(ticket: Ticket, path: Path) -> None:
    """Say what is in the folder already, and go on only if that is meant."""
    if not sys.stdin.isatty() or _is_vault(path) or not (files := count_files(path)):
        return
    more = "More than " if files >= COUNTED else ""
    typer.echo(
        f"{more}{words.count(files, 'file')} in {path} already.\n"
        f"They will be joined with “{ticket.vault_name}” of {ticket.device_name}: nothing is deleted, and of two\n"
        f"notes with one name both texts are kept."
    )
    if not typer.confirm("Go on?"):
        raise typer.Abort


def count_files(path: Path) -> int:
    """How many visible files are below `path`, at most `COUNTED`."""
    found = 0
    for _, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += sum(not name.startswith(".") for name in files)
        if found >= COUNTED:
            return COUNTED
    return found


def _is_vault(path: Path) -> bool:
    return (path / ".vaultsync" / "vault.json").exists()


async def _join_through_node(text: str, path: Path) -> JoinInfo | None:
    """Let the running node use the ticket. None if none runs."""
    from vaultsync.client.client import NodeClient

    try:
        async with NodeClient.find() as client:
            return await client.join(text, path)
    except NodeNotRunningError:
        return None


async def _serve(text: str, path: Path, *, until_eof: bool, as_json: bool) -> None:
    from vaultsync.cli.foreground import run_node
    from vaultsync.daemon.status import JoinInfo

    async def begin(node: Node, presenter: Presenter) -> None:
        joined = await node.join(text, path)
        presenter.joined(
            JoinInfo(
                vault=str(joined.vault),
                vault_name=joined.vault_name,
                root=str(joined.root),
                role=joined.role,
                peer=str(joined.peer),
                peer_name=joined.peer_name,
                words=joined.words,
            )
        )

    await run_node(begin, command="vaultsync join", as_json=as_json, until_eof=until_eof)
