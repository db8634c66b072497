"""`vaultsync log`: what was decided in a vault, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.numbers import whole
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, asking, choose, find_note, find_place
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import LogEntryInfo


def log(
    path: Annotated[str | None, typer.Option("--path", metavar="NOTE", help="Only what is about this note.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", parser=whole(1, 10_000), help="At most so many.")] = 50,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Show merges, conflicts, held deletions and what people decided, newest first."""
    found = wait_for(_ask(path, limit, folder))
    if as_json:
        print_json(found)
        return
    from rich.text import Text

    out = console()
    if not found:
        out.print("Nothing had to be decided yet.")
    for entry in found:
        about = f"{entry.path}: " if entry.path and path is None else ""
        peer = f" ({entry.peer_name or entry.peer[:10]})" if entry.peer else ""
        when = (f"{times.moment(entry.at)}  ", "dim")
        say(out, Text.assemble(when, (about, "bold"), entry.text, (peer, "dim")))


async def _ask(path: str | None, limit: int, folder: Path | None) -> list[LogEntryInfo]:
    if path is None:
        place = find_place(folder)
        async with asking(place) as client:
            return await client.log(place.vault, None, limit)
    place, candidates = find_note(path, folder)
    async with asking(place) as client:
        return await client.log(place.vault, await choose(client, place, candidates), limit)
