"""`vaultsync run`: a node in the foreground, or a folder for the one that runs already."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.output import Json, console, print_json
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words
from vaultsync.errors import NodeNotRunningError, NodeRunningError, VaultLockedError, VaultOfflineError

if TYPE_CHECKING:
    from vaultsync.cli.presenter import Presenter
    from vaultsync.client.client import NodeClient
    from vaultsync.daemon.service import Node
    from vaultsync.daemon.status import NodeInfo, VaultInfo

Folders = Annotated[
    list[Path] | None,
    typer.Argument(metavar="FOLDER", help="Folders of notes. None: the vaults that this device already has."),
]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True, help="Stop when standard input ends.")]


def run(
    folders: Folders = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call a new vault, if not after its folder.")
    ] = None,
    until_eof: UntilEof = False,
    as_json: Json = False,
) -> None:
    """Sync folders of notes, until Ctrl-C.

    A folder that is not a vault yet becomes one: it gets a hidden folder `.vaultsync`, and nothing else changes.

    If vaultsync is already running, the running node takes the folder over and this command ends.
    """
    paths = [absolute(folder) for folder in folders or ()]
    if name is not None and len(paths) != 1:
        raise typer.BadParameter("goes with exactly one folder", param_hint="--name")
    handed = wait_for(_hand_over(paths, name))
    if handed is None:
        wait_for(_serve(paths, name, until_eof=until_eof, as_json=as_json))
    elif as_json:
        print_json({"handed_over": handed})
    else:
        for vault in handed:
            console().print(f"The running node now syncs {vault.root} too.", soft_wrap=True)
        console().print("`vaultsync status` shows how it is.")


def absolute(folder: Path) -> Path:
    """The folder as a node in another working directory must be told of it, links resolved."""
    return Path(os.path.realpath(folder.expanduser()))


async def _hand_over(paths: list[Path], name: str | None) -> list[VaultInfo] | None:
    """Give the folders to the running node. None if none runs."""
    from vaultsync.client.client import NodeClient

    try:
        async with NodeClient.find() as client:
            node, served = await _served_by(client)
            if not paths:
                raise NodeRunningError(
                    f"It is process {node.pid}, running for {_running_for(node)}.",
                    hint="`vaultsync status` shows how it is. To add a folder: `vaultsync run FOLDER`.",
                )
            for path in paths:
                if (vault := served.get(str(path))) is not None:
                    if vault.state == "offline":
                        raise VaultOfflineError(vault.reason)
                    raise VaultLockedError(
                        f"{path} is synced by process {node.pid} already, running for {_running_for(node)}.",
                        hint="There is nothing to start. `vaultsync status` shows how it is.",
                    )
            return [await client.add_vault(path, name) for path in paths]
    except NodeNotRunningError:
        return None


async def _served_by(client: NodeClient) -> tuple[NodeInfo, dict[str, VaultInfo]]:
    """The running node and the vaults that it serves, by folder."""
    status = await client.status()
    return status.node, {vault.root: vault for vault in status.vaults}


def _running_for(node: NodeInfo) -> str:
    return words.duration(time.time() - node.started / 1000)


async def _serve(paths: list[Path], name: str | None, *, until_eof: bool, as_json: bool) -> None:
    from vaultsync.cli.foreground import run_node

    async def begin(node: Node, _presenter: Presenter) -> None:
        for path in paths:
            await node.add_vault(path, name)

    await run_node(begin, command="vaultsync run", as_json=as_json, until_eof=until_eof)
