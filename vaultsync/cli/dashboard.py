"""`vaultsync FOLDER` and `vaultsync` alone: the dashboard."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vaultsync.cli.run import absolute
from vaultsync.cli.waiting import wait_for
from vaultsync.errors import VaultError


def dashboard(
    folder: Annotated[
        Path | None, typer.Argument(metavar="FOLDER", help="A folder of notes to sync; made a vault if it is none yet.")
    ] = None,
) -> None:
    """Open the dashboard; start a node in the background if none runs.

    The same as `vaultsync FOLDER`, or `vaultsync` alone. Leaving it can leave the node running.
    """
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise typer.BadParameter("The dashboard needs a terminal. Without one: `vaultsync run FOLDER`.")
    path = None if folder is None else absolute(folder)
    if path is not None and not path.is_dir():
        raise VaultError(f"{path} is not a folder.", hint="Make it first, or mend the path.")
    wait_for(_open(path))


async def _open(folder: Path | None) -> None:
    import asyncio

    from vaultsync.client.launch import ensure_node
    from vaultsync.daemon.config import Places
    from vaultsync.tui.app import Dashboard

    places = Places.find()
    await ensure_node(places, [] if folder is None else [folder])
    real = None if folder is None else Path(await asyncio.to_thread(os.path.realpath, folder))
    await Dashboard(places, real).run_async()
