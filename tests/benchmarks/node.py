"""One node of a benchmark, in a process of its own: commands as lines on standard input, answers as JSON lines.

    python -m tests.benchmarks.node HOME NAME ROOT

Commands: `add`, `ticket`, `join TICKET`, `bytes`, `profile`, `reset` and `turns` (of the event loop), `stop`. Besides
the answers there are lines for events, with the time on the machine's monotonic clock, which all processes share:
`scanned`, `in_sync`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

from tests.benchmarks.sampling import Sampler
from tests.benchmarks.turns import TimedSelector
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.events import ProvenInSync, VaultStateChanged
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.service import Node
from vaultsync.server.serve import serve_api


def say(what: str, **more: object) -> None:
    print(json.dumps({"what": what, "at": time.monotonic(), **more}), flush=True)


async def tell(node: Node) -> None:
    async for _, event in node.bus.listen(0):
        if isinstance(event, ProvenInSync):
            say("in_sync")
        elif isinstance(event, VaultStateChanged) and event.state == "ready":
            say("scanned")


async def obey(node: Node, root: Path, turns: TimedSelector) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    sampler: Sampler | None = None
    while line := (await reader.readline()).decode():
        command, _, argument = line.strip().partition(" ")
        if command == "add":
            await node.add_vault(root)
        elif command == "ticket":
            service = node.find_vault(root)
            text, _ = await node.make_ticket(service, role="member", life_s=3_600, reusable=True)
            say("ticket", text=text)
        elif command == "join":
            await node.join(argument, root)
            say("joined")
        elif command == "bytes":
            links = [peer.link.connection for peer in node.peers.get_peers() if peer.link is not None]
            say("bytes", sent=sum(link.bytes_sent for link in links))
        elif command == "reset":
            turns.reset()
        elif command == "turns":
            say("turns", longest_ms=turns.longest_s * 1000, slow=turns.slow)
        elif command == "profile" and sampler is None:
            sampler = Sampler()
            sampler.start()
        elif command == "profile" and sampler is not None:
            sampler.stop()
            say("profile", kinds=sampler.kinds, places=sampler.places.most_common(40))
        elif command == "stop":
            break


async def main(home: Path, name: str, root: Path, turns: TimedSelector) -> None:
    places = Places(home / "config", home / "data")
    config = Config(name, listen_host="127.0.0.1", mdns=False)
    async with open_node(places, config, command="benchmark", environ={"VAULTSYNC_KEYRING": "off"}) as node:
        telling = asyncio.create_task(tell(node))
        running = asyncio.create_task(node.run())
        say("ready")
        async with serve_api(node):
            await obey(node, root, turns)
        node.stopping.set()
        await running
        telling.cancel()


if __name__ == "__main__":
    selector = TimedSelector()
    with asyncio.Runner(loop_factory=selector.make_loop) as runner:
        runner.run(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), selector))
