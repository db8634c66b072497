"""History: find a note, look at its versions, bring one back; deleted notes; the vault as it was."""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.times import local, parse_time
from vaultsync.client.values import RestoreInfo, VersionInfo
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.diffing import difference
from vaultsync.tui.host import BoardScreen
from vaultsync.tui.messages import (
    DeletedCame,
    DifferenceCame,
    NotesFound,
    RestorePreviewed,
    VersionsCame,
)
from vaultsync.tui.past import (
    Mode,
    all_question,
    deleted_items,
    difference_content,
    note_items,
    one_question,
    plan_items,
    plan_text,
    plan_title,
    version_items,
)
from vaultsync.tui.state import Board
from vaultsync.tui.widgets.clock import date_time
from vaultsync.tui.widgets.items import Item, ItemList

FOUND: Final = 200
PAUSE_S: Final = 0.1
"""How long typing must rest before notes are looked for."""

EMPTY: Final = {
    Mode.NOTES: "[b]No note is called so.[/] Type a part of a name; Esc, then [b]v[/] looks in the next vault.",
    Mode.DELETED: "[b]Nothing was deleted[/] that is not there again.",
    Mode.THEN: "[b]The vault is now as it was then.[/] Press [b]T[/] to look at another time.",
}


class HistoryScreen(BoardScreen):
    CSS_PATH = "history.tcss"
    PLACE = "history"
    AUTO_FOCUS = "#find"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,ctrl+f", "find", "Find", key_display="/", tooltip="Find a note by part of its name"),
        Binding("r", "restore", "Restore", tooltip="Bring back the version, the deleted note, or all as it was then"),
        Binding("b", "against", "Compare", tooltip="Compare with the version before it, or with the note as it is now"),
        Binding("D", "deleted", "Deleted", tooltip="List deleted notes"),
        Binding("T", "then", "Then", tooltip="Show the vault as it was at another time"),
        Binding("f", "folder", "Folder", tooltip="As it was: only the highlighted note's folder, or the whole vault"),
        Binding("v", "next_vault", "Vault", tooltip="Look in the next vault"),
        Binding("escape", "out", "List", tooltip="Leave the search field, so that keys work"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._vault: str | None = None
        self._mode = Mode.NOTES
        self._versions: list[VersionInfo] = []
        self._deleted: dict[str, VersionInfo] = {}
        self._plan: RestoreInfo | None = None
        self._with_now = False

    def compose_body(self) -> ComposeResult:
        with Container(id="history"):
            with Vertical(id="notes-side"):
                yield Input(placeholder="Find a note …", id="find", compact=True)
                yield ItemList(id="notes", classes="panel", empty=EMPTY[Mode.NOTES])
            with Vertical(id="versions-side"):
                yield ItemList(id="versions", classes="panel", empty="Highlight a note to see its versions.")
                with VerticalScroll(id="difference-panel", classes="panel"):
                    yield Static(id="difference")

    def on_mount(self) -> None:
        self.query_one("#find").tooltip = "A part of the note's name, or several, in any order"
        self.query_one("#versions").border_title = "Versions"
        self.query_one("#difference-panel").border_title = "Difference"
        super().on_mount()

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._vault is not None:
            self._load()

    def show_board(self, board: Board) -> None:
        known = [vault.id for vault in board.vaults]
        if self._vault not in known and known:
            self._vault = self.host.focused_vault()
            self._load()
        name = board.vault_name(self._vault) if self._vault is not None else ""
        several = " · v: next vault" if len(known) > 1 else ""
        self.query_one("#notes").border_subtitle = f"{name}{several}"

    # What is listed on the left

    def _load(self) -> None:
        vault, text = self._vault, self.query_one("#find", Input).value
        notes = self.query_one("#notes", ItemList)
        notes.border_title = {Mode.NOTES: "Notes", Mode.DELETED: "Deleted notes", Mode.THEN: "As it was"}[self._mode]
        notes.say_if_empty(EMPTY[self._mode])
        self.refresh_bindings()
        if vault is None or self._mode is Mode.THEN:
            return

        async def load(client: RecoveryClient) -> NotesFound | DeletedCame:
            if self._mode is Mode.DELETED:
                return DeletedCame(await client.deleted(vault))
            await asyncio.sleep(PAUSE_S)
            return NotesFound(text, await client.find_notes(vault, text, FOUND))

        self.request("notes", load, group="notes")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._mode = Mode.NOTES
        self._load()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#notes").focus()

    def on_notes_found(self, message: NotesFound) -> None:
        if self._mode is Mode.NOTES:
            self._list(note_items(message.paths))

    def on_deleted_came(self, message: DeletedCame) -> None:
        if self._mode is Mode.DELETED:
            self._deleted = {version.path: version for version in message.versions}
            self._list(deleted_items(message.versions, self.host.now_ms()))

    def on_restore_previewed(self, message: RestorePreviewed) -> None:
        self._plan = message.info
        self._mode = Mode.THEN
        self._load()
        notes = self.query_one("#notes", ItemList)
        notes.border_title = plan_title(message.info)
        self._list(plan_items(message.info))
        notes.focus()
        self._show_no_versions()
        self._tell("As of then", plan_text(message.info))

    def _list(self, items: list[Item]) -> None:
        notes = self.query_one("#notes", ItemList)
        before = notes.key
        notes.show(items)
        if not items:
            self._show_no_versions()
            self._tell("Difference", Content(""))
        elif notes.key == before:
            self._load_versions()

    def _show_no_versions(self) -> None:
        self._versions = []
        versions = self.query_one("#versions", ItemList)
        versions.show(())
        versions.border_title = "Versions"

    # What is shown on the right

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_list.id == "notes":
            self._load_versions()
        else:
            self._load_difference()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_list.id == "notes":
            self.query_one("#versions").focus()

    def _load_versions(self) -> None:
        vault, path = self._vault, self.query_one("#notes", ItemList).key
        if vault is None or path is None:
            return

        async def load(client: RecoveryClient) -> VersionsCame:
            return VersionsCame(path, await client.history(vault, path))

        self.request("versions", load, group="versions")

    def on_versions_came(self, message: VersionsCame) -> None:
        if message.path != self.query_one("#notes", ItemList).key:
            return
        self._versions = message.versions
        versions = self.query_one("#versions", ItemList)
        before = versions.key
        versions.show(version_items(message.versions, self.host.now_ms()))
        versions.border_title = message.path.rpartition("/")[2]
        if versions.key == before:
            self._load_difference()

    def _load_difference(self) -> None:
        place = self._place()
        if self._vault is None or place is None:
            return
        vault, chosen = self._vault, self._versions[place]
        pair: tuple[VersionInfo | None, VersionInfo]
        if self._with_now:
            pair, title = (chosen, self._versions[0]), "From this version to what stands there now"
        else:
            pair, title = (self._before(place), chosen), "What this version changed"

        async def load(client: RecoveryClient) -> DifferenceCame:
            before, after = [await self._bytes(client, vault, version) for version in pair]
            lines = await asyncio.to_thread(difference, before, after)
            return DifferenceCame(f"{place}", title, lines)

        self.request("difference", load, group="difference")

    def _before(self, place: int) -> VersionInfo | None:
        """The version that the one at `place` came after."""
        return self._versions[place + 1] if place + 1 < len(self._versions) else None

    async def _bytes(self, client: RecoveryClient, vault: str, version: VersionInfo | None) -> bytes:
        if version is None or not version.content:
            return b""
        return await client.content(vault, version.path, version.content)

    def on_difference_came(self, message: DifferenceCame) -> None:
        if f"{self._place()}" == message.key:
            self._tell(message.title, difference_content(message.lines))

    def _place(self) -> int | None:
        """Which version is highlighted."""
        key = self.query_one("#versions", ItemList).key
        place = int(key) if key is not None else None
        return place if place is not None and place < len(self._versions) else None

    def _tell(self, title: str, content: Content) -> None:
        self.query_one("#difference-panel").border_title = title
        self.query_one("#difference", Static).update(content)

    # Actions

    def action_find(self) -> None:
        self._mode = Mode.NOTES
        self.query_one("#find").focus()
        self._load()

    def action_out(self) -> None:
        self.query_one("#notes").focus()

    def action_deleted(self) -> None:
        self._mode = Mode.NOTES if self._mode is Mode.DELETED else Mode.DELETED
        self._load()
        self.query_one("#notes").focus()

    def action_against(self) -> None:
        self._with_now = not self._with_now
        self._load_difference()

    def action_next_vault(self) -> None:
        known = [vault.id for vault in self.board.vaults]
        if known:
            place = known.index(self._vault) + 1 if self._vault in known else 0
            self._vault = known[place % len(known)]
            self._mode = Mode.NOTES if self._mode is Mode.THEN else self._mode
            self.show_board(self.board)
            self._load()

    @work(name="ask for a time", exclusive=True, group="then")
    async def action_then(self) -> None:
        vault = self._vault
        if vault is None:
            return
        text = "What did the vault hold then? Nothing is changed by looking.\n\nFor example: 2h ago, yesterday 14:00, "
        answer = await self.app.push_screen_wait(Prompt("The vault as of a time", f"{text}2026-11-20 09:30"))
        if answer is None:
            return
        try:
            at_ms = parse_time(answer, local(self.host.now_ms()))
        except ValueError as error:
            self.notify(str(error), title="That is no time", severity="error")
            return

        self._preview(vault, at_ms, "")

    def action_folder(self) -> None:
        vault, plan, path = self._vault, self._plan, self.query_one("#notes", ItemList).key
        if vault is None or plan is None:
            return
        folder = path.rpartition("/")[0] if path is not None and not plan.folder else ""
        if folder == plan.folder:
            self.notify("The highlighted note is in no folder.", severity="warning")
            return
        self._preview(vault, plan.at, folder)

    def _preview(self, vault: str, at_ms: int, folder: str) -> None:
        """See what bringing a folder, or the vault, to a time would change."""

        async def load(client: RecoveryClient) -> RestorePreviewed:
            return RestorePreviewed(await client.restore_to(vault, at_ms, folder, preview=True))

        self.request("as of", load, group="then")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A folder is only chosen where the vault is shown as it was."""
        return self._mode is Mode.THEN if action == "folder" else True

    def action_restore(self) -> None:
        if self._mode is Mode.THEN:
            self._restore_all()
        else:
            self._restore_one()

    @work(name="restore a version", exclusive=True, group="restore")
    async def _restore_one(self) -> None:
        vault, place = self._vault, self._place()
        if vault is None or place is None:
            self.notify("Highlight a version first.", severity="warning")
            return
        version = self._versions[place]
        if not version.content:
            # A deletion holds nothing; what stood there before it is meant.
            version = next((v for v in self._versions[place:] if v.content and v.restorable), version)
        if not version.content or not version.restorable:
            self.notify("This device does not have that content any more.", severity="error")
            return
        if await self.app.push_screen_wait(Confirm("Restore this version?", one_question(version), yes="Restore")):
            self.do(
                "restore",
                lambda client: client.restore(vault, version.path, version.content),
                f"{version.path} is as it was at {date_time(version.at)}.",
            )

    @work(name="restore a time", exclusive=True, group="restore")
    async def _restore_all(self) -> None:
        vault, plan = self._vault, self._plan
        if vault is None or plan is None:
            return
        if not (plan.bring_back or plan.change_back or plan.remove):
            self.notify("There is nothing to bring back.")
            return
        text = all_question(self.board.vault_name(vault), plan)
        question = "Restore this folder?" if plan.folder else "Restore the whole vault?"
        if await self.app.push_screen_wait(Confirm(question, text, yes="Restore", danger=True)):

            async def restore(client: RecoveryClient) -> RestorePreviewed:
                await client.restore_to(vault, plan.at, plan.folder, preview=False)
                return RestorePreviewed(await client.restore_to(vault, plan.at, plan.folder, preview=True))

            self.request("restore all", restore)
