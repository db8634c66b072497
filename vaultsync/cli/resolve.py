"""`vaultsync resolve`: end a conflict."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.conflicts import listed
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking, find_note
from vaultsync.cli.waiting import wait_for
from vaultsync.errors import RequestError

if TYPE_CHECKING:
    from vaultsync.daemon.recovery import ConflictInfo


class Side(StrEnum):
    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    EDIT = "edit"


def resolve(
    path: Annotated[str, typer.Argument(metavar="PATH", help="The conflict copy, or the note that it is about.")],
    choice: Annotated[Side, typer.Argument(metavar="mine|theirs|both|edit", help="What is to stay.")],
    folder: In = None,
    as_json: Json = False,
) -> None:
    """End a conflict, on all devices.

    A conflict copy: `mine` keeps the note, `theirs` the copy in its place, `both` makes the copy a note of its own.

    `edit` opens both in $EDITOR, and removes the copy afterwards.

    A merge: `mine` is what this device had before, `theirs` is what came in, `both` keeps the merge.

    What goes stays in history.
    """
    place, candidates = find_note(path, folder)
    found = _find(wait_for(listed(place)), candidates)
    if choice is Side.EDIT:
        _edit(place, found)
    else:
        wait_for(_end(place, found, choice))
    if as_json:
        print_json({"path": found.path, "choice": choice.value})
        return
    from rich.text import Text

    say(console(), Text.assemble("Ended: ", (found.path, "bold"), f" ({choice.value})."))


def _find(conflicts: list[ConflictInfo], candidates: list[str]) -> ConflictInfo:
    """The conflict that is meant: by its own path, or by that of the note that it is about."""
    for path in candidates:
        exact = [each for each in conflicts if each.path == path and each.kind == "copy"]
        about = exact or [each for each in conflicts if path in (each.original, each.path)]
        if len(about) > 1:
            names = ", ".join(f"“{each.path}”" for each in about)
            raise RequestError(f"“{path}” has more than one conflict: {names}.", hint="Name the one that is meant.")
        if about:
            return about[0]
    raise RequestError(f"There is no conflict at “{candidates[0]}”.", hint="`vaultsync conflicts` lists them.")


async def _end(place: Place, conflict: ConflictInfo, side: Side) -> None:
    async with asking(place) as client:
        await client.resolve(place.vault, conflict.path, side.value)


def _edit(place: Place, conflict: ConflictInfo) -> None:
    """Let the person write what is to stay, in the note itself, with the sides at hand."""
    note = place.root / conflict.original
    before = note.read_bytes() if note.exists() else None
    if conflict.kind == "copy":
        if before is None:
            raise RequestError(f"The note “{conflict.original}” is gone.", hint="`theirs` puts the copy in its place.")
        open_editor([note, place.root / conflict.path])
        wait_for(_end(place, conflict, Side.MINE))
        return
    with tempfile.TemporaryDirectory(prefix="vaultsync-") as aside:
        open_editor([note, *wait_for(_sides(place, conflict, Path(aside)))])
    if note.exists() and note.read_bytes() == before:
        wait_for(_end(place, conflict, Side.BOTH))


async def _sides(place: Place, conflict: ConflictInfo, aside: Path) -> list[Path]:
    """Both inputs of a merge as files to look at."""
    made = []
    async with asking(place) as client:
        for side, version in (("mine", conflict.mine), ("theirs", conflict.theirs)):
            if version is None or not version.restorable:
                continue
            name = Path(conflict.path)
            path = aside / f"{name.stem} ({side}){name.suffix}"
            path.write_bytes(await client.content(place.vault, version.path, version.content))
            made.append(path)
    return made


def open_editor(paths: list[Path], environ: Mapping[str, str] = os.environ) -> None:
    """Open files in the person's editor, and wait. `RequestError` if there is none, or if it failed."""
    known = environ.get("VISUAL") or environ.get("EDITOR")
    command = shlex.split(known) if known else [name for name in ("nano", "vi", "notepad") if shutil.which(name)][:1]
    if not command:
        raise RequestError("No editor is known.", hint="Set the environment variable EDITOR to one.")
    try:
        ended = subprocess.run([*command, *map(str, paths)], check=False)  # noqa: S603 (what the person set)
    except OSError as error:
        raise RequestError(f"The editor {command[0]!r} cannot be started: {error.strerror}.") from error
    if ended.returncode:
        raise RequestError(f"The editor ended with {ended.returncode}, so the conflict stays as it is.")
