"""`vaultsync join`: use a ticket on this device."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli import merging
from vaultsync.cli.asking import agrees, declined
from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.run import UntilEof, absolute
from vaultsync.cli.waiting import wait_for
from vaultsync.errors import NodeNotRunningError, TicketError, VaultsyncError

if TYPE_CHECKING:
    from vaultsync.cli.presenter import Presenter
    from vaultsync.daemon.answers import JoinInfo, OpenJoinInfo
    from vaultsync.daemon.joining import OpenJoin
    from vaultsync.daemon.service import Node
    from vaultsync.tickets.ticket import Ticket

QUESTION = "Join them? Nothing is deleted."
NOT_JOINED = "Not joined; nothing was written. The ticket is used up: to join after all, ask for a new one."


class _NotJoinedError(VaultsyncError):
    """A person has looked and does not want to."""


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

    If FOLDER holds notes already, what would come together is shown first, and nothing is written before you agree.

    If vaultsync is running already, the node that runs does it; otherwise one starts here and runs until Ctrl-C.
    """
    text, path = split(parts)
    _decoded(text)
    asks = not yes and _must_ask(path)
    joined = _ask_through_node(text, path) if asks else wait_for(_join_through_node(text, path))
    if joined is None:
        wait_for(_serve(text, path, asks=asks, until_eof=until_eof, as_json=as_json))
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
    out.print(Text(f"The running node now {what} “{joined.vault_name}” in {joined.root}."), soft_wrap=True)
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


def _must_ask(path: Path) -> bool:
    """Whether there is something in the folder that a person should decide about. A usage error if nobody can."""
    if _is_vault(path) or not has_notes(path):
        return False
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            f"There are notes in {path} already, and nobody can be asked. Say `--yes` to join them with the vault's.",
            param_hint="--yes",
        )
    return True


def has_notes(path: Path) -> bool:
    """Whether there is a visible file below `path`."""
    for _, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(not name.startswith(".") for name in files):
            return True
    return False


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


def _ask_through_node(text: str, path: Path) -> JoinInfo | None:
    """Let the running node use the ticket, and a person say whether to go on. None if none runs."""
    found = wait_for(_open_through_node(text, path))
    if found is None:
        return None
    accepted = False
    try:
        merging.show(found, console(errors=True))
        accepted = agrees(QUESTION)
    finally:
        if not accepted:
            wait_for(_leave_through_node(found.id))
    if not accepted:
        raise declined(NOT_JOINED)
    return wait_for(_accept_through_node(found.id))


async def _open_through_node(text: str, path: Path) -> OpenJoinInfo | None:
    from vaultsync.client.client import NodeClient

    try:
        async with NodeClient.find() as client:
            return await client.open_join(text, path)
    except NodeNotRunningError:
        return None


async def _accept_through_node(name: str) -> JoinInfo:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.accept_join(name)


async def _leave_through_node(name: str) -> None:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        await client.leave_join(name)


async def _open_here(node: Node, text: str, path: Path) -> OpenJoin:
    """Use the ticket, and ask before anything is written. `_NotJoinedError` if that is not wanted."""
    opened = await node.open_join(text, path)
    accepted = False
    try:
        out = console(errors=True)
        merging.show(await merging.looked_at(opened, str(path)), out)
        accepted = await merging.agreed(QUESTION, out, node.stopping)
    finally:
        if not accepted:
            await opened.leave()
    if not accepted:
        raise _NotJoinedError(NOT_JOINED)
    return opened


async def _serve(text: str, path: Path, *, asks: bool, until_eof: bool, as_json: bool) -> None:
    from vaultsync.cli.foreground import run_node
    from vaultsync.daemon.answers import JoinInfo

    async def begin(node: Node, presenter: Presenter) -> None:
        joined = await (await _open_here(node, text, path)).accept() if asks else await node.join(text, path)
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

    try:
        await run_node(begin, command="vaultsync join", as_json=as_json, until_eof=until_eof)
    except _NotJoinedError:
        raise declined(NOT_JOINED) from None
