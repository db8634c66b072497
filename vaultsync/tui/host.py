"""What screens may rely on: the board, the node's client, and how a request is made."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar, Final

from textual.app import App, ComposeResult
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import Worker

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import Places
from vaultsync.errors import NodeNotRunningError, VaultsyncError
from vaultsync.tui.messages import RequestDone, RequestFailed
from vaultsync.tui.nav import NavBar
from vaultsync.tui.state import Board

WIDE: Final = 110
"""Columns from which on things stand side by side."""

Request = Callable[[RecoveryClient], Awaitable[Message | None]]
"""Asks the node for something; gives the message to post when it has answered."""


class Host(App[None]):
    """The application, as its screens know it."""

    board: reactive[Board] = reactive(Board(), init=False)

    def __init__(self, places: Places, folder: Path | None = None) -> None:
        """`folder` is the vault to begin with, if any."""
        super().__init__()
        self.places = places
        self.folder = folder
        self.client: RecoveryClient | None = None

    def the_client(self) -> RecoveryClient:
        """The client of the node. `NodeNotRunningError` while there is none."""
        if self.client is None:
            raise NodeNotRunningError("The node has stopped.", hint="Press R to start it again.")
        return self.client

    def now_ms(self) -> int:
        """Unix time in ms."""
        return time.time_ns() // 1_000_000

    def refresh_status(self) -> None:
        """Something was done that no event tells of."""
        raise NotImplementedError

    def look_again(self, vault: str) -> None:
        """Something was decided in a vault: see what still waits there."""
        raise NotImplementedError

    async def answer_requests(self, key: str | None = None) -> None:
        """Go to where devices that ask are let in or turned away, and to the one with that key."""
        raise NotImplementedError

    async def look_at_matter(self, key: str) -> None:
        """Go to where what waits for a person is dealt with, and to the one with that key."""
        raise NotImplementedError

    def focused_vault(self) -> str | None:
        """The id of the vault that actions are about, or None if there is no vault."""
        raise NotImplementedError


class BoardScreen(Screen[None]):
    """A screen below the bar of screens, which draws the board and asks the node for things."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 (Textual declares it so)
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]  # noqa: RUF012
    PLACE: ClassVar[str] = ""
    """Which entry of the bar of screens it is."""

    @property
    def host(self) -> Host:
        assert isinstance(self.app, Host)
        return self.app

    @property
    def board(self) -> Board:
        return self.host.board

    def compose(self) -> ComposeResult:
        yield NavBar(self.PLACE)
        yield from self.compose_body()
        yield Footer(compact=True, show_command_palette=self.app.size.width >= WIDE)

    def compose_body(self) -> ComposeResult:
        """What is between the bar and the footer."""
        raise NotImplementedError

    def on_resize(self) -> None:
        # Where there is little room, the hints of the screen's own keys come first.
        self.query_one(Footer).show_command_palette = self.app.size.width >= WIDE

    def show_board(self, board: Board) -> None:
        """Draw what the board says. Called when it changes and when the screen comes up."""

    def on_mount(self) -> None:
        self.watch(self.app, "board", self._board_changed, init=False)
        self._board_changed(self.board)

    def on_screen_resume(self) -> None:
        self._board_changed(self.board)

    def _board_changed(self, board: Board) -> None:
        # Screens that nobody sees wait until somebody does.
        if self.is_current and self.is_mounted:
            self.query_one(NavBar).show(board)
            self.show_board(board)

    def request(self, name: str, ask: Request, *, group: str = "") -> Worker[None]:
        """Ask the node in a worker; what comes of it is posted. A later request of the same `group` replaces it."""

        async def work() -> None:
            message = await self.answer_to(ask)
            if message is not None:
                self.post_message(message)

        return self.run_worker(work, name=name, group=group or name, exclusive=bool(group), exit_on_error=True)

    async def answer_to(self, ask: Request) -> Message | None:
        """What comes of a request: its message, or `RequestFailed`."""
        try:
            return await ask(self.host.the_client())
        except VaultsyncError as error:
            return RequestFailed(error)

    def do(self, name: str, ask: Callable[[RecoveryClient], Awaitable[object]], said: str = "") -> None:
        """Have the node do something; say `said` when it is done."""

        async def then(client: RecoveryClient) -> Message | None:
            await ask(client)
            return RequestDone(said)

        self.request(name, then)

    def on_request_done(self, message: RequestDone) -> None:
        self.host.refresh_status()
        if message.said:
            self.notify(message.said)

    def on_request_failed(self, message: RequestFailed) -> None:
        self.show_error(message.error)

    def show_error(self, error: VaultsyncError) -> None:
        """What happened, why, and what to do now."""
        text = f"{error.message}\n{error.hint}" if error.hint else error.message
        self.notify(text, title=error.title, severity="error", timeout=10, markup=False)
