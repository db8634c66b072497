"""Pair: add a device with a ticket, join a vault with one; tickets that are open, devices that ask to be let in."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import TabbedContent, TabPane

from vaultsync.tui.host import BoardScreen
from vaultsync.tui.state import Board
from vaultsync.tui.widgets.add_device import AddDevice
from vaultsync.tui.widgets.join_requests import JoinRequests
from vaultsync.tui.widgets.join_vault import JoinVault
from vaultsync.tui.widgets.open_tickets import OpenTickets


class PairScreen(BoardScreen):
    CSS_PATH = "pair.tcss"
    PLACE = "pair"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "make_ticket", "Make", tooltip="Make a new ticket for the chosen vault"),
        Binding("y", "copy_ticket", "Copy", tooltip="Copy the ticket to the clipboard (OSC 52)"),
        Binding("Y", "copy_command", "Command", tooltip="Copy the command for the other device (OSC 52)"),
        Binding("g", "qr", "QR code", tooltip="Show the ticket as a QR code in the whole window"),
        Binding("t", "tickets", "Tickets", tooltip="List the tickets that can still be used"),
        Binding("x", "revoke", "Revoke", tooltip="Make the highlighted open ticket useless"),
        Binding("w", "requests", "Who asks", tooltip="List the devices that ask to be let in"),
        Binding("l", "let_in('member')", "Let in", tooltip="Let the highlighted device in; it can edit. Asks first"),
        Binding("o", "let_in('observer')", "Only receives", tooltip="Let it in, but only to receive. Asks first"),
        Binding("n", "deny", "Deny", tooltip="Turn the highlighted device away"),
        Binding("ctrl+s", "join_now", "Join", tooltip="Join with the pasted ticket"),
        Binding("escape", "blur", "Out of the field", tooltip="Leave a text field, so that keys work again"),
    ]

    def compose_body(self) -> ComposeResult:
        with TabbedContent(id="pair"):
            with TabPane("Add a device", id="add"):
                yield AddDevice()
            with TabPane("Join a vault", id="join"):
                yield JoinVault()
            with TabPane("Open tickets", id="open"):
                yield OpenTickets()
            with TabPane("Requests", id="asking"):
                yield JoinRequests()

    def show_board(self, board: Board) -> None:
        self.query_one(AddDevice).show(board)
        self.query_one(JoinVault).show(board)
        self.query_one(OpenTickets).show(board)
        asking = self.query_one(JoinRequests)
        before = asking.waiting
        asking.show(board)
        if asking.waiting == before:
            return
        title = f"Requests !{asking.waiting}" if asking.waiting else "Requests"
        self.query_one("#pair", TabbedContent).get_tab("asking").label = Content(title)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done now is offered."""
        if not self.is_mounted:
            return True
        if action in ("copy_ticket", "copy_command", "qr"):
            return self._at("add") and self.query_one(AddDevice).made is not None
        if action == "make_ticket":
            return self._at("add")
        if action == "revoke":
            return self._at("open")
        if action in ("let_in", "deny"):
            return self._at("asking") and self.query_one(JoinRequests).waiting > 0
        return not (action in ("join_now", "blur") and not self._at("join"))

    def _at(self, tab: str) -> bool:
        return self.query_one("#pair", TabbedContent).active == tab

    def begin_ticket(self, vault: str | None) -> None:
        """Make a ticket for the vault at once, unless one is on show that can still be used."""
        self._go_to("add")
        self.query_one(AddDevice).begin(vault)

    def begin_join(self) -> None:
        """Ready for a ticket to be pasted."""
        self._go_to("join")
        self.query_one(JoinVault).begin()

    def begin_answer(self, key: str | None = None) -> None:
        """Ready to answer the request with that key, or the first one."""
        self._go_to("asking")
        self.query_one(JoinRequests).go_to(key)

    def _go_to(self, tab: str) -> None:
        self.query_one("#pair", TabbedContent).active = tab
        self.refresh_bindings()

    def on_tabbed_content_tab_activated(self) -> None:
        self.refresh_bindings()
        if self._at("open"):
            self.query_one(OpenTickets).load()

    # Actions

    def action_make_ticket(self) -> None:
        self.query_one(AddDevice).make()

    def action_copy_ticket(self) -> None:
        self.query_one(AddDevice).copy_ticket()

    def action_copy_command(self) -> None:
        self.query_one(AddDevice).copy_command()

    def action_qr(self) -> None:
        self.query_one(AddDevice).show_code()

    def action_tickets(self) -> None:
        self._go_to("open")

    def action_revoke(self) -> None:
        self.query_one(OpenTickets).revoke()

    def action_requests(self) -> None:
        self.begin_answer()

    def action_let_in(self, role: Literal["member", "observer"]) -> None:
        self.query_one(JoinRequests).let_in(role)

    def action_deny(self) -> None:
        self.query_one(JoinRequests).deny()

    def action_join_now(self) -> None:
        self.query_one(JoinVault).join()

    def action_blur(self) -> None:
        self.set_focus(None)
