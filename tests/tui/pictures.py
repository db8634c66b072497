"""The dashboard's pictures in the documentation, from a session of two real nodes: `python -m tests.tui.pictures`.

Nothing in them is made up: what they show is what the dashboard showed. Look at them before they are committed.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from unittest import mock

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.support.nodes import until
from tests.tui.kit import dashboard, says, served_node, shown, typed, write
from vaultsync.daemon.service import Node

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = (104, 30)
NOTES = {
    "Journal/2026-11-19.md": "# Thursday\n\nRain. Read about beavers.\n",
    "Journal/2026-11-20.md": "# Friday\n\nFrost.\n",
    "Projects/Garden plan.md": "# Garden\n\n- order seeds\n- mend the fence\n",
    "Projects/Boat.md": "# Boat\n\nSand the hull.\n",
    "Recipes/Soup.md": "# Soup\n\nleek, potato, cream\n",
    **{f"Archive/{n}.md": f"# {n}\n" for n in range(120)},
}


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as base, mock.patch.dict(os.environ, HOME=base):
        async with served_node(Path(base), "laptop") as laptop, served_node(Path(base), "phone") as phone:
            for node in (laptop, phone):
                # The settings that it runs with are those of its file, as with any node that people start.
                text = f'name = "{node.config.name}"\nlisten_host = "{node.config.listen_host}"\nmdns = false\n'
                node.places.config_file.write_text(text)
            await _session(Path(base), laptop, phone)


async def _session(base: Path, laptop: Node, phone: Node) -> None:
    here, there = write(base / "here" / "Notes", NOTES), base / "there" / "Notes"
    there.parent.mkdir()
    service = await laptop.add_vault(here)
    await service.tried.wait()
    async with dashboard(laptop, SIZE) as (app, pilot), dashboard(phone, SIZE) as (other, far):
        await pilot.press("a")
        await shown(pilot, lambda: says(pilot, "Waiting for the other device"))
        await _draw(pilot, "add-device")
        await pilot.press("y")
        await far.press("j")
        other.post_message(events.Paste(app.clipboard))
        await shown(far, lambda: says(far, "“Notes” from laptop"))
        other.screen.query_one("#folder", Input).value = "~/there/Notes"
        await shown(far, lambda: says(far, "is new: it will be made"))
        await _draw(far, "join")
        await far.press("ctrl+s")
        await shown(far, lambda: says(far, "Join this vault?"))
        await far.press("y")
        await shown(far, lambda: says(far, "Paired with laptop"))
        await _draw(far, "paired")
        await pilot.press("1")
        await shown(pilot, lambda: says(pilot, "in sync with phone"))
        plan = here / "Projects/Garden plan.md"
        plan.write_text("# Garden\n\n- order seeds and bulbs\n- mend the fence\n- oil the gate\n")
        await shown(pilot, lambda: says(pilot, "Garden plan.md edited here"))
        await until(lambda: (there / "Projects/Garden plan.md").read_bytes() == plan.read_bytes())
        await _clash(laptop, here, there)
        await shown(pilot, lambda: says(pilot, "Attention !1"))
        await _draw(pilot, "overview")
        await pilot.press("ctrl+t")
        await _draw(pilot, "overview-light")
        await pilot.press("ctrl+t", "4")
        await shown(pilot, lambda: says(pilot, "• Oak"))
        await _draw(pilot, "attention")
        await pilot.press("3")
        await typed(pilot, "garden")
        await shown(pilot, lambda: says(pilot, "+ - oil the gate"))
        await pilot.press("enter", "enter")
        await _draw(pilot, "history")
        await pilot.press("5")
        await shown(pilot, lambda: says(pilot, "Unknown devices"))
        await _draw(pilot, "settings")
        await pilot.press("1", "e")
        await shown(pilot, lambda: says(pilot, str(phone.node_id)))
        await _draw(pilot, "device")


async def _clash(laptop: Node, here: Path, there: Path) -> None:
    """Both devices write one note anew while they are apart."""
    peer = laptop.peers.get_peers()[0]
    laptop.peers.disconnect_peer(peer.record.node_id)
    await until(lambda: peer.link is None)
    (here / "Mast.md").write_text("Oak\nvarnish in May\nask Ada for the crane\n")
    (there / "Mast.md").write_text("Aluminium, from the yard in Kiel.\nTwo weeks to wait.\n")
    laptop.peers.connect_to_peer(peer.record.node_id)
    await until(lambda: len(list(here.glob("Mast (conflict*"))) == 1)


async def _draw(pilot: Pilot[None], name: str) -> None:
    pilot.app.clear_notifications()
    await pilot.pause(0.2)
    (FOLDER / f"{name}.svg").write_text(pilot.app.export_screenshot(title="vaultsync"))


if __name__ == "__main__":
    asyncio.run(main())
