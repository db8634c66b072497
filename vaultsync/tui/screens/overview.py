"""Overview: vaults, devices, and what is going on."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import OptionList

from vaultsync.tui.attention import matters
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.screens.peer import PeerScreen
from vaultsync.tui.state import Board, Contact
from vaultsync.tui.typed import typed_folder
from vaultsync.tui.widgets.drawing import peer_lines, vault_lines
from vaultsync.tui.widgets.items import Item, ItemList
from vaultsync.tui.widgets.join_requests import asking_lines, request_key
from vaultsync.tui.widgets.matter import matter_line
from vaultsync.tui.widgets.panels import ActivityView, Throughput, Transfers

REDRAW_S = 5.0
"""How often times like “3 minutes ago” are drawn again."""


SEEKING: Final = "Looking for the node …"
LOST: Final = "No node runs. [b]R[/] starts it."
NO_VAULT: Final = (
    "[b]No vault yet.[/] Press [b]n[/] to sync a folder of notes, or [b]j[/] to join a vault with a ticket from "
    "another device."
)
NO_DEVICE: Final = "[b]No other device yet.[/] Press [b]a[/] to add one: it shows a ticket to paste there."


class OverviewScreen(BoardScreen):
    CSS_PATH = "overview.tcss"
    PLACE = "overview"
    AUTO_FOCUS = "#vaults"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sync_now", "Sync", tooltip="Sync now: scan every folder, dial every device"),
        Binding("S", "sync_one", "Sync one", tooltip="Sync now: the highlighted vault or device alone"),
        Binding("e", "open_peer", "Device", tooltip="Open the highlighted device: rename, addresses, attempts, remove"),
        Binding("c", "connect", "Connect", tooltip="Connect to the highlighted device now, and keep connected"),
        Binding("d", "disconnect", "Drop", tooltip="Disconnect the highlighted device until it is asked for again"),
        Binding("n", "add_folder", "New", tooltip="Sync another folder of notes on this device"),
        Binding("a", "app.add_device", "Add", tooltip="Add a device: make a ticket for it"),
        Binding("j", "app.join", "Join", tooltip="Join a vault: use a ticket from another device"),
    ]

    def compose_body(self) -> ComposeResult:
        with Container(id="overview"):
            with Vertical(id="things"):
                yield ItemList(
                    id="vaults",
                    classes="panel",
                    empty=SEEKING,
                )
                yield ItemList(
                    id="peers",
                    classes="panel",
                    empty="",
                )
                yield Transfers(classes="panel", id="transfers")
                yield ItemList(id="waiting", classes="panel", empty="Nothing waits for you.")
            with Vertical(id="goings-on"):
                yield Throughput(classes="panel", id="throughput")
                yield ActivityView(classes="panel", id="activity")

    def on_mount(self) -> None:
        self.query_one("#vaults").border_title = "Vaults"
        self.query_one("#peers").border_title = "Devices"
        self.query_one("#waiting").border_title = "Attention"
        super().on_mount()
        self.set_interval(REDRAW_S, lambda: self.show_board(self.board))

    @property
    def vault_key(self) -> str | None:
        """Of the highlighted vault."""
        return self.query_one("#vaults", ItemList).key

    @property
    def peer_key(self) -> str | None:
        """Of the highlighted device, if it is a paired one."""
        key = self.query_one("#peers", ItemList).key
        return key if key is not None and self.board.peer(key) is not None else None

    def show_board(self, board: Board) -> None:
        now_ms = self.host.now_ms()
        vaults, peers = self.query_one("#vaults", ItemList), self.query_one("#peers", ItemList)
        if board.status is None:
            vaults.say_if_empty(SEEKING if board.contact is Contact.SEEKING else LOST)
            peers.say_if_empty("")
        else:
            vaults.say_if_empty(NO_VAULT)
            peers.say_if_empty(NO_DEVICE)
        vaults.show([Item(vault.id, vault_lines(vault, board, now_ms)) for vault in board.vaults])
        asking = [Item(request_key(request), asking_lines(request)) for request in board.requests]
        peers.show([*asking, *(Item(peer.id, peer_lines(peer, now_ms)) for peer in board.peers)])
        peers.border_subtitle = _peers_subtitle(board)
        several = len(board.vaults) > 1
        self.query_one("#waiting", ItemList).show(
            [Item(each.key, matter_line(each, board, now_ms, several=several)) for each in matters(board)]
        )
        self.query_one(Throughput).show(board)
        self.query_one(Transfers).show(board)
        self.query_one(ActivityView).show(board)

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_list.id == "peers" and event.option.id is not None:
            if self.peer_key is None:
                await self.host.answer_requests(event.option.id)
            else:
                await self.app.push_screen(PeerScreen(event.option.id))
        elif event.option_list.id == "vaults" and event.option.id is not None:
            await self.app.switch_mode("settings")
        elif event.option_list.id == "waiting" and event.option.id is not None:
            await self.host.look_at_matter(event.option.id)

    # Actions

    def action_sync_now(self) -> None:
        self.do("sync now", lambda client: client.sync_now(), "Looking at every folder, dialing every device.")

    def action_sync_one(self) -> None:
        vault, peer = self.vault_key, self.peer_key
        if self.query_one("#peers").has_focus and peer is not None:
            said = f"Dialing {self.board.peer_name(peer)}, looking at the folders that it shares."
            self.do("sync one", lambda client: client.sync_peer_now(peer), said)
        elif vault is not None:
            said = f"Looking at {self.board.vault_name(vault)}, dialing the devices that share it."
            self.do("sync one", lambda client: client.sync_vault_now(vault), said)

    async def action_open_peer(self) -> None:
        key = self.query_one("#peers", ItemList).key
        if key is not None and self.peer_key is None:
            await self.host.answer_requests(key)
        elif (peer := self._peer()) is not None:
            await self.app.push_screen(PeerScreen(peer))

    def action_connect(self) -> None:
        if (peer := self._peer()) is not None:
            self.do("connect", lambda client: client.connect_to_peer(peer))

    def action_disconnect(self) -> None:
        if (peer := self._peer()) is not None:
            name = self.board.peer_name(peer)
            self.do(
                "disconnect", lambda client: client.disconnect_peer(peer), f"{name} stays disconnected until asked."
            )

    def _peer(self) -> str | None:
        peer = self.peer_key
        if peer is None:
            self.notify("Highlight a device first; press a to add one.", severity="warning")
        return peer

    @work(name="add folder", exclusive=True, group="add folder")
    async def action_add_folder(self) -> None:
        answer = await self.app.push_screen_wait(
            Prompt(
                "Sync a folder",
                "The folder of notes to sync. Nothing in it changes, but for a hidden folder .vaultsync.",
                placeholder="~/Notes",
            )
        )
        path = typed_folder(answer or "")
        if path is not None:
            self.do("add vault", lambda client: client.add_vault(path), f"{path} is a vault now.")


def _peers_subtitle(board: Board) -> Content:
    connected = sum(peer.state in ("connected", "syncing") for peer in board.peers)
    return Content(f"{connected} of {len(board.peers)} connected") if board.peers else Content("")
