"""`vaultsync adopt`: go on with a vault's folder that was brought back from a backup."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import Place, asking
from vaultsync.cli.run import absolute
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words
from vaultsync.errors import VaultError

if TYPE_CHECKING:
    from vaultsync.daemon.status import VaultInfo


def adopt(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the vault was, and is again.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Go on with a folder that was brought back from a backup without its hidden folder `.vaultsync`.

    Nothing is deleted anywhere because the backup lacks it, and nothing newer is lost to it.
    """
    root = absolute(folder)
    vault = wait_for(_find(root))
    files = sum(1 for path in root.rglob("*") if path.is_file())
    question = f"{root} holds {words.count(files, 'file')}. Is it “{vault.name}”, brought back? Nothing is deleted."
    confirm(question, yes=yes)
    adopted = wait_for(_adopt(Place(root, vault.id)))
    if as_json:
        print_json(adopted)
    else:
        say(console(), f"{root} is “{vault.name}” again. What it lacks comes from history or from the other devices.")
        say(console(), "`vaultsync status` shows how it goes.")


async def _find(root: Path) -> VaultInfo:
    async with asking(Place(root, "")) as client:
        for vault in (await client.status()).vaults:
            if vault.root == str(root):
                return vault
    raise VaultError(
        f"No vault of this device was at {root}.",
        hint="`vaultsync status` lists them, with the places where they were.",
    )


async def _adopt(place: Place) -> VaultInfo:
    async with asking(place) as client:
        return await client.adopt_vault(place.vault)
