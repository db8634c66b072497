"""`vaultsync approve`: let held deletions go to every device."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.held import Named, decide, find_named
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import HeldInfo

SHOWN = 5


def approve(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Only these notes and folders; otherwise all.")
    ] = None,
    listing: Annotated[bool, typer.Option("--list", help="Only show what is held, and why.")] = False,
    yes: Yes = False,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Let deletions that are held go to every device. What is deleted stays in history.

    Deletions are held when very many files disappear at once. `vaultsync undo --deletions` brings them back instead.
    """
    place, named = find_named(paths, folder)
    held = wait_for(_held(place))
    if listing or not held.count:
        if as_json:
            print_json(held)
        else:
            show(held)
        return
    if not as_json and named is None:
        show(held)
    confirm(f"Delete {'these' if named is None else 'those that you named'} on every device?", yes=yes)
    count = wait_for(_approve(place, named))
    if as_json:
        print_json({"approved": count})
    elif not count:
        console().print(
            "Of what you named, nothing is held: nothing was deleted. `vaultsync approve --list` shows what is."
        )
    else:
        console().print(f"{words.count(count, 'file or folder', 'files and folders')} deleted on every device.")


def show(held: HeldInfo) -> None:
    """Print what is held for people."""
    from rich.text import Text

    out = console()
    if not held.count:
        out.print("No deletions are held.")
        return
    say(out, Text(f"{held.cause}.", style="yellow"))
    for path in held.paths[:SHOWN]:
        out.print(Text(f"    {path}"), soft_wrap=True)
    if held.count > SHOWN:
        out.print(f"    and {held.count - SHOWN:,} more (`vaultsync approve --list --json` names them)")


async def _held(place: Place) -> HeldInfo:
    async with asking(place) as client:
        return await client.held_deletions(place.vault)


async def _approve(place: Place, named: Named | None) -> int:
    async with asking(place) as client:
        return await decide(partial(client.approve_deletions, place.vault), named)
