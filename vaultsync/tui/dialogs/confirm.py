"""A question with two answers."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Label, Static


class Confirm(ModalScreen[bool]):
    """True if the person goes on. Nothing that can't be undone is one key away: the focus is on leaving it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer(False)", "Cancel", tooltip="Change nothing"),
        Binding("y", "answer(True)", "Yes", tooltip="Go on"),
        Binding("n", "answer(False)", "No", show=False, tooltip="Change nothing"),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, text: str | Content, *, yes: str, no: str = "Cancel", danger: bool = False) -> None:
        super().__init__()
        self._title, self._text, self._yes, self._no = title, text, yes, no
        self._danger = danger

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-text"):
                yield Static(self._text, markup=False)
            with Horizontal(classes="buttons"):
                yield Button(rf"{self._yes} \[y]", id="yes", variant="error" if self._danger else "primary")
                yield Button(rf"{self._no} \[esc]", id="no")

    def on_mount(self) -> None:
        self.query_one("#no" if self._danger else "#yes", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
