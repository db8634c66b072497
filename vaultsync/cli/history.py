"""`vaultsync history`: the versions of a note."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.place import In, NoteArgument, asking, choose, find_note
from vaultsync.cli.versions import table
from vaultsync.cli.waiting import wait_for

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import VersionInfo


def history(note: NoteArgument, folder: In = None, as_json: Json = False) -> None:
    """List the versions of a note, newest first."""
    found = wait_for(versions_of(note, folder))
    if as_json:
        print_json(found)
        return
    from rich.text import Text

    out = console()
    out.print(Text(found[0].path, style="bold"))
    out.print(table(found))
    if sys.stdout.isatty():
        out.print(Text("To see one: vaultsync show NOTE --version N. Also: diff, restore.", style="dim"))


async def versions_of(note: str, folder: In) -> list[VersionInfo]:
    """The versions of the note that is meant."""
    place, candidates = find_note(note, folder)
    async with asking(place) as client:
        return await client.history(place.vault, await choose(client, place, candidates))
