"""`vaultsync select`: which kinds of files this device syncs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.place import In, Place, asking, find_place
from vaultsync.cli.waiting import wait_for
from vaultsync.model.filters import IGNORE_FILE, Category

if TYPE_CHECKING:
    from vaultsync.daemon.answers import VaultOptions

Kinds = list[Category]


def select(
    on: Annotated[Kinds | None, typer.Option("--on", metavar="KIND", help="Sync these too.")] = None,
    off: Annotated[Kinds | None, typer.Option("--off", metavar="KIND", help="Sync these no more.")] = None,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Show or change what this device syncs. Switching off deletes nothing, here or elsewhere."""
    place = find_place(folder)
    if both := set(on or ()) & set(off or ()):
        raise typer.BadParameter(f"{', '.join(sorted(both))}: on or off?", param_hint="--on")
    found = wait_for(_change(place, on or [], off or []))
    if as_json:
        print_json(found)
    else:
        show(found)


async def _change(place: Place, on: Kinds, off: Kinds) -> VaultOptions:
    async with asking(place) as client:
        found = await client.vault_options(place.vault)
        if not on and not off:
            return found
        categories = (set(found.categories) | {each.value for each in on}) - {each.value for each in off}
        return await client.change_vault_options(place.vault, {"categories": sorted(categories)})


def show(found: VaultOptions) -> None:
    """Print the selection for people."""
    from rich.table import Table
    from rich.text import Text

    out = console()
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for category, called in zip(found.known_categories, found.category_words, strict=True):
        state = Text("on", style="green") if category in found.categories else Text("off", style="dim")
        rows.add_row(state, category, Text(called, style="dim"))
    out.print(rows)
    if out.is_terminal:
        out.print(Text(f"Single files and folders are left out by lines in {IGNORE_FILE}, as in Git.", style="dim"))
