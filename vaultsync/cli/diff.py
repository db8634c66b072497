"""`vaultsync diff`: what changed in a note between two of its versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.difference import Mark, difference
from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.place import In, NoteArgument, asking, choose, find_note
from vaultsync.cli.versions import newest, pick
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times
from vaultsync.errors import RequestError

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import VersionInfo

_STYLES = {Mark.SAME: "", Mark.REMOVED: "red", Mark.ADDED: "green", Mark.PLACE: "cyan"}
_SIGNS = {Mark.SAME: " ", Mark.REMOVED: "-", Mark.ADDED: "+", Mark.PLACE: ""}


def diff(
    note: NoteArgument,
    at: Annotated[
        str | None, typer.Option("--at", metavar="A", help="The older side: a time or a version's number.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="B", help="The newer side; otherwise the newest version.")
    ] = None,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Show what changed in a note: in its newest version, or between two times or versions."""
    older, newer, before, after = wait_for(_read(note, folder, at, to))
    lines = difference(before, after)
    if as_json:
        marked = [{"mark": line.mark.value, "text": line.text} for line in lines]
        print_json({"from": older, "to": newer, "lines": marked})
        return
    from rich.text import Text

    out = console()
    out.print(Text(f"--- {older.path}  {times.moment(older.at)}  {older.device_name}", style="bold"), soft_wrap=True)
    out.print(Text(f"+++ {newer.path}  {times.moment(newer.at)}  {newer.device_name}", style="bold"), soft_wrap=True)
    for line in lines:
        text = Text(_SIGNS[line.mark] + line.text, style=_STYLES[line.mark])
        for start, end in line.emphasis:
            text.stylize("bold reverse", start + 1, end + 1)
        out.print(text, soft_wrap=True)
    if not lines:
        out.print("Both are the same.")


async def _read(
    note: str, folder: Path | None, at: str | None, to: str | None
) -> tuple[VersionInfo, VersionInfo, str, str]:
    place, candidates = find_note(note, folder)
    async with asking(place) as client:
        versions = await client.history(place.vault, await choose(client, place, candidates))
        newer = newest(versions) if to is None else pick(versions, to, "--to")
        older = _before(versions, newer) if at is None else pick(versions, at, "--at")
        texts = []
        for version in (older, newer):
            content = await client.content(place.vault, version.path, version.content)
            try:
                texts.append(content.decode())
            except UnicodeDecodeError:
                raise RequestError(f"“{version.path}” is not text, so there is nothing to compare.") from None
    return older, newer, texts[0], texts[1]


def _before(versions: list[VersionInfo], newer: VersionInfo) -> VersionInfo:
    """The nearest older version with another content."""
    rest = versions[versions.index(newer) + 1 :]
    found = next((v for v in rest if v.content and v.content != newer.content and v.action != "replaced"), None)
    if found is None:
        raise RequestError(
            f"“{newer.path}” has no older version here to compare with.", hint="`vaultsync history` lists them."
        )
    return found
