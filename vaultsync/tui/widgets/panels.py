"""The overview's moving parts: throughput, transfers, activity."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Sparkline, Static

from vaultsync.client import words
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.drawing import activity_line, transfer_lines


class Throughput(Vertical):
    """Bytes per second in both directions: a line each, over the last minutes."""

    def compose(self) -> ComposeResult:
        for direction in ("received", "sent"):
            with Horizontal(classes="flow"):
                yield Static(id=f"{direction}-now", classes="now")
                yield Sparkline([], summary_function=max, id=f"{direction}-line")

    def on_mount(self) -> None:
        self.border_title = "Throughput"

    def show(self, board: Board) -> None:
        rate = board.rate
        self._show("received", "↓", rate.received, [r.received for r in board.rates])
        self._show("sent", "↑", rate.sent, [r.sent for r in board.rates])

    def _show(self, direction: str, sign: str, now: float, samples: Sequence[float]) -> None:
        self.query_one(f"#{direction}-now", Static).update(f"{sign} {words.size(round(now))}/s")
        line = self.query_one(f"#{direction}-line", Sparkline)
        # The window is always the same, so that the line moves and is not stretched.
        line.data = [*([0.0] * (120 - len(samples))), *samples[-120:]]


class Transfers(Static):
    """Large files on their way here."""

    def on_mount(self) -> None:
        self.border_title = "Transfers"

    def show(self, board: Board) -> None:
        # Where there is little room, it is given to what there is to tell.
        self.display = bool(board.transfers) or self.screen.has_class("-wide")
        if board.transfers:
            self.update(transfer_lines(board.transfers[:6], board))
        else:
            self.update(Content.styled("No large file is on its way.", Tone.DIM))


class ActivityView(VerticalScroll):
    """What happened lately, the newest on top."""

    def compose(self) -> ComposeResult:
        yield Static(id="lines")

    def on_mount(self) -> None:
        self.border_title = "Activity"

    def show(self, board: Board) -> None:
        lines = self.query_one("#lines", Static)
        entries = board.activity.entries
        if not entries:
            lines.update(Content.styled("Nothing yet. Edit a note: it shows up here as it travels.", Tone.DIM))
            return
        lines.update(Content("\n").join(activity_line(entry) for entry in entries[:80]))
