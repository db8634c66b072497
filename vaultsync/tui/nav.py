"""The bar at the top: which screens there are, where one is, and whether the node answers."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from vaultsync.tui.attention import open_matters
from vaultsync.tui.state import Board, Contact
from vaultsync.tui.tone import Tone

PLACES: Final = (
    ("overview", "1", "Overview", "Vaults, devices and what is going on"),
    ("pair", "2", "Pair", "Add a device to a vault, or join one"),
    ("history", "3", "History", "Earlier versions and deleted notes"),
    ("attention", "4", "Attention", "What waits for a person"),
    ("settings", "5", "Settings", "Of this device and of its vaults"),
)
"""Mode, key, title, tooltip."""


class NavTab(Static):
    """One entry. A click goes there."""

    def __init__(self, place: str, key: str, title: str, tooltip: str, *, here: bool) -> None:
        super().__init__(classes="-here" if here else "")
        self.place, self._key, self._title = place, key, title
        self._here = here
        self.tooltip = f"{tooltip} (key {key})"
        self.show_count(0)

    def show_count(self, count: int) -> None:
        """How many things wait there."""
        more = f" !{count}" if count else ""
        self.update(
            Content.assemble(
                (self._key, "bold"), " ", self._title, (more, "bold" if self._here else f"bold {Tone.BAD}")
            )
        )

    async def on_click(self) -> None:
        await self.app.switch_mode(self.place)


class NavBar(Horizontal):
    """`place` is where one is."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self._place = place

    def compose(self) -> ComposeResult:
        for place, key, title, tooltip in PLACES:
            yield NavTab(place, key, title, tooltip, here=place == self._place)
        yield Static(id="contact")

    def show(self, board: Board) -> None:
        for tab in self.query(NavTab):
            if tab.place == "attention":
                tab.show_count(open_matters(board))
            elif tab.place == "pair":
                tab.show_count(len(board.requests))
        contact = self.query_one("#contact", Static)
        match board.contact:
            case Contact.LIVE:
                assert board.status is not None
                contact.update(Content.assemble((board.status.node.name, "bold"), (" ● running", Tone.GOOD)))
                contact.tooltip = f"Node {board.status.node.id[:10]}, process {board.status.node.pid}"
            case Contact.SEEKING:
                contact.update(Content.assemble(("◌ looking for it", Tone.BUSY)))
            case Contact.LOST:
                contact.update(Content.assemble(("✖ stopped, R starts", Tone.BAD)))
                contact.tooltip = board.why
