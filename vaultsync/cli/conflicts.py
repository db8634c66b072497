"""`vaultsync conflicts`: what two devices did at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking, find_place
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times, words

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import ConflictInfo


def conflicts(folder: In = None, as_json: Json = False) -> None:
    """List conflict copies, and the notes that this device merged in the last seven days."""
    found = wait_for(listed(find_place(folder)))
    if as_json:
        print_json(found)
    else:
        show(found)


async def listed(place: Place) -> list[ConflictInfo]:
    async with asking(place) as client:
        return await client.conflicts(place.vault)


def show(found: list[ConflictInfo]) -> None:
    """Print conflicts for people."""
    from rich.text import Text

    out = console()
    copies = [each for each in found if each.kind == "copy"]
    merges = [each for each in found if each.kind == "merge"]
    if not found:
        out.print("No conflicts.")
    if copies:
        out.print(Text("Conflict copies: what could not be merged stands beside its note.", style="yellow"))
    for each in copies:
        out.print(Text.assemble("  ", (each.path, "bold")), soft_wrap=True)
        about = f"    of {each.device_name}, {times.moment(each.at)}, {words.size(each.size)}; beside {each.original}"
        say(out, Text(about))
    if merges:
        out.print(Text("Merged: both edits are in the note. Nothing needs to be done.", style="green"))
    for each in merges:
        out.print(Text.assemble("  ", (each.path, "bold")), soft_wrap=True)
        say(out, Text(f"    {times.moment(each.at)}, with an edit of {each.device_name or '?'}"))
    if found and out.is_terminal:
        out.print(Text("To end one: vaultsync resolve PATH mine|theirs|both|edit", style="dim"))
