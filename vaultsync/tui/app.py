"""The dashboard: an application that follows a node, and one screen per task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.screen import Screen

from vaultsync.client.launch import ensure_node
from vaultsync.client.values import Places
from vaultsync.errors import VaultsyncError
from vaultsync.tui.dialogs.keys import Keys
from vaultsync.tui.dialogs.leave import Leave, Leaving
from vaultsync.tui.feed import Feed
from vaultsync.tui.host import BoardScreen, Host
from vaultsync.tui.messages import EventsCame, LookCame, NodeFound, NodeLost, RequestFailed, StatusCame, TrafficCame
from vaultsync.tui.palette import Actions, actions_on, keys_of
from vaultsync.tui.screens.attention import AttentionScreen
from vaultsync.tui.screens.history import HistoryScreen
from vaultsync.tui.screens.overview import OverviewScreen
from vaultsync.tui.screens.pair import PairScreen
from vaultsync.tui.screens.settings import SettingsScreen
from vaultsync.tui.state import answered, heard, looked, lost, measured
from vaultsync.tui.themes import DARK, LIGHT


class Dashboard(Host):
    """Follows the node of `places`, whether it runs now or later."""

    TITLE = "vaultsync"
    CSS_PATH = Path(__file__).with_name("dashboard.tcss")
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {Actions}
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "overview": OverviewScreen,
        "pair": PairScreen,
        "history": HistoryScreen,
        "attention": AttentionScreen,
        "settings": SettingsScreen,
    }
    DEFAULT_MODE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "1,f1", "switch_mode('overview')", "Overview", show=False, tooltip="Vaults, devices and what is going on"
        ),
        Binding("2,f2", "switch_mode('pair')", "Pair", show=False, tooltip="Add a device to a vault, or join one"),
        Binding("3,f3", "switch_mode('history')", "History", show=False, tooltip="Earlier versions and deleted notes"),
        Binding("4,f4", "switch_mode('attention')", "Attention", show=False, tooltip="What needs your decision"),
        Binding(
            "5,f5",
            "switch_mode('settings')",
            "Settings",
            show=False,
            tooltip="Settings of this device and of its vaults",
        ),
        Binding("a", "add_device", "Add device", show=False, tooltip="Make a ticket for another device"),
        Binding("j", "join", "Join a vault", show=False, tooltip="Use a ticket from another device"),
        Binding("R", "start_node", "Start the node", show=False, tooltip="Start the node again, if it has stopped"),
        Binding("ctrl+t", "toggle_light", "Light or dark", show=False, tooltip="Switch between light and dark"),
        Binding("question_mark", "keys", "Keys", key_display="?", tooltip="Show what every key does here"),
        Binding("q", "leave", "Quit", tooltip="Quit the dashboard; the node can keep running"),
        Binding(
            "ctrl+q", "quit", "Quit at once", show=False, priority=True, tooltip="Quit at once; the node keeps running"
        ),
    ]

    def __init__(self, places: Places, folder: Path | None = None) -> None:
        super().__init__(places, folder)
        self._feed = Feed(places, self.post_message)

    def on_mount(self) -> None:
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = DARK.name
        self._follow()

    @work(name="feed", exclusive=True, group="feed")
    async def _follow(self) -> None:
        await self._feed.run()

    def on_node_found(self, message: NodeFound) -> None:
        self.client = message.client

    def on_node_lost(self, message: NodeLost) -> None:
        self.client = None
        self.board = lost(self.board, message.error.message)

    def on_status_came(self, message: StatusCame) -> None:
        self.board = answered(self.board, message.status, message.requests)

    def on_events_came(self, message: EventsCame) -> None:
        board = self.board
        for timed in message.events:
            board = heard(board, timed)
        self.board = board

    def on_traffic_came(self, message: TrafficCame) -> None:
        self.board = measured(self.board, message.sample)

    def on_look_came(self, message: LookCame) -> None:
        self.board = looked(self.board, message.vault, message.held, message.conflicts)

    def on_request_failed(self, message: RequestFailed) -> None:
        if isinstance(self.screen, BoardScreen):
            self.screen.show_error(message.error)

    def refresh_status(self) -> None:
        self._feed.refresh()

    def look_again(self, vault: str) -> None:
        self._feed.look(vault)

    async def answer_requests(self, key: str | None = None) -> None:
        await self.switch_mode("pair")
        if isinstance(self.screen, PairScreen):
            self.screen.begin_answer(key)

    async def look_at_matter(self, key: str) -> None:
        await self.switch_mode("attention")
        if isinstance(self.screen, AttentionScreen):
            self.screen.go_to(key)

    def focused_vault(self) -> str | None:
        overview = self.screen_stack[0] if self.current_mode == "overview" else None
        key = overview.vault_key if isinstance(overview, OverviewScreen) else None
        if key is None and self.folder is not None:
            key = next((vault.id for vault in self.board.vaults if vault.root == str(self.folder)), None)
        return key or next((vault.id for vault in self.board.vaults), None)

    # Actions

    async def action_add_device(self) -> None:
        vault = self.focused_vault()
        await self.switch_mode("pair")
        if isinstance(self.screen, PairScreen):
            self.screen.begin_ticket(vault)

    async def action_join(self) -> None:
        await self.switch_mode("pair")
        if isinstance(self.screen, PairScreen):
            self.screen.begin_join()

    def action_toggle_light(self) -> None:
        self.theme = LIGHT.name if self.theme == DARK.name else DARK.name

    def action_keys(self) -> None:
        here: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        for binding, place in actions_on(self.screen, self):
            (everywhere if place is self else here).append((keys_of(binding, self), binding.tooltip))
        self.push_screen(Keys(here, everywhere))

    def action_start_node(self) -> None:
        if self.client is None:
            self._start_node()

    @work(name="start node", exclusive=True, group="start")
    async def _start_node(self) -> None:
        try:
            await ensure_node(self.places)
        except VaultsyncError as error:
            self.post_message(RequestFailed(error))

    @work(name="leave", exclusive=True, group="leave")
    async def action_leave(self) -> None:
        answer = Leaving.LEAVE_RUNNING if self.client is None else await self.push_screen_wait(Leave())
        if answer is Leaving.STAY:
            return
        if answer is Leaving.STOP_NODE and self.client is not None:
            try:
                await self.client.stop()
            except VaultsyncError as error:
                self.post_message(RequestFailed(error))
                return
        self.exit()
