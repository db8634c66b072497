"""`vaultsync forget`: a folder that this device is to look after no more."""

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


def forget(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The vault; its folder may be gone.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Stop looking after a folder that no other device shares. The folder and its notes stay.

    Their history so far goes to `forgotten` in the data folder. A vault that other devices share must be left first.
    """
    found = wait_for(_forget(absolute(folder), yes=yes))
    if as_json:
        print_json({"vault": found.id, "root": found.root})
    else:
        say(console(), f"vaultsync looks after {found.root} no more. Its notes stay where they are.")


async def _forget(root: Path, *, yes: bool) -> VaultInfo:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        found = await served_at(client, root)
        confirm(f"Look after {found.root} no more?", yes=yes)
        await client.forget_vault(found.id)
        return found
