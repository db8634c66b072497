"""`vaultsync ticket`: what another device needs to join a vault."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vaultsync.cli.numbers import number, whole
from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.run import absolute
from vaultsync.cli.status import shell_quoted
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words
from vaultsync.client.pasting import join_command
from vaultsync.errors import NodeNotRunningError

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.answers import NewTicket, TicketInfo


def ticket(
    folder: Annotated[Path | None, typer.Argument(metavar="FOLDER", help="The vault that is to be shared.")] = None,
    minutes: Annotated[
        float, typer.Option(metavar="N", parser=number(0.1, 43_200), help="How long the ticket is good for.")
    ] = 10,
    observer: Annotated[bool, typer.Option("--observer", help="Whoever uses it only receives.")] = False,
    reusable: Annotated[bool, typer.Option("--reusable", help="More than one device may use it.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="List the tickets that can still be used.")] = False,
    revoke: Annotated[int | None, typer.Option(metavar="ID", parser=whole(0), help="Make a ticket useless.")] = None,
    as_json: Json = False,
) -> None:
    """Make a ticket with which another device joins a vault."""
    path = None if folder is None else absolute(folder)
    if revoke is not None:
        wait_for(_revoke(revoke))
        if as_json:
            print_json({"revoked": revoke})
        else:
            console().print(f"Ticket {revoke} is useless now. Devices that have used it stay paired.")
    elif listing:
        found = wait_for(_list(path))
        if as_json:
            print_json(found)
        else:
            show_list(found, console(), time.time_ns() // 1_000_000)
    elif path is None:
        raise typer.BadParameter("Say which vault is to be shared: `vaultsync ticket FOLDER`.", param_hint="FOLDER")
    else:
        made = wait_for(_make(path, minutes, "observer" if observer else "member", reusable))
        if as_json:
            print_json({**_fields(made), "command": join_command(made)})
        else:
            show(made, console(), minutes)


def show(made: NewTicket, out: Console, minutes: float) -> None:
    """Print a ticket: as a picture, and as a command."""
    from rich.text import Text

    if out.is_terminal:
        _show_code(made.ticket, out)
    use = "for as many devices as you like" if made.reusable else "for one device"
    grant = ", which only receives" if made.role == "observer" else ""
    life = words.duration(minutes * 60)
    out.print(Text.assemble("A ticket for ", (made.vault_name, "bold"), f", good for {life}, {use}{grant}."))
    out.print("On the other device, type:\n")
    out.print(Text(join_command(made), style="bold"), soft_wrap=True)
    out.print("\nWhoever has it can join: send it only to yourself. Keep this device running meanwhile.")


def show_list(found: list[TicketInfo], out: Console, now_ms: int) -> None:
    """Print the open tickets for people."""
    if not found:
        out.print("No ticket can be used now. `vaultsync ticket FOLDER` makes one.")
    for each in found:
        uses = f"used by {words.count(each.uses, 'device')}" if each.uses else "not used yet"
        kind = ", ".join([each.role, *(["reusable"] if each.reusable else [])])
        left = words.duration((each.expires - now_ms) / 1000)
        out.print(f"{each.id:>4}  {each.vault_name}  ({kind}; {uses}; {left} left)", soft_wrap=True)


def _show_code(text: str, out: Console) -> None:
    from rich.text import Text

    from vaultsync.client.qr import ticket_code

    rows = ticket_code(text)
    needed = len(rows) + 8
    if len(rows[0]) > out.width or needed > out.height:
        out.print(Text(f"(In a window of {needed} lines, a QR code stands here.)", style="dim"))
        return
    for row in rows:
        out.print(Text(row, style="white on black" if out.color_system else ""))
    out.print()


def _fields(made: NewTicket) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(made)


async def _make(path: Path, minutes: float, role: Literal["member", "observer"], reusable: bool) -> NewTicket:
    from vaultsync.client.client import NodeClient

    try:
        async with NodeClient.find() as client:
            return await client.make_ticket(path, minutes=minutes, role=role, reusable=reusable)
    except NodeNotRunningError as error:
        error.hint = f"Start it in another terminal, then ask again:\n    vaultsync run {shell_quoted(str(path))}"
        raise


async def _list(path: Path | None) -> list[TicketInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.tickets(path)


async def _revoke(number: int) -> None:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        await client.revoke_ticket(number)
