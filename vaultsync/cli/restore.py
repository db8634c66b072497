"""`vaultsync restore`: bring back a note, a folder or the whole vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking, choose, find_note, find_place
from vaultsync.cli.versions import At, Number, as_time, newest, pick
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times, words
from vaultsync.errors import RequestError

if TYPE_CHECKING:
    from vaultsync.client.recovery import RecoveryClient
    from vaultsync.daemon.recovery import RestoreInfo, VersionInfo

SHOWN = 10
"""Paths named in a preview, of each kind; `--json` names all."""


def restore(
    note: Annotated[
        str | None, typer.Argument(metavar="NOTE", help="A note or a folder, from here or from the vault's top.")
    ] = None,
    at: At = None,
    version: Number = None,
    whole: Annotated[bool, typer.Option("--vault", help="The whole vault instead of one note.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would change.")] = False,
    yes: Yes = False,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Bring back a note, a folder or the whole vault as it was. It reaches all devices, as any edit does.

    What is replaced or removed stays in history.
    """
    if whole == (note is not None):
        raise typer.BadParameter("Name a note or a folder, or say `--vault`.", param_hint="NOTE")
    if at is not None and version is not None:
        raise typer.BadParameter("Say either `--at` or `--version`.", param_hint="--at")
    if whole and at is None:
        raise typer.BadParameter("Say of which time: `vaultsync restore --vault --at TIME`.", param_hint="--at")
    place, candidates = (find_place(folder), [""]) if note is None else find_note(note, folder)
    path, is_folder = ("", True) if note is None else wait_for(_meant(place, candidates))
    if is_folder:
        if at is None:
            raise typer.BadParameter("A folder is restored as of a time: say `--at TIME`.", param_hint="--at")
        _restore_folder(place, path, as_time(at), preview=preview, yes=yes, as_json=as_json)
    else:
        _restore_note(place, path, at, version, preview=preview, as_json=as_json)


async def _meant(place: Place, candidates: list[str]) -> tuple[str, bool]:
    """The path that is meant, and whether it is, or last was, a folder."""
    async with asking(place) as client:
        path = await choose(client, place, candidates)
        found = await client.explain(place.vault, path)
    if found.kind:
        return path, found.kind == "folder"
    return path, bool(found.versions) and not any(version.content for version in found.versions)


def _restore_note(
    place: Place, path: str, at: str | None, version: str | None, *, preview: bool, as_json: bool
) -> None:
    before, found = wait_for(_put_back(place, path, at, version, preview=preview))
    if as_json:
        print_json(found)
        return
    from rich.text import Text

    out = console()
    what = "would be again what it was" if preview else "is again what it was"
    text = Text.assemble((found.path, "bold"), f" {what} on {times.moment(found.at)}, by {found.device_name}.")
    say(out, text)
    if before.content and not preview:
        out.print("What it was until now stays in its history.")


async def _put_back(
    place: Place, path: str, at: str | None, version: str | None, *, preview: bool
) -> tuple[VersionInfo, VersionInfo]:
    """Restore one version of a note. Gives its newest version until now, and the one that was restored."""
    async with asking(place) as client:
        versions = await client.history(place.vault, path)
        current = next(found for found in versions if found.action != "replaced")
        if at is not None:
            wanted = pick(versions, at, "--at")
        elif version is not None:
            wanted = pick(versions, version, "--version")
        elif current.content:
            raise RequestError(
                f"“{path}” is there. Say which version is to come back: `--at TIME` or `--version N`.",
                hint="`vaultsync history` lists them.",
            )
        else:
            wanted = newest(versions)
        if wanted.content == current.content:
            raise RequestError(f"“{path}” is just as it was at {times.moment(wanted.at)}: there is nothing to restore.")
        if not wanted.restorable:
            raise RequestError(
                f"This device does not have that version of “{path}” any more.",
                hint="Another device may have it: try `vaultsync history` there.",
            )
        if not preview:
            await client.restore(place.vault, path, wanted.content)
    return current, wanted


def _restore_folder(place: Place, path: str, at_ms: int, *, preview: bool, yes: bool, as_json: bool) -> None:
    plan = wait_for(_ask_for(place, at_ms, path, preview=True))
    changes = bool(plan.bring_back or plan.change_back or plan.remove)
    if not as_json:
        show_plan(plan)
    if not preview and changes:
        confirm("Restore that?", yes=yes)
        plan = wait_for(_ask_for(place, at_ms, path, preview=False))
        if not as_json:
            console().print("Done. What was replaced or removed is in history.")
    if as_json:
        print_json(plan)


async def _ask_for(place: Place, at_ms: int, path: str, *, preview: bool) -> RestoreInfo:
    client: RecoveryClient
    async with asking(place) as client:
        return await client.restore_to(place.vault, at_ms, path, preview=preview)


def show_plan(plan: RestoreInfo) -> None:
    """Print what a restore changes."""
    from rich.text import Text

    out = console()
    what = f"“{plan.folder}”" if plan.folder else "The vault"
    if not (plan.bring_back or plan.change_back or plan.remove):
        say(out, f"{what} holds what it held at {times.moment(plan.at)}.")
    else:
        say(out, f"{what} as it was at {times.moment(plan.at)}:")
    for heading, paths, style in (
        ("Comes back", [version.path for version in plan.bring_back], "green"),
        ("Gets its content of then", [version.path for version in plan.change_back], "yellow"),
        ("Is removed: it was not there then", list(plan.remove), "red"),
        ("Stays as it is: its content of then is not on this device", [v.path for v in plan.lost], "red"),
    ):
        if not paths:
            continue
        say(out, Text(f"  {heading} ({words.count(len(paths), 'file')})", style=style))
        for path in paths[:SHOWN]:
            out.print(Text(f"      {path}"), soft_wrap=True)
        if len(paths) > SHOWN:
            out.print(f"      and {len(paths) - SHOWN:,} more (`--json` names all)")
