"""One device: how it is, where it is, and what can be done about it."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from vaultsync.client import words
from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import AttemptInfo, PeerInfo, PeerVaultInfo
from vaultsync.tui.dialogs.choose import Choose
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.messages import AttemptsCame, PeerRemoved
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone, peer_badge, route
from vaultsync.tui.widgets.clock import clock_time, date_time
from vaultsync.tui.widgets.drawing import badge_content

ATTEMPTS = 50
_MARKS = {"connected": ("✓", Tone.GOOD), "no answer": ("○", Tone.DIM)}


class PeerScreen(BoardScreen):
    """Opened over the overview; Escape goes back there."""

    CSS_PATH = "peer.tcss"
    PLACE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", tooltip="Back to the overview"),
        Binding("r", "rename", "Name", tooltip="Give the device another name, on this device only"),
        Binding("o", "auto_connect", "Keep up", tooltip="Switch whether a connection to it is kept up"),
        Binding("c", "connect", "Connect", tooltip="Connect now, and keep connected"),
        Binding("d", "disconnect", "Drop", tooltip="Disconnect until it is asked for again"),
        Binding("y", "resync", "Resync", tooltip="Begin the conversation anew, and compare everything"),
        Binding("l", "role", "Role", tooltip="Let it edit, or let it only receive; asks first"),
        Binding(
            "x", "remove", "Remove", tooltip="Remove the device from every vault that is shared with it; asks first"
        ),
    ]

    def __init__(self, peer: str) -> None:
        super().__init__()
        self._peer = peer
        self._attempts_asked_for = ""

    def compose_body(self) -> ComposeResult:
        with Container(id="peer"):
            yield Static(id="about", classes="panel")
            with VerticalScroll(id="attempts-panel", classes="panel"):
                yield Static(id="attempts")

    def on_mount(self) -> None:
        self.query_one("#attempts-panel").border_title = "Attempts to reach it"
        super().on_mount()
        self._load_attempts()

    def show_board(self, board: Board) -> None:
        peer = board.peer(self._peer)
        about = self.query_one("#about", Static)
        if peer is None:
            about.border_title = "Device"
            about.update("This device is not paired any more. Press Esc to go back.")
            return
        about.border_title = peer.name
        about.update(about_peer(peer, self.host.now_ms()))
        if peer.state != self._attempts_asked_for:
            self._attempts_asked_for = peer.state
            self._load_attempts()

    def _load_attempts(self) -> None:
        async def load(client: RecoveryClient) -> AttemptsCame:
            return AttemptsCame(await client.attempts(self._peer, ATTEMPTS))

        self.request("attempts", load, group="attempts")

    def on_attempts_came(self, message: AttemptsCame) -> None:
        lines = [_attempt_line(attempt) for attempt in message.attempts]
        nothing = Content.styled("None yet: it was this device that was dialed.", Tone.DIM)
        self.query_one("#attempts", Static).update(Content("\n").join(lines) if lines else nothing)

    # Actions

    def action_back(self) -> None:
        self.app.pop_screen()

    def action_connect(self) -> None:
        self.do("connect", lambda client: client.connect_to_peer(self._peer), "Dialing.")

    def action_disconnect(self) -> None:
        self.do("disconnect", lambda client: client.disconnect_peer(self._peer), "It stays disconnected until asked.")

    def action_resync(self) -> None:
        self.do("resync", lambda client: client.resync_peer(self._peer), "Comparing everything anew.")

    def action_auto_connect(self) -> None:
        peer = self.board.peer(self._peer)
        if peer is not None:
            wanted = not peer.wanted
            said = "A connection is kept up from now on." if wanted else "No connection is kept up from now on."
            self.do("keep connected", lambda client: client.update_peer(peer.id, auto_connect=wanted), said)

    @work(name="rename", exclusive=True, group="rename")
    async def action_rename(self) -> None:
        peer = self.board.peer(self._peer)
        if peer is None:
            return
        name = await self.app.push_screen_wait(
            Prompt("Rename this device", "What it is called on this device; the others are not told.", value=peer.name)
        )
        if name is not None:
            self.do("rename", lambda client: client.update_peer(peer.id, name=name), f"It is called {name} now.")

    @work(name="change role", exclusive=True, group="role")
    async def action_role(self) -> None:
        peer = self.board.peer(self._peer)
        if peer is None or not peer.vaults:
            return
        shared = {vault.id: vault for vault in peer.vaults}
        chosen: str | None = next(iter(shared))
        if len(shared) > 1:
            items = [(vault.id, _role_content(vault)) for vault in shared.values()]
            chosen = await self.app.push_screen_wait(Choose(f"What may {peer.name} do?", "In which vault?", items))
        if chosen is None:
            return
        vault = shared[chosen]
        edits = vault.role == "member"
        role: Literal["member", "observer"] = "observer" if edits else "member"
        question = f"Let {peer.name} only receive?" if edits else f"Let {peer.name} edit?"
        if await self.app.push_screen_wait(Confirm(question, _role_question(vault), yes="Change")):
            what = "only receives" if edits else "can edit"
            done = f"{peer.name} {what} {vault.name} now; every device is told."
            self.do("role", lambda client: client.set_role(peer.id, role, vault.id), done)

    @work(name="remove", exclusive=True, group="remove")
    async def action_remove(self) -> None:
        peer = self.board.peer(self._peer)
        if peer is None:
            return
        vaults = ", ".join(vault.name for vault in peer.vaults)
        text = (
            f"{peer.name} ({peer.id[:10]}) gets no more changes of {vaults}, and none come from it. It keeps the notes "
            "that it has. To pair again, a new ticket is needed."
        )
        if await self.app.push_screen_wait(Confirm("Remove this device?", text, yes="Remove", danger=True)):

            async def remove(client: RecoveryClient) -> PeerRemoved:
                await client.remove_peer(peer.id)
                return PeerRemoved(peer.name)

            self.request("remove", remove)

    def on_peer_removed(self, message: PeerRemoved) -> None:
        self.host.refresh_status()
        self.notify(f"{message.name} is forgotten.")
        self.app.pop_screen()


def about_peer(peer: PeerInfo, now_ms: int) -> Content:
    """Everything about a device but its attempts."""
    rows: list[tuple[str, Content]] = [
        ("State", Content.assemble(badge_content(peer_badge(peer)), words.peer_state(peer))),
        ("Id", Content(peer.id)),
        ("Host", Content(peer.hostname or "not known")),
        ("Connected", _connection(peer)),
        ("Kept up", Content("yes: dialed whenever it is not connected" if peer.wanted else "no: only when asked for")),
        ("Paired", Content(date_time(peer.added))),
        ("Last seen", Content("now" if words.is_connected(peer) else words.ago(peer.last_seen, now_ms))),
        ("Last sync", Content(words.ago(peer.last_sync, now_ms))),
        ("Addresses", Content(", ".join(peer.addresses) or "none known")),
    ]
    for vault in peer.vaults:
        state = words.shared_state(peer, vault, now_ms)
        rows.append(("Vault", Content.assemble((vault.name, "bold"), f"  {_may(vault.role)} · {state}")))
    return Content("\n").join(Content.assemble((f"{name:<11}", Tone.DIM), value) for name, value in rows)


def _role_content(vault: PeerVaultInfo) -> Content:
    return Content.assemble((vault.name, "bold"), f"  {_may(vault.role)}")


def _role_question(vault: PeerVaultInfo) -> str:
    if vault.role == "member":
        return (
            f"It goes on receiving {vault.name}. What is changed there from now on stays on that device alone, and is "
            "shown as kept back."
        )
    return f"What is changed there reaches every device of {vault.name}, and so does what it has kept back so far."


def _may(role: str) -> str:
    return "can edit" if role == "member" else "only receives"


def _connection(peer: PeerInfo) -> Content:
    if not peer.address:
        return Content("no")
    return Content(f"{route(peer.address)}, at {peer.address}, {words.latency(peer.latency_ms)}")


def _attempt_line(attempt: AttemptInfo) -> Content:
    sign, tone = _MARKS.get(attempt.outcome, ("✖", Tone.BAD))
    why = f": {attempt.reason}" if attempt.reason else ""
    return Content.assemble(
        (f"{date_time(attempt.at)[5:10]} {clock_time(attempt.at)}  ", Tone.DIM),
        (f"{sign} {attempt.outcome:<10} ", tone),
        attempt.address,
        (why, Tone.DIM),
    )
