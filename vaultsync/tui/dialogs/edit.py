"""Writing what is to stand in a note, with both sides in view."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, Static, TextArea


class EditSides(ModalScreen[str | None]):
    """The text to keep, or None. Mine is edited, theirs is there to copy from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", priority=True, tooltip="Let this stand in the note"),
        Binding("escape", "leave", "Cancel", priority=True, tooltip="Change nothing"),
    ]

    def __init__(self, title: str, mine: str, theirs: str) -> None:
        super().__init__()
        self._title, self._mine, self._theirs = title, mine, theirs

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="dialog-title", markup=False)
            with Horizontal():
                yield TextArea(self._mine, id="kept", tab_behavior="focus")
                yield TextArea(self._theirs, id="other", read_only=True, tab_behavior="focus")
            yield Static("ctrl+s: save    Esc: cancel    tab: to theirs and back", classes="hint")

    def on_mount(self) -> None:
        kept, other = self.query_one("#kept", TextArea), self.query_one("#other", TextArea)
        kept.border_title, other.border_title = "what is to stand (mine, to begin with)", "theirs, to copy from"
        kept.focus()

    def action_keep(self) -> None:
        self.dismiss(self.query_one("#kept", TextArea).text)

    def action_leave(self) -> None:
        self.dismiss(None)
