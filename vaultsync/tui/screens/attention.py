"""Attention: what waits for a person, each with the action that ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, VerticalScroll
from textual.widgets import OptionList

from vaultsync.client.recovery import RecoveryClient
from vaultsync.tui.attention import Kind, Matter, matters
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.dialogs.edit import EditSides
from vaultsync.tui.diffing import as_text
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.messages import Decided, ExplanationCame, SidesCame
from vaultsync.tui.screens.peer import PeerScreen
from vaultsync.tui.state import Board
from vaultsync.tui.widgets.items import Item, ItemList
from vaultsync.tui.widgets.matter import MatterView, matter_line

Choice = Literal["mine", "theirs", "both", "edit"]
Decision = Callable[[RecoveryClient], Awaitable[object]]

OFFERED = {
    "keep_mine": (Kind.COPY, Kind.MERGE),
    "keep_theirs": (Kind.COPY, Kind.MERGE),
    "keep_both": (Kind.COPY, Kind.MERGE),
    "edit": (Kind.COPY, Kind.MERGE),
    "approve": (Kind.HELD,),
    "undo": (Kind.HELD, Kind.MERGE),
    "reach": (Kind.PEER,),
    "open_peer": (Kind.PEER, Kind.REFUSED),
    "take_note": (Kind.REMOVED,),
}
"""Which kinds of matters each action ends."""


class AttentionScreen(BoardScreen):
    CSS_PATH = "attention.tcss"
    PLACE = "attention"
    AUTO_FOCUS = "#matters"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "keep_mine", "Mine", tooltip="Keep this device's side"),
        Binding("t", "keep_theirs", "Theirs", tooltip="Keep the other device's side"),
        Binding("b", "keep_both", "Both", tooltip="Keep both; of a merge: it is right as it is"),
        Binding("e", "edit", "Edit", tooltip="Write what is to stand there, with both sides in view"),
        Binding("p", "approve", "Approve", tooltip="The deletions were meant: delete everywhere"),
        Binding("u", "undo", "Undo", tooltip="Bring back what was deleted; or take a merge back"),
        Binding("c", "reach", "Connect", tooltip="Dial the device again now"),
        Binding("o", "open_peer", "Open device", tooltip="Show the device's addresses and attempts"),
        Binding("x", "take_note", "Take note", tooltip="Take note that this device was removed; its notes stay"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._matters: dict[str, Matter] = {}
        self._shown: Matter | None = None
        self._sides: SidesCame | None = None

    def compose_body(self) -> ComposeResult:
        with Container(id="attention"):
            yield ItemList(
                id="matters",
                classes="panel",
                empty="[b]Nothing waits for you.[/] Conflicts, held deletions, blocked names and errors show up here, "
                "each with the keys that end it.",
            )
            with VerticalScroll(id="matter-panel", classes="panel"):
                yield MatterView()

    def on_mount(self) -> None:
        self.query_one("#matters").border_title = "Attention"
        self.query_one("#matter-panel").border_title = "What it is"
        super().on_mount()

    def show_board(self, board: Board) -> None:
        found = matters(board)
        self._matters = {matter.key: matter for matter in found}
        several = len(board.vaults) > 1
        self.query_one("#matters", ItemList).show(
            [Item(matter.key, matter_line(matter, board, self.host.now_ms(), several=several)) for matter in found]
        )
        self._show_highlighted()

    def go_to(self, key: str) -> None:
        """Show the matter with that key."""
        self.query_one("#matters", ItemList).go_to(key)

    def on_option_list_option_highlighted(self) -> None:
        self._show_highlighted()

    async def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self._shown is not None and self._shown.kind in OFFERED["open_peer"]:
            await self.action_open_peer()

    def _show_highlighted(self) -> None:
        matter = self._matters.get(self.query_one("#matters", ItemList).key or "")
        if matter == self._shown:
            return
        self._shown, self._sides = matter, None
        self.refresh_bindings()
        view = self.query_one(MatterView)
        view.show(matter)
        if matter is None:
            return
        if matter.conflict is not None:
            self._load_sides(matter)
        elif matter.kind is Kind.BLOCKED:
            self._load_explanation(matter)

    def _load_sides(self, matter: Matter) -> None:
        found = matter.conflict
        assert found is not None

        async def load(client: RecoveryClient) -> SidesCame:
            if found.kind == "copy":
                mine = await _present(client, matter.vault, found.original)
                theirs = await _present(client, matter.vault, found.path)
                return SidesCame(matter.key, mine, theirs)
            sides = [
                await client.content(matter.vault, side.path, side.content) if side and side.restorable else None
                for side in (found.mine, found.theirs)
            ]
            return SidesCame(matter.key, sides[0], sides[1])

        self.request("sides of a conflict", load, group="matter")

    def _load_explanation(self, matter: Matter) -> None:
        async def load(client: RecoveryClient) -> ExplanationCame:
            return ExplanationCame(matter.key, await client.explain(matter.vault, matter.path))

        self.request("explain", load, group="matter")

    def on_sides_came(self, message: SidesCame) -> None:
        if self._shown is not None and message.key == self._shown.key:
            self._sides = message
            self.query_one(MatterView).show_sides(message)

    def on_explanation_came(self, message: ExplanationCame) -> None:
        if self._shown is not None and message.key == self._shown.key:
            self.query_one(MatterView).show_explanation(message.explanation)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what ends the highlighted matter is offered."""
        kinds = OFFERED.get(action)
        return True if kinds is None else self._shown is not None and self._shown.kind in kinds

    def action_keep_mine(self) -> None:
        self._resolve("mine", "Your side stands. The other is in history.")

    def action_keep_theirs(self) -> None:
        self._resolve("theirs", "Their side stands. Yours is in history.")

    def action_keep_both(self) -> None:
        self._resolve("both", "Both are kept.")

    @work(name="edit a conflict", exclusive=True, group="edit")
    async def action_edit(self) -> None:
        sides = self._sides
        mine = as_text(sides.mine) if sides is not None else None
        theirs = as_text(sides.theirs) if sides is not None else None
        if self._shown is None or mine is None:
            self.notify("This is no text that could be edited here.", severity="warning")
            return
        text = await self.app.push_screen_wait(EditSides(self._shown.title, mine, theirs or ""))
        if text is not None:
            self._resolve("edit", "What you wrote stands. Both sides are in history.", text)

    def _resolve(self, choice: Choice, said: str, text: str | None = None) -> None:
        matter = self._shown
        if matter is not None:
            self._decide(matter, lambda client: client.resolve(matter.vault, matter.path, choice, text), said)

    @work(name="approve deletions", exclusive=True, group="approve")
    async def action_approve(self) -> None:
        matter = self._shown
        if matter is None or matter.held is None:
            return
        text = f"{matter.title} reach every device. What is deleted stays in history."
        if await self.app.push_screen_wait(Confirm("Delete everywhere?", text, yes="Delete", danger=True)):
            self._decide(matter, lambda client: client.approve_deletions(matter.vault), "Deleted everywhere.")

    def action_undo(self) -> None:
        matter = self._shown
        if matter is None:
            return
        if matter.kind is Kind.HELD:
            self._decide(matter, lambda client: client.undo_deletions(matter.vault), "The files come back.")
        else:
            undo = "The merge is taken back: this device's side stands, the other is in history."
            self._decide(matter, lambda client: client.undo_merge(matter.vault, matter.path), undo)

    def action_reach(self) -> None:
        matter = self._shown
        if matter is not None:
            self.do("connect", lambda client: client.connect_to_peer(matter.peer), f"Dialing {matter.title}.")

    def action_take_note(self) -> None:
        matter = self._shown
        if matter is not None:
            said = f"{matter.title} is this device's own now. Its notes stay."
            self._decide(matter, lambda client: client.leave_vault(matter.vault), said)

    async def action_open_peer(self) -> None:
        if self._shown is not None:
            await self.app.push_screen(PeerScreen(self._shown.peer))

    def _decide(self, matter: Matter, ask: Decision, said: str) -> None:
        async def decide(client: RecoveryClient) -> Decided:
            await ask(client)
            return Decided(matter.vault, said)

        self.request("decide", decide)

    def on_decided(self, message: Decided) -> None:
        self.host.look_again(message.vault)
        self.host.refresh_status()
        self.notify(message.said)


async def _present(client: RecoveryClient, vault: str, path: str) -> bytes | None:
    """What stands at a path now; None if nothing does."""
    found = await client.explain(vault, path)
    if found.kind != "file" or not found.content:
        return None
    return await client.content(vault, path, found.content)
