"""A question whose answer is one of several things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList, Static
from textual.widgets.option_list import Option


class Choose(ModalScreen[str | None]):
    """The key of the chosen item, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel", tooltip="Change nothing")]

    def __init__(self, title: str, text: str, items: Sequence[tuple[str, Content]]) -> None:
        super().__init__()
        self._title, self._text, self._items = title, text, items

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="dialog-title", markup=False)
            yield Static(self._text, markup=False)
            yield OptionList(*(Option(content, id=key) for key, content in self._items))
            yield Static("↑ ↓ Enter: choose    Esc: cancel", classes="hint")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option.id)

    def action_leave(self) -> None:
        self.dismiss(None)
