"""`vaultsync leave`: share a vault with nobody any more, from this device."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import Place, asking, find_place
from vaultsync.cli.run import absolute


def leave(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The vault.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take this device out of a vault. The folder and its notes stay here; the other devices keep theirs."""
    place = find_place(absolute(folder))
    confirm(f"Share {place.root} with no other device any more?", yes=yes)
    asyncio.run(_leave(place))
    if as_json:
        print_json({"vault": place.vault, "root": str(place.root), "role": "solo"})
    else:
        say(
            console(),
            f"{place.root} is shared with nobody now. Its notes and their history stay here. A ticket from another"
            " device lets this one in again; `vaultsync forget` stops looking after the folder.",
        )


async def _leave(place: Place) -> None:
    async with asking(place) as client:
        await client.leave_vault(place.vault)
