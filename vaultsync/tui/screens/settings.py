"""Settings: of this device, and of its vaults on this device."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult, SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList, Static

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import DeviceConfig, VaultOptions
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.messages import ConfigCame, OptionsCame
from vaultsync.tui.options import Row, Where, device_rows, vault_rows
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.items import Item, ItemList

IGNORE_FILE: Final = ".vaultsyncignore"


class SettingsScreen(BoardScreen):
    CSS_PATH = "settings.tcss"
    PLACE = "settings"
    AUTO_FOCUS = "#settings"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter,space",
            "change",
            "Change",
            key_display="enter",
            tooltip="Switch the highlighted setting, or give it another value",
        ),
        Binding("v", "next_vault", "Vault", tooltip="Show the settings of the next vault"),
        Binding("i", "ignore", "Ignore rules", tooltip="Edit .vaultsyncignore of this vault in your editor"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._vault: str | None = None
        self._config: DeviceConfig | None = None
        self._options: VaultOptions | None = None
        self._rows: dict[str, Row] = {}

    def compose_body(self) -> ComposeResult:
        with Container(id="settings-screen"):
            yield ItemList(id="settings", classes="panel", empty="Looking …")
            yield Static(id="help", classes="panel")

    def on_mount(self) -> None:
        self.query_one("#settings").border_title = "Settings"
        self.query_one("#help").border_title = "What it means"
        super().on_mount()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        self._load()

    def show_board(self, board: Board) -> None:
        known = [vault.id for vault in board.vaults]
        if self._vault not in known and known:
            self._vault = self.host.focused_vault()
            self._load()
        self._draw()

    def _load(self) -> None:
        vault = self._vault

        async def load_config(client: RecoveryClient) -> ConfigCame:
            return ConfigCame(await client.config())

        async def load_options(client: RecoveryClient) -> OptionsCame:
            assert vault is not None
            return OptionsCame(await client.vault_options(vault))

        self.request("config", load_config, group="config")
        if vault is not None:
            self.request("vault options", load_options, group="options")

    def on_config_came(self, message: ConfigCame) -> None:
        self._config = message.config
        self._draw()

    def on_options_came(self, message: OptionsCame) -> None:
        if message.options.vault == self._vault:
            self._options = message.options
            self._draw()

    def _draw(self) -> None:
        rows = device_rows(self._config) if self._config is not None else []
        if self._options is not None:
            rows += vault_rows(self._options)
        self._rows = {row.key: row for row in rows}
        name = self.board.vault_name(self._vault) if self._vault is not None else ""
        settings = self.query_one("#settings", ItemList)
        settings.show([Item(row.key, _line(row, name)) for row in rows])
        several = ", v: next vault" if len(self.board.vaults) > 1 else ""
        settings.border_subtitle = f"vault: {name}{several}" if name else ""
        self._explain()

    def on_option_list_option_highlighted(self) -> None:
        self._explain()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_change()

    def _explain(self) -> None:
        row = self._rows.get(self.query_one("#settings", ItemList).key or "")
        restart = ""
        if row is not None and row.where is Where.DEVICE:
            restart = "\nHolds from the node's next start on."
            if self._config is not None and self._config.restart_needed:
                restart = "\n! The node runs with other settings: leave with q, stop it, and start vaultsync again."
        text = Content.assemble(row.help, (restart, Tone.BUSY)) if row is not None else Content("")
        self.query_one("#help", Static).update(text)

    # Actions

    def action_change(self) -> None:
        row = self._rows.get(self.query_one("#settings", ItemList).key or "")
        if row is None:
            return
        if row.switch is not None:
            self._store(row, row.switch)
        else:
            self._ask(row)

    def action_next_vault(self) -> None:
        known = [vault.id for vault in self.board.vaults]
        if known:
            place = known.index(self._vault) + 1 if self._vault in known else 0
            self._vault = known[place % len(known)]
            self._load()

    @work(name="edit ignore rules", exclusive=True, group="ignore")
    async def action_ignore(self) -> None:
        vault = self.board.vault(self._vault or "")
        if vault is None:
            self.notify("There is no vault yet.", severity="warning")
            return
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        path = Path(vault.root) / IGNORE_FILE
        try:
            with self.app.suspend():
                ended = subprocess.run([*shlex.split(editor), str(path)], check=False).returncode  # noqa: S603, ASYNC221
        except (OSError, SuspendNotSupported, ValueError) as error:
            self.notify(
                f"{editor} cannot be started here ({error}). The file is {path}.", severity="error", markup=False
            )
            return
        if ended == 0:
            self.notify(f"The rules in {IGNORE_FILE} hold as soon as they are saved, on every device.")

    @work(name="ask for a setting", exclusive=True, group="ask")
    async def _ask(self, row: Row) -> None:
        answer = await self.app.push_screen_wait(Prompt(row.title, f"{row.help}\n\n{row.ask}:", value=row.present))
        if answer is None or row.change is None:
            return
        try:
            change = row.change(answer)
        except ValueError as error:
            self.notify(str(error), title=row.title, severity="error")
            return
        self._store(row, change)

    def _store(self, row: Row, change: Mapping[str, object]) -> None:
        vault = self._vault

        async def store(client: RecoveryClient) -> ConfigCame | OptionsCame:
            if row.where is Where.DEVICE:
                return ConfigCame(await client.change_config(change))
            assert vault is not None
            return OptionsCame(await client.change_vault_options(vault, change))

        self.request(f"set {row.key}", store)


def _line(row: Row, vault: str) -> Content:
    where = "this device" if row.where is Where.DEVICE else vault
    mark = "   " if row.on is None else "[✓]" if row.on else "[ ]"
    return Content.assemble(
        (f"{where[:12]:<13}", Tone.DIM), f"{mark} ", (f"{row.title:<31} ", "bold"), (row.value, "$secondary")
    )
