"""`vaultsync doctor`: what may be wrong on this device, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from vaultsync.cli.output import ExitCode, Json, console, print_json
from vaultsync.cli.waiting import wait_for
from vaultsync.client import words
from vaultsync.errors import ConfigError, NodeNotRunningError, VaultsyncError

if TYPE_CHECKING:
    from vaultsync.daemon.config import Places
    from vaultsync.daemon.doctor.finding import Finding
    from vaultsync.daemon.status import PeerInfo, Status, VaultInfo


def doctor(as_json: Json = False) -> None:
    """Look for what may be wrong on this device: key, settings, network, disk, folders, indexes, clocks.

    Changes nothing; works with and without a running node. Ends with 1 if something does not work.
    """
    from vaultsync.daemon.doctor.finding import Level

    found = list(_look())
    if as_json:
        print_json(found)
    else:
        show(found)
    if any(each.level is Level.PROBLEM for each in found):
        raise typer.Exit(ExitCode.ERROR)


def show(found: list[Finding]) -> None:
    """Print the findings for people, and how many need a hand."""
    from rich.text import Text

    from vaultsync.daemon.doctor.finding import Level

    out = console()
    marks = {Level.FINE: ("✓ ", "green"), Level.WARNING: ("! ", "yellow"), Level.PROBLEM: ("✗ ", "bold red")}
    for each in found:
        mark, style = marks[each.level]
        out.print(Text.assemble((mark, style), each.text), soft_wrap=True)
        for line in each.mend.splitlines():
            out.print(Text(f"    {line}", style="dim"), soft_wrap=True)
    problems = sum(each.level is Level.PROBLEM for each in found)
    warnings = sum(each.level is Level.WARNING for each in found)
    if not problems and not warnings:
        out.print("\nNothing is wrong on this device.")
    else:
        out.print(f"\n{words.count(problems, 'problem')}, {words.count(warnings, 'warning')}.")


def _look() -> Iterator[Finding]:
    from vaultsync.daemon.config import Config, Places
    from vaultsync.daemon.doctor.device import check_device
    from vaultsync.daemon.doctor.finding import fine
    from vaultsync.daemon.doctor.network import check_network
    from vaultsync.daemon.doctor.vaults import check_vaults

    places = Places.find()
    status, unanswered = wait_for(_status(places))
    yield from check_device(places, os.environ)
    if unanswered is not None:
        yield unanswered
    elif status is None:
        yield fine("node", "No node runs now; what only a running one knows is not looked at.")
    else:
        yield from check_node(status)
    try:
        config = Config.load(places.config_file)
    except ConfigError:
        # It has been said; the network is looked at as if nothing were set.
        config = Config("device")
    yield from check_network(places, config, node_runs=status is not None)
    yield from check_vaults(places, node_runs=status is not None)


def check_node(status: Status) -> Iterator[Finding]:
    """What a running node says of itself, its vaults and the other devices."""
    from vaultsync import __version__
    from vaultsync.daemon.doctor.finding import fine, warning

    if status.node.version != __version__:
        text = f"The running node is of version {status.node.version}, this program of {__version__}."
        yield warning("node", text, "vaultsync stop, then start it again.")
    else:
        yield fine("node", f"A node runs (process {status.node.pid}) and answers.")
    for vault in status.vaults:
        yield from _of_vault(vault)
    for peer in status.peers:
        yield _of_peer(peer)


def _of_vault(vault: VaultInfo) -> Iterator[Finding]:
    from vaultsync.daemon.doctor.finding import problem, warning

    name = f"“{vault.name}”"
    if vault.state in ("offline", "failed"):
        yield problem("vault", f"{name} is {vault.state}: {vault.reason}", "It goes on by itself when that is mended.")
    if vault.watching:
        yield warning("watches", f"Changes in {name} may be seen late: {vault.watching}.", "See “watches”.")
    if vault.trouble_count:
        text = f"{words.count(vault.trouble_count, 'path')} of {name} cannot be synced now."
        yield warning("trouble", text, "`vaultsync status` lists them, `vaultsync explain PATH` tells more.")
    if vault.held:
        text = f"{words.count(vault.held, 'deletion')} in {name} wait for your word."
        yield warning("held", text, "vaultsync approve, or vaultsync undo --deletions")


def _of_peer(peer: PeerInfo) -> Finding:
    from vaultsync.daemon.doctor.finding import fine, warning

    if peer.state in ("connected", "syncing"):
        return fine("peer", f"{peer.name} is connected at {peer.address}.")
    why = f": {peer.reason}" if peer.reason else "."
    return warning("peer", f"{peer.name} is not connected{why}", "`vaultsync peers attempts` tells what was tried.")


async def _status(places: Places) -> tuple[Status | None, Finding | None]:
    """What the node says; or None, and what is wrong with it if it runs all the same."""
    from vaultsync.client.client import NodeClient
    from vaultsync.daemon.doctor.finding import problem

    try:
        async with NodeClient.find(places) as client:
            return await client.status(), None
    except NodeNotRunningError:
        return None, None
    except VaultsyncError as error:
        return None, problem("node", f"{error.title}: {error.message}", error.hint)
