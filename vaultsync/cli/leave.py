"""`vaultsync leave`: share a vault with nobody any more, from this device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import served_at
from vaultsync.cli.run import absolute
from vaultsync.cli.waiting import wait_for

if TYPE_CHECKING:
    from vaultsync.daemon.status import VaultInfo


def leave(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The vault; its folder may be gone.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Take this device out of a vault. The folder and its notes stay here; the other devices keep theirs."""
    found = wait_for(_leave(absolute(folder), yes=yes))
    if as_json:
        print_json({"vault": found.id, "root": found.root, "role": "solo"})
    else:
        say(
            console(),
            f"{found.root} is shared with nobody now. Its notes and their history stay here. A ticket from another"
            " device lets this one in again; `vaultsync forget` stops looking after the folder.",
        )


async def _leave(folder: Path, *, yes: bool) -> VaultInfo:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        found = await served_at(client, folder)
        confirm(f"Share {found.root} with no other device any more?", yes=yes)
        await client.leave_vault(found.id)
        return found
