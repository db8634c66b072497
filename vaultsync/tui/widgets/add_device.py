"""Add a device: a ticket as text, as a command and as a picture, until somebody has used it."""

from __future__ import annotations

from typing import Final, Literal

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Select, Static

from vaultsync.client.pasting import join_command
from vaultsync.client.qr import ticket_code
from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import NewTicket, PeerPaired
from vaultsync.tui.dialogs.code import Code
from vaultsync.tui.messages import TicketMade
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.clock import countdown
from vaultsync.tui.widgets.part import Part

LIVES: Final = ((10, "10 minutes"), (60, "1 hour"), (24 * 60, "1 day"))
"""Minutes and what they are called."""

ROOM_FOR_CODE: Final = (60, 30)
"""Columns beside the text and lines of the window from which on the picture stands beside the text."""


class AddDevice(Part):
    """What to do on this device, for another one to join."""

    def __init__(self) -> None:
        super().__init__()
        self.made: NewTicket | None = None
        self._paired: PeerPaired | None = None
        self._paired_before = 0
        self._vaults: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        with Horizontal(id="choices"):
            yield Select[str]([], prompt="No vault yet", id="vault", compact=True)
            yield Select[str](
                [("can edit", "member"), ("only receives", "observer")],
                value="member",
                allow_blank=False,
                id="role",
                compact=True,
            )
            yield Select[int](
                [(name, minutes) for minutes, name in LIVES], value=10, allow_blank=False, id="life", compact=True
            )
            yield Select[bool](
                [("for one device", False), ("for many", True)],
                value=False,
                allow_blank=False,
                id="reusable",
                compact=True,
            )
            yield Button(r"Make \[m]", id="make", variant="primary", compact=True)
        with VerticalScroll(id="ticket", classes="panel"), Horizontal():
            yield Static(id="ticket-text")
            yield Static(id="ticket-code")

    def on_mount(self) -> None:
        self.query_one("#vault").tooltip = "The vault that the device is to have"
        self.query_one("#role").tooltip = "What the device may do"
        self.query_one("#life").tooltip = "How long the ticket can be used"
        self.query_one("#reusable").tooltip = "Whether more than one device may use it"
        self.query_one("#make").tooltip = "Make a ticket (key m)"
        self._draw()
        self.set_interval(1.0, self._draw)

    def show(self, board: Board) -> None:
        vaults = [(vault.name, vault.id) for vault in board.vaults if vault.role != "solo"]
        if vaults != self._vaults:
            self._vaults = vaults
            choice = self.query_one("#vault", Select)
            chosen = choice.value
            choice.set_options(vaults)
            ids = [vault for _, vault in vaults]
            if ids:
                choice.value = chosen if chosen in ids else ids[0]
        new = [pairing for pairing in board.paired[self._paired_before :] if self._is_ours(pairing)]
        if new and self._paired != new[-1]:
            self._paired = new[-1]
        self._draw()

    def _is_ours(self, pairing: PeerPaired) -> bool:
        return self.made is not None and pairing.vault == self.made.vault

    def begin(self, vault: str | None) -> None:
        """Show a ticket for `vault`: the one that is there, or a new one."""
        choice = self.query_one("#vault", Select)
        if vault is not None and vault in [known for _, known in self._vaults]:
            choice.value = vault
        fresh = (
            self.made is not None
            and self._paired is None
            and self.made.expires > self.board_screen.host.now_ms() + 60_000
        )
        if self._vaults and not (fresh and self.made is not None and self.made.vault == vault):
            self.make()

    def make(self) -> None:
        """Ask the node for a ticket as chosen."""
        vault = self.query_one("#vault", Select).value
        if not isinstance(vault, str):
            self.notify("There is no vault yet. Press n on the overview to sync a folder.", severity="warning")
            return
        role: Literal["member", "observer"] = (
            "observer" if self.query_one("#role", Select).value == "observer" else "member"
        )
        minutes = self.query_one("#life", Select).value
        reusable = self.query_one("#reusable", Select).value is True
        assert isinstance(minutes, int)

        async def make(client: RecoveryClient) -> TicketMade:
            return TicketMade(await client.make_ticket_for(vault, minutes=float(minutes), role=role, reusable=reusable))

        self.ask("make ticket", make, group="ticket")

    def on_ticket_made(self, message: TicketMade) -> None:
        message.stop()
        self.made, self._paired = message.made, None
        self._paired_before = len(self.board_screen.board.paired)
        self.board_screen.refresh_bindings()
        self._draw()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.make()

    def copy_ticket(self) -> None:
        """To the terminal's clipboard."""
        if self.made is not None:
            self.app.copy_to_clipboard(self.made.ticket)
            self.notify("The ticket is in the clipboard, if this terminal allows it (OSC 52).")

    def copy_command(self) -> None:
        if self.made is not None:
            self.app.copy_to_clipboard(join_command(self.made))
            self.notify("The command is in the clipboard, if this terminal allows it (OSC 52).")

    def show_code(self) -> None:
        if self.made is not None:
            self.app.push_screen(Code(ticket_code(self.made.ticket)))

    def _draw(self) -> None:
        panel, text, code = self.query_one("#ticket"), self.query_one("#ticket-text", Static), self._code
        rows: list[str] = []
        if self.made is None:
            panel.border_title = "Ticket"
            text.update(
                Content.assemble(
                    "A ticket lets another device join a vault. Choose above, then press ",
                    ("m", "bold"),
                    ".\n\nOn the other device it is pasted into the dashboard (key ",
                    ("j", "bold"),
                    " there), or into a command that you copy from here. No account and no server are needed.",
                )
            )
        elif self._paired is not None:
            panel.border_title = "Paired"
            text.update(_paired_text(self._paired))
        else:
            panel.border_title = f"Ticket for {self.made.vault_name}"
            left_ms = self.made.expires - self.board_screen.host.now_ms()
            text.update(_ticket_text(self.made, left_ms))
            if left_ms > 0 and self.size.width >= 2 * ROOM_FOR_CODE[0] and self.app.size.height >= ROOM_FOR_CODE[1]:
                rows = ticket_code(self.made.ticket)
        code.display = bool(rows)
        if rows:
            code.update(Content("\n".join(rows)))

    @property
    def _code(self) -> Static:
        return self.query_one("#ticket-code", Static)


def _ticket_text(made: NewTicket, left_ms: int) -> Content:
    if left_ms <= 0:
        return Content.assemble(
            ("✖ This ticket has expired.", f"bold {Tone.BAD}"), " Press ", ("m", "bold"), " to make another."
        )
    use = "for as many devices as you like" if made.reusable else "for one device"
    grant = ", which only receives" if made.role == "observer" else ""
    return Content.assemble(
        (f"◌ Waiting for the other device … {countdown(left_ms)} left", f"bold {Tone.BUSY}"),
        f", {use}{grant}.\n\n",
        ("Paste this there", "bold"),
        (" (y copies it)\n", Tone.DIM),
        (made.ticket, "$secondary"),
        ("\n\nor type", "bold"),
        (" (Y copies it)\n", Tone.DIM),
        (join_command(made, shortened=True), "$secondary"),
        ("\n\nor press ", Tone.DIM),
        ("g", "bold"),
        (" for a QR code.", Tone.DIM),
        ("\nWhen the device has joined, both screens show the same six words.", Tone.DIM),
        ("\nWhoever has this can join: send it only to yourself.", Tone.DIM),
    )


def _paired_text(pairing: PeerPaired) -> Content:
    return Content.assemble(
        (f"✓ Paired with {pairing.name}", f"bold {Tone.GOOD}"),
        f"  {pairing.peer[:10]}\n\n",
        "Both screens show the same six words. Compare them if you like:\n\n    ",
        ("  ".join(pairing.words), "bold $secondary"),
        "\n\nIt syncs now: the overview (1) shows how far it is. Press ",
        ("m", "bold"),
        " to add another device.",
    )
