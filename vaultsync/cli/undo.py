"""`vaultsync undo`: take back a merge, or deletions that are held."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from vaultsync.cli.held import Named, decide, find_named
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking, choose, find_note
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words


def undo(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="NOTE", help="The merged note; or, of held deletions, which.")
    ] = None,
    deletions: Annotated[bool, typer.Option("--deletions", help="Bring back what held deletions took.")] = False,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Take back the newest merge of a note, or deletions that are held. It reaches all devices."""
    if deletions:
        place, named = find_named(paths, folder)
        count = wait_for(_undo_deletions(place, named))
        if as_json:
            print_json({"undone": count})
        else:
            what = words.count(count, "file or folder", "files and folders")
            none = "No deletions are held." if named is None else "Of what you named, nothing is held."
            console().print(
                f"{what} kept. Contents that are not on this device come from the others." if count else none
            )
        return
    if not paths or len(paths) != 1:
        raise typer.BadParameter("Name the merged note, or say `--deletions`.", param_hint="NOTE")
    path = wait_for(_undo_merge(paths[0], folder))
    if as_json:
        print_json({"path": path})
        return
    from rich.text import Text

    said = " is again as this device had it before the merge, which stays in its history."
    say(console(), Text.assemble((path, "bold"), said))


async def _undo_deletions(place: Place, named: Named | None) -> int:
    async with asking(place) as client:
        return await decide(partial(client.undo_deletions, place.vault), named)


async def _undo_merge(note: str, folder: In) -> str:
    place, candidates = find_note(note, folder)
    async with asking(place) as client:
        path = await choose(client, place, candidates)
        await client.undo_merge(place.vault, path)
    return path
