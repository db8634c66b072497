"""`vaultsync explain`: why a path is as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, NoteArgument, asking, choose, find_note
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times, words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.recovery import ExplanationInfo

SHOWN = 5


def explain(note: NoteArgument, folder: In = None, as_json: Json = False) -> None:
    """Tell everything about a path: its state, who changed it, who has it, and what would let it sync."""
    found = wait_for(_ask(note, folder))
    if as_json:
        print_json(found)
    else:
        show(found, console())


async def _ask(note: str, folder: Path | None) -> ExplanationInfo:
    place, candidates = find_note(note, folder)
    async with asking(place) as client:
        return await client.explain(place.vault, await choose(client, place, candidates))


def show(found: ExplanationInfo, out: Console) -> None:
    """Print an explanation for people."""
    from rich.text import Text

    def line(label: str, text: str, style: str = "") -> None:
        if text:
            say(out, Text.assemble((f"{label:<12}", "dim"), (text, style)))

    stuck = bool(found.unblock)
    out.print(Text(found.path, style="bold"), soft_wrap=True)
    line("state", found.state, "yellow" if stuck else "green" if found.kind else "")
    line("what to do", found.unblock, "bold")
    if found.kind == "file":
        line("file", f"{words.size(found.size)}, content {found.content[:10]}")
    elif found.kind:
        line("kind", found.kind)
    if found.modified is not None:
        line("changed by", f"{found.modified_by or '?'}, {times.moment(found.modified)}")
    line("version", ", ".join(f"{c.device_name or c.device[:10]} {c.counter}" for c in found.version))
    line("also on", ", ".join(found.has_it))
    line("not yet on", ", ".join(found.lacks_it), "yellow")
    if found.versions:
        out.print(Text("history", style="dim"))
    for version in found.versions[:SHOWN]:
        note = f" ({version.note})" if version.note else ""
        text = f"  {times.moment(version.at)}  {version.action} on {version.device_name}{note}"
        say(out, Text(text))
    if found.log:
        out.print(Text("decisions", style="dim"))
    for entry in found.log[:SHOWN]:
        peer = f", with {entry.peer_name or entry.peer[:10]}" if entry.peer else ""
        say(out, Text(f"  {times.moment(entry.at)}  {entry.text}{peer}"))
