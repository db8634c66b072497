"""The tickets that can still be used."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content

from vaultsync.client import words
from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import TicketInfo
from vaultsync.tui.messages import TicketsCame
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.clock import countdown
from vaultsync.tui.widgets.items import Item, ItemList
from vaultsync.tui.widgets.part import Part


class OpenTickets(Part):
    def __init__(self) -> None:
        super().__init__()
        self._tickets: list[TicketInfo] = []

    def compose(self) -> ComposeResult:
        yield ItemList(id="tickets", classes="panel", empty="No ticket can be used now. Press [b]a[/] to make one.")

    def on_mount(self) -> None:
        self._draw()
        self.set_interval(1.0, self._draw)

    def show(self, board: Board) -> None:
        """A pairing may have used one up."""
        if board.paired:
            self.load()

    def load(self) -> None:
        """Ask the node for them."""

        async def load(client: RecoveryClient) -> TicketsCame:
            return TicketsCame(await client.tickets())

        self.ask("open tickets", load, group="tickets")

    def on_tickets_came(self, message: TicketsCame) -> None:
        message.stop()
        self._tickets = message.tickets
        self._draw()

    def revoke(self) -> None:
        """Make the highlighted one useless."""
        key = self.query_one(ItemList).key
        if key is None:
            return

        async def revoke(client: RecoveryClient) -> TicketsCame:
            await client.revoke_ticket(int(key))
            return TicketsCame(await client.tickets())

        self.ask("revoke", revoke)
        self.notify("The ticket is useless now. Devices that used it stay paired.")

    def _draw(self) -> None:
        now_ms = self.board_screen.host.now_ms()
        self.query_one(ItemList).show(
            [Item(str(ticket.id), _line(ticket, now_ms)) for ticket in self._tickets if ticket.expires > now_ms]
        )


def _line(ticket: TicketInfo, now_ms: int) -> Content:
    what = "reads and writes" if ticket.role == "member" else "only receives"
    uses = f"used by {words.count(ticket.uses, 'device')}" if ticket.uses else "not used yet"
    many = "many devices" if ticket.reusable else "one device"
    return Content.assemble(
        (f"{ticket.id:>4}  ", Tone.DIM),
        (ticket.vault_name, "bold"),
        f"  {what} · {many} · {uses} · {countdown(ticket.expires - now_ms)} left",
    )
