"""A node in a process of its own: `node_program.py HOME make|join TICKET_FILE`. Writes what a test wants to know."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path

from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.peers import Peer
from vaultsync.daemon.service import Node


def publish(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


async def act(node: Node, home: Path, verb: str, *arguments: str) -> None:
    root = home / "vault"
    if verb == "make":
        root.mkdir()
        service = await node.add_vault(root)
        text, _ = await node.make_ticket(service, role="member", life_s=600, reusable=True)
        publish(home / "ticket", text)
    elif verb == "join":
        await node.peers.ready.wait()
        await node.join(Path(arguments[0]).read_text(), root)
    publish(home / "ready", "yes")


async def main(home: Path, verb: str, *arguments: str) -> None:
    places = Places(home / "config", home / "data")
    async with open_node(places, Config(home.name), command="lab") as node:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, node.stopping.set)

        def publish_states(changed: Peer) -> None:
            logging.info("%s is %s %s", changed.record.name, changed.state, changed.reason)
            lines = [f"{peer.record.name}={peer.state}" for peer in node.peers.get_peers()]
            publish(home / "states", "\n".join(lines))

        node.peers.on_peer_state_change(publish_states)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(node.run())
            tasks.create_task(act(node, home, verb, *arguments))


logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
