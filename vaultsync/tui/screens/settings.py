"""Settings: of this device, and of its vaults on this device."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widgets import OptionList, Static

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import DeviceConfig, IdentityInfo, IgnoreRules, VaultOptions
from vaultsync.errors import ConfigError, VaultOfflineError, VaultsyncError
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.dialogs.rules import EditRules
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.messages import ConfigCame, OptionsCame
from vaultsync.tui.options import Deed, Row, Where, device_rows, vault_rows
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.typed import shown_folder
from vaultsync.tui.widgets.items import Item, ItemList


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
        Binding("i", "ignore", "Ignore rules", tooltip="Edit what no device syncs of this vault"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._vault: str | None = None
        self._config: DeviceConfig | None = None
        self._identity: IdentityInfo | None = None
        self._options: VaultOptions | None = None
        self._rules: IgnoreRules | None = None
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
        if self._vault not in known:
            self._vault = self.host.focused_vault() if known else None
            self._options = self._rules = None
            self._load()
        self._draw()

    def _load(self) -> None:
        vault = self._vault

        async def load_config(client: RecoveryClient) -> ConfigCame:
            return ConfigCame(await client.config(), await client.identity())

        async def load_options(client: RecoveryClient) -> OptionsCame:
            assert vault is not None
            options = await client.vault_options(vault)
            try:
                return OptionsCame(options, await client.ignore_rules(vault))
            except VaultOfflineError:
                # The folder is not there: its settings are, its rules are not.
                return OptionsCame(options)

        self.request("config", load_config, group="config")
        if vault is not None:
            self.request("vault options", load_options, group="options")

    def on_config_came(self, message: ConfigCame) -> None:
        self._config = message.config
        self._identity = message.identity or self._identity
        self._draw()

    def on_options_came(self, message: OptionsCame) -> None:
        if message.options.vault == self._vault:
            if self._options is None or self._options.vault != self._vault:
                self._rules = None
            self._options, self._rules = message.options, message.rules or self._rules
            self._draw()

    def _draw(self) -> None:
        rows = device_rows(self._config, self._identity) if self._config is not None else []
        if self._options is not None:
            rows += vault_rows(self._options, self._rules, shared=self.board.is_shared(self._options.vault))
        self._rows = {row.key: row for row in rows}
        name = self.board.vault_name(self._vault) if self._vault is not None else ""
        settings = self.query_one("#settings", ItemList)
        items: list[Item] = []
        for where, own in groupby(rows, key=lambda row: row.where):
            items += [_heading(where, name), *(Item(row.key, _line(row)) for row in own)]
        settings.show(items)
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
        if row is not None and not row.at_once:
            restart = "\nTakes effect the next time the node starts."
            if self._config is not None and self._config.restart_needed:
                restart = "\n! The node runs with other settings: quit with q, stop it, and start vaultsync again."
        text = Content.assemble(row.help, (restart, Tone.BUSY)) if row is not None else Content("")
        self.query_one("#help", Static).update(text)

    # Actions

    def action_change(self) -> None:
        row = self._rows.get(self.query_one("#settings", ItemList).key or "")
        if row is None:
            return
        match row.deed:
            case Deed.RULES:
                self._edit_rules()
            case Deed.ROTATE:
                self._rotate()
            case Deed.LEAVE | Deed.FORGET:
                self._part(row)
            case None if row.switch is not None:
                self._store(row, row.switch)
            case None:
                self._ask(row)

    def action_next_vault(self) -> None:
        known = [vault.id for vault in self.board.vaults]
        if known:
            place = known.index(self._vault) + 1 if self._vault in known else 0
            self._vault = known[place % len(known)]
            self._load()

    def action_ignore(self) -> None:
        self._edit_rules()

    @work(name="edit ignore rules", exclusive=True, group="ignore")
    async def _edit_rules(self) -> None:
        vault = self.board.vault(self._vault or "")
        if vault is None:
            self.notify("There is no vault yet.", severity="warning")
            return
        try:
            rules = await self.host.the_client().ignore_rules(vault.id)
            text, problem = rules.text, rules.problem
            while True:
                answer = await self.app.push_screen_wait(EditRules(vault.name, text, problem))
                if answer is None:
                    return
                try:
                    await self.host.the_client().change_ignore_rules(vault.id, answer)
                except ConfigError as error:
                    # What was typed stays in front of whoever typed it.
                    text, problem = answer, error.message
                    continue
                break
        except VaultsyncError as error:
            self.show_error(error)
            return
        self.notify("The rules hold now, on every device.")
        self._load()

    @work(name="change the key", exclusive=True, group="key")
    async def _rotate(self) -> None:
        text = (
            "A new key takes over when the node starts next. The present one signs that, and the other devices follow "
            "by themselves when they next see this one. An exported copy of the "
            "present key is worth nothing afterwards."
        )
        if not await self.app.push_screen_wait(
            Confirm("Change this device's key?", text, yes="Change it", danger=True)
        ):
            return

        async def rotate(client: RecoveryClient) -> ConfigCame:
            identity = await client.rotate_key()
            return ConfigCame(await client.config(), identity)

        self.request("rotate", rotate)

    @work(name="part with a vault", exclusive=True, group="part with a vault")
    async def _part(self, row: Row) -> None:
        """Leave the vault, or look after it no more, if a person agrees."""
        vault = self.board.vault(self._vault or "")
        if vault is None:
            return
        folder = shown_folder(vault.root)
        if row.deed is Deed.LEAVE:
            asked, yes, said = f"Leave {vault.name}?", "Leave the vault", f"{folder} is shared with nobody now."
        else:
            asked, yes, said = f"Look after {vault.name} no more?", "Stop looking after it", f"{folder} is left alone."

        async def part(client: RecoveryClient) -> None:
            await (client.leave_vault(vault.id) if row.deed is Deed.LEAVE else client.forget_vault(vault.id))

        if await self.app.push_screen_wait(Confirm(asked, row.help, yes=yes, danger=True)):
            self.do("part with a vault", part, f"{said} Its notes stay.")

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


def _heading(where: Where, vault: str) -> Item:
    text = "This device" if where is Where.DEVICE else f"{vault}, on this device"
    return Item(f"heading {where}", Content.styled(text, "bold $primary"), heading=True)


def _line(row: Row) -> Content:
    mark = "   " if row.on is None else "[✓]" if row.on else "[ ]"
    return Content.assemble(f"{mark} ", (f"{row.title:<39} ", "bold"), (row.value, "$secondary"))
