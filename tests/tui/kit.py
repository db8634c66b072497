"""A dashboard over a real node, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.support.nodes import running_node
from vaultsync.daemon.service import Node
from vaultsync.server.serve import serve_api
from vaultsync.tui.app import Dashboard

SMALL = (80, 24)
LARGE = (160, 48)


@asynccontextmanager
async def served_node(base: Path, name: str) -> AsyncIterator[Node]:
    """A running node with its API."""
    async with running_node(base, name) as node:
        await node.peers.ready.wait()
        async with serve_api(node):
            yield node


async def ready(node: Node, root: Path) -> None:
    """The folder is a vault of the node, and looked through."""
    service = await node.add_vault(root)
    await service.tried.wait()
    assert service.engine is not None
    await service.engine.scanned.wait()


@asynccontextmanager
async def dashboard(node: Node, size: tuple[int, int] = SMALL) -> AsyncIterator[tuple[Dashboard, Pilot[None]]]:
    """The dashboard of `node`, with its status on show."""
    app = Dashboard(node.places)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, lambda: app.board.status is not None)
        yield app, pilot


async def shown(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, giving the application time to draw and to hear."""
    try:
        async with asyncio.timeout(20):
            while not condition():
                await pilot.pause(0.02)
    except TimeoutError:
        raise AssertionError(f"it does not come about; shown is\n{text_of(pilot)}") from None
    await pilot.pause()


async def typed(pilot: Pilot[None], text: str) -> None:
    """Type `text` key by key where the focus is."""
    names = {" ": "space", "/": "slash", ".": "full_stop", "-": "minus", "_": "underscore", "~": "tilde"}
    await pilot.press(*(names.get(character, character) for character in text))


def write(root: Path, notes: dict[str, str]) -> Path:
    """A folder with these notes."""
    for path, text in notes.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    root.mkdir(parents=True, exist_ok=True)
    return root


def says(pilot: Pilot[None], text: str) -> bool:
    """Whether the screen shows it, however its lines are broken."""
    shown_text = text_of(pilot).translate(_FRAMES)
    return text in " ".join(shown_text.split())


_FRAMES = dict.fromkeys(map(ord, "│─╭╮╰╯"), " ")


def text_of(pilot: Pilot[None]) -> str:
    """What the screen shows, as lines of text."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)
