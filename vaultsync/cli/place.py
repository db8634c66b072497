"""Which vault, and which note in it, a person means."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.status import shell_quoted
from vaultsync.errors import NodeNotRunningError, VaultError
from vaultsync.model.paths import MARKER_DIR

if TYPE_CHECKING:
    from vaultsync.client.client import NodeClient
    from vaultsync.client.recovery import RecoveryClient
    from vaultsync.daemon.status import VaultInfo

In = Annotated[
    Path | None,
    typer.Option("--in", metavar="FOLDER", help="The vault, if it is not the one that you are in."),
]
NoteArgument = Annotated[
    str, typer.Argument(metavar="NOTE", help="Its path, from here or from the vault's top. `.md` may be left out.")
]


@dataclass(frozen=True, slots=True)
class Place:
    """A vault on this device."""

    root: Path
    """Absolute, links resolved."""
    vault: str
    """Its id."""


def find_place(folder: Path | None) -> Place:
    """The vault that `folder`, or the current directory, is or lies in. `VaultError` if there is none."""
    start = Path(os.path.realpath(folder or Path.cwd()))
    place = _above(start)
    if place is None:
        raise VaultError(
            f"There is no vault at {start}, nor above it.",
            hint="Go into the vault's folder first, or name it with `--in FOLDER`.",
        )
    return place


def find_place_or_none() -> Place | None:
    """The vault that the current directory is or lies in."""
    return _above(Path(os.path.realpath(Path.cwd())))


def find_note(text: str, folder: Path | None) -> tuple[Place, list[str]]:
    """The vault, and the paths in it that `text` may mean, the likeliest first.

    `text` is a path from the current directory or from the vault's top. `VaultError` if there is no vault.
    """
    here = Path(os.path.realpath(Path.cwd()))
    given = Path(os.path.normpath(here / Path(text).expanduser()))
    given = Path(os.path.realpath(given.parent)) / given.name
    place = _above(given.parent) if folder is None else None
    if place is None:
        place = find_place(folder)
    found: list[str] = []
    if given.is_relative_to(place.root) and given != place.root:
        found.append(given.relative_to(place.root).as_posix())
    if not Path(text).is_absolute():
        found.append(os.path.normpath(text).replace(os.sep, "/"))
    paths = [unicodedata.normalize("NFC", path) for path in found if path != "." and not path.startswith("../")]
    if not paths:
        raise VaultError(f"{text} is not in the vault {place.root}.")
    return place, list(dict.fromkeys([*paths, *(f"{path}.md" for path in paths)]))


async def choose(client: RecoveryClient, place: Place, candidates: list[str]) -> str:
    """Of the paths that may be meant, the first that is there, or else that was there once, or else the first."""
    if (there := _on_disk(place, candidates)) is not None:
        return there
    for path in candidates:
        if (await client.explain(place.vault, path)).versions:
            return path
    return candidates[0]


async def served_at(client: NodeClient, folder: Path) -> VaultInfo:
    """The running node's vault that `folder` is or lies in, whether or not it is there. `VaultError`."""
    vaults = (await client.status()).vaults
    found = next((vault for vault in vaults if folder.is_relative_to(vault.root)), None)
    if found is None:
        raise VaultError(f"{folder} is no vault of this device.", hint="`vaultsync status` lists them.")
    return found


@asynccontextmanager
async def asking(place: Place) -> AsyncIterator[RecoveryClient]:
    """A client of the running node. `NodeNotRunningError` says how to start one."""
    from vaultsync.client.recovery import RecoveryClient

    try:
        async with RecoveryClient.find() as client:
            yield client
    except NodeNotRunningError as error:
        start = f"    vaultsync run {shell_quoted(str(place.root))}"
        error.hint = f"Start it in another terminal, then ask again:\n{start}"
        raise


def _on_disk(place: Place, candidates: list[str]) -> str | None:
    return next((path for path in candidates if os.path.lexists(place.root / path)), None)


def _above(start: Path) -> Place | None:
    from vaultsync.vault import marker

    for folder in (start, *start.parents):
        if (folder / MARKER_DIR / marker.MARKER_NAME).is_file():
            return Place(folder, str(marker.read(str(folder)).vault))
    return None
