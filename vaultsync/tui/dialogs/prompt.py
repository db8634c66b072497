"""A question whose answer is one line."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label, Static


class Prompt(ModalScreen[str | None]):
    """The line that was typed, without blanks at its ends; None if nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel", tooltip="Change nothing")]

    def __init__(self, title: str, text: str, *, value: str = "", placeholder: str = "") -> None:
        super().__init__()
        self._title, self._text, self._value, self._placeholder = title, text, value, placeholder

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="dialog-title", markup=False)
            yield Static(self._text, markup=False)
            yield Input(self._value, placeholder=self._placeholder)
            yield Static("Enter: go on    Esc: cancel", classes="hint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        self.dismiss(None)
