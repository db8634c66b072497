"""A running node on a terminal: plain lines, and bars at the bottom for what takes long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from vaultsync.cli.activity import Activity, Bar, Line
from vaultsync.cli.output import console
from vaultsync.cli.presenter import Names
from vaultsync.cli.status import shell_quoted
from vaultsync.client import words
from vaultsync.daemon.answers import JoinInfo
from vaultsync.daemon.events import Event
from vaultsync.daemon.status import Status

_STYLES: Final = {"plain": "", "good": "green", "dim": "dim", "warning": "yellow"}


class _Warnings(logging.Handler):
    """Says what the parts of the node warn of, without breaking the bars."""

    def __init__(self, say: Callable[[Text], None]) -> None:
        super().__init__()
        self._tell = say

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Text(f"! {record.getMessage()}", style="yellow"))


class Terminal:
    """Prints what happens, as it happens."""

    def __init__(self, names: Names) -> None:
        self._out = console()
        self._activity = Activity(names)
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[amount]}"),
            TextColumn("{task.fields[note]}"),
            console=self._out,
            transient=True,
            auto_refresh=False,
        )
        self._progress.start()
        logging.basicConfig(handlers=[_Warnings(self._say)], level=logging.WARNING, force=True)

    def serving(self, status: Status) -> None:
        node = status.node
        self._say(Text.assemble("This device is ", (node.name, "bold"), f" ({node.id[:10]})."))
        if not status.vaults:
            self._say(Text("It has no vault yet. In another terminal: vaultsync run FOLDER"))
        for vault in status.vaults:
            self._say(Text.assemble("Syncing ", (vault.root, "bold")))
        alone = [vault for vault in status.vaults if not words.shared_with(vault, status.peers)]
        if alone:
            self._say(Text())
            self._say(Text("No other device has it yet. To add one, type in another terminal:"))
            for vault in alone:
                self._say(Text(f"    vaultsync ticket {shell_quoted(vault.root)}", style="bold"))
            self._say(Text())
        self._say(Text("Ctrl-C stops it.", style="dim"))

    def joined(self, joined: JoinInfo) -> None:
        self._say(Text.assemble("Joined ", (joined.vault_name, "bold"), f" of {joined.peer_name}, in {joined.root}"))

    def handle(self, event: Event) -> None:
        self._print(self._activity.lines(event, time.monotonic()))

    def tick(self) -> None:
        self._print(self._activity.late_lines(time.monotonic()))
        self._draw(self._activity.bars())

    def stopping(self) -> None:
        self._draw({})
        self._say(Text("Stopping.", style="dim"))

    def close(self) -> None:
        self._progress.stop()

    def _print(self, lines: list[Line]) -> None:
        for line in lines:
            now = datetime.now().astimezone().strftime("%H:%M:%S")
            self._say(Text.assemble((f"{now}  ", "dim"), (line.text, _STYLES[line.style])))

    def _say(self, text: Text) -> None:
        self._out.print(text, soft_wrap=True)

    def _draw(self, bars: dict[str, Bar]) -> None:
        for key in self._tasks.keys() - bars.keys():
            self._progress.remove_task(self._tasks.pop(key))
        for key, bar in bars.items():
            if key not in self._tasks:
                self._tasks[key] = self._progress.add_task(bar.label, total=bar.total, amount="", note="")
            amount = f"{bar.done:,}" if bar.total is None else f"{bar.done:,} of {bar.total:,}"
            self._progress.update(self._tasks[key], completed=bar.done, total=bar.total, amount=amount, note=bar.note)
        self._progress.refresh()
