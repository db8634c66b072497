"""Editing a vault's ignore rules."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, Static, TextArea


class EditRules(ModalScreen[str | None]):
    """The text of the rules, or None. `problem` tells what is wrong with those that are there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep", priority=True, tooltip="Let these rules hold on every device"),
        Binding("escape", "leave", "Cancel", priority=True, tooltip="Change nothing"),
    ]

    def __init__(self, vault: str, text: str, problem: str = "") -> None:
        super().__init__()
        self._vault, self._text, self._problem = vault, text, problem

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Label(f"What no device syncs of {self._vault}", classes="dialog-title", markup=False)
            yield Static(
                "One pattern per line, as in .gitignore: *.tmp, Drafts/, !Drafts/keep.md. What they leave out stays "
                "where it is. The rules are the file .vaultsyncignore, and sync themselves.",
                markup=False,
            )
            if self._problem:
                yield Static(f"✖ {self._problem}", classes="bad", markup=False)
            yield TextArea(self._text, id="rules", tab_behavior="focus", placeholder="No rules yet: all is synced.")
            yield Static("ctrl+s: save    Esc: cancel", classes="hint")

    def on_mount(self) -> None:
        self.query_one("#rules", TextArea).focus()

    def action_keep(self) -> None:
        self.dismiss(self.query_one("#rules", TextArea).text)

    def action_leave(self) -> None:
        self.dismiss(None)
