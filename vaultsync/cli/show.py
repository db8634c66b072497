"""`vaultsync show`: a note as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vaultsync.cli.output import Json, print_json
from vaultsync.cli.place import In, NoteArgument, asking, choose, find_note
from vaultsync.cli.versions import At, Number, newest, pick
from vaultsync.cli.waiting import wait_for
from vaultsync.errors import RequestError

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import VersionInfo


def show(note: NoteArgument, at: At = None, version: Number = None, folder: In = None, as_json: Json = False) -> None:
    """Print a version of a note: the newest, or that of a time or number."""
    if at is not None and version is not None:
        raise typer.BadParameter("Say either `--at` or `--version`.", param_hint="--at")
    found, content = wait_for(_read(note, folder, at, version))
    text = _as_text(content)
    if as_json:
        print_json({"version": found, "text": text, "bytes": len(content)})
    elif text is not None:
        sys.stdout.write(text)
    elif sys.stdout.isatty():
        name = Path(found.path).name
        raise RequestError(f"“{name}” is not text.", hint=f"Write it to a file: vaultsync show … > {name}")
    else:
        sys.stdout.buffer.write(content)


async def _read(note: str, folder: Path | None, at: str | None, version: str | None) -> tuple[VersionInfo, bytes]:
    place, candidates = find_note(note, folder)
    async with asking(place) as client:
        versions = await client.history(place.vault, await choose(client, place, candidates))
        if at is not None:
            found = pick(versions, at, "--at")
        elif version is not None:
            found = pick(versions, version, "--version")
        else:
            found = newest(versions)
        return found, await client.content(place.vault, found.path, found.content)


def _as_text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
