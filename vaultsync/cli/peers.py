"""`vaultsync peers`: the devices that this one is paired with."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from vaultsync.cli.output import Json, console, print_json
from vaultsync.client import words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.status import PeerInfo


def peers(as_json: Json = False) -> None:
    """List the devices that this one is paired with."""
    found = asyncio.run(_ask())
    if as_json:
        print_json(found)
    else:
        show(found, console(), time.time_ns() // 1_000_000)


async def _ask() -> list[PeerInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.peers()


def show(found: list[PeerInfo], out: Console, now_ms: int) -> None:
    """Print the peers for people."""
    from rich.text import Text

    if not found:
        out.print("No other device yet. `vaultsync ticket FOLDER` makes a ticket for one.")
    for peer in found:
        names = ", ".join(vault.name for vault in peer.vaults)
        host = f" ({peer.hostname})" if peer.hostname and peer.hostname != peer.name else ""
        out.print(Text.assemble((peer.name, "bold"), f"{host}  {peer.id[:10]}"), soft_wrap=True)
        details = [words.peer_state(peer)]
        if peer.address:
            details.append(f"at {peer.address}, {words.latency(peer.latency_ms)}")
        out.print(Text("  " + " ".join(details)), soft_wrap=True)
        out.print(Text(f"  vaults: {names}; last sync: {words.ago(peer.last_sync, now_ms)}"), soft_wrap=True)
