"""`vaultsync deleted`: what is gone and can come back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.numbers import whole
from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.place import In, Place, asking, find_place
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times, words

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import VersionInfo


def deleted(
    below: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Only what was in this folder of the vault.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option(metavar="N", parser=whole(1, 10_000), help="At most so many.")] = 50,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """List deleted notes, the latest first."""
    place = find_place(folder)
    found = wait_for(_ask(place, below.strip("/"), limit))
    if as_json:
        print_json(found)
        return
    from rich.table import Table
    from rich.text import Text

    out = console()
    if not found:
        out.print("Nothing that was deleted is known here.")
        return
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("when", "on", "size", "note"):
        rows.add_column(name, no_wrap=name in ("when", "size"), justify="right" if name == "size" else "left")
    for each in found:
        note = Text(each.path)
        if not each.restorable:
            note.append(" · content not here", style="dim")
        rows.add_row(times.moment(each.at), Text(each.device_name), words.size(each.size), note)
    out.print(rows)
    if out.is_terminal:
        out.print(Text("`vaultsync restore NOTE` brings one back.", style="dim"))


async def _ask(place: Place, below: str, limit: int) -> list[VersionInfo]:
    async with asking(place) as client:
        return await client.deleted(place.vault, below, limit)
