"""What every key does on the present screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label, Static


class Keys(ModalScreen[None]):
    """Closes with any of its keys, or a click beside it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss(None)", "Back", tooltip="Close the list of keys")
    ]

    def __init__(self, here: Sequence[tuple[str, str]], everywhere: Sequence[tuple[str, str]]) -> None:
        """Both are pairs of keys and what they do."""
        super().__init__()
        self._here = here
        self._everywhere = everywhere

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            with VerticalScroll(classes="dialog-keys"):
                if self._here:
                    yield Label("Keys on this screen", classes="dialog-title")
                    yield Static(_table(self._here))
                    yield Label("")
                yield Label("Keys on every screen", classes="dialog-title")
                yield Static(_table(self._everywhere))
            yield Static("↑ ↓: more    Esc: back", classes="hint")

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()


def _table(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True, style="bold", min_width=7)
    table.add_column()
    for keys, text in rows:
        table.add_row(keys, text)
    return table
