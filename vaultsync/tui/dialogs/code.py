"""A QR code in the whole window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Middle, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class Code(ModalScreen[None]):
    """Closes with any of its keys, or a click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,g,q,enter", "dismiss(None)", "Back", tooltip="Close the QR code")
    ]

    def __init__(self, rows: Sequence[str]) -> None:
        super().__init__()
        self._rows = rows

    def compose(self) -> ComposeResult:
        width, height = len(self._rows[0]), len(self._rows)
        if width > self.app.size.width or height > self.app.size.height:
            with Vertical(classes="dialog"):
                yield Static(
                    f"The QR code needs a window of {width}×{height} characters; this one has "
                    f"{self.app.size.width}×{self.app.size.height}. Make it larger, or the letters smaller."
                )
                yield Static("Esc: back", classes="hint")
            return
        with Middle(), Center():
            yield Static(Content("\n".join(self._rows)), classes="qr")

    def on_click(self) -> None:
        self.dismiss(None)
