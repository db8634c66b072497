"""Real nodes in one process, over QUIC on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.service import Node

ENVIRON = {"VAULTSYNC_KEYRING": "off"}


@asynccontextmanager
async def running_node(base: Path, name: str, *, called: str | None = None, mdns: bool = False) -> AsyncIterator[Node]:
    """A node with its home below `base`, running; stopped cleanly at the end. `called`: if not as its home."""
    places = Places(base / name / "config", base / name / "data")
    config = Config(called or name, listen_host="127.0.0.1", mdns=mdns)
    async with open_node(places, config, command="test", environ=ENVIRON) as node, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(node.run())
        try:
            yield node
        finally:
            node.stopping.set()
            await running


async def until(condition: Callable[[], bool], node: Node | None = None) -> None:
    """Wait for `condition`, looking again whenever the loop has had time for other things."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file below `root` with its content, every folder with None."""
    return {
        item.relative_to(root).as_posix(): item.read_bytes() if item.is_file() else None
        for item in sorted(root.rglob("*"))
        if item.relative_to(root).parts[0] != ".vaultsync"
    }
