"""Leaving: the node may go on."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static


class Leaving(StrEnum):
    STAY = "stay"
    LEAVE_RUNNING = "leave"
    STOP_NODE = "stop"


class Leave(ModalScreen[Leaving]):
    """How to leave."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,l", "answer('leave')", "Keep it running", tooltip="Close the dashboard; syncing goes on"),
        Binding("s", "answer('stop')", "Stop the node", tooltip="Close the dashboard and stop syncing"),
        Binding("escape", "answer('stay')", "Stay", tooltip="Go back to the dashboard"),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label("Quit the dashboard", classes="dialog-title")
            yield Static("The node can keep syncing in the background. `vaultsync` opens the dashboard again.")
            with Horizontal(classes="buttons"):
                yield Button(r"Keep it running \[q]", id="leave", variant="primary")
                yield Button(r"Stop the node \[s]", id="stop")
                yield Button(r"Stay \[esc]", id="stay")

    def on_mount(self) -> None:
        self.query_one("#leave", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(Leaving(event.button.id or "stay"))

    def action_answer(self, answer: str) -> None:
        self.dismiss(Leaving(answer))
