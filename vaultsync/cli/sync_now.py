"""`vaultsync sync-now`: look and dial, without waiting for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import Place, asking, find_place
from vaultsync.cli.waiting import wait_for


def sync_now(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="Only this vault; otherwise all.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Look through the folders and dial the other devices now.

    Changes are seen and sent by themselves; this is for folders that are not watched, and for the impatient.
    """
    place = None if folder is None else find_place(folder)
    wait_for(_ask(place))
    if as_json:
        print_json({"vault": None if place is None else place.vault})
    else:
        what = "every folder" if place is None else place.root
        say(console(), f"Looking through {what}, and dialing. `vaultsync status` shows how it goes.")


async def _ask(place: Place | None) -> None:
    from vaultsync.client.client import NodeClient

    if place is None:
        async with NodeClient.find() as client:
            await client.sync_now()
    else:
        async with asking(place) as client:
            await client.sync_vault_now(place.vault)
