"""Join a vault: a pasted ticket, checked while it is typed; a folder; a preview; and what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from textual import work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Input, Label, Static, TextArea

from vaultsync.client import words
from vaultsync.client.pasting import folder_name
from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import JoinInfo, JoinPreview, OpenJoinInfo
from vaultsync.errors import VaultsyncError
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.messages import JoinCompared, JoinedVault, RequestFailed, TicketChecked, TicketRefused
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.typed import shown_folder, typed_folder
from vaultsync.tui.widgets.clock import countdown
from vaultsync.tui.widgets.part import Part

PAUSE_S: Final = 0.15
"""How long typing must rest before the ticket is looked at."""


NAMED: Final = 2
"""Paths of each kind that are named."""


class JoinVault(Part):
    """What to do on this device to join a vault of another one."""

    def __init__(self) -> None:
        super().__init__()
        self._preview: JoinPreview | None = None
        self._folder_is_typed = False
        self._suggested = ""
        self._joins_when_checked = False
        """Somebody was quicker than the check."""
        self._joined: JoinInfo | None = None
        """What came of the last ticket; on show until another one is pasted."""

    def compose(self) -> ComposeResult:
        yield Label("Ticket (paste it here)")
        yield TextArea(id="pasted", soft_wrap=True, tab_behavior="focus", placeholder="vault1…")
        yield Label("Folder for the notes on this device")
        with Horizontal(id="where"):
            yield Input(placeholder="~/Notes", id="folder", compact=True)
            yield Button("Join", id="join-now", variant="primary", disabled=True, compact=True)
        yield Static(id="preview", classes="panel")

    def on_mount(self) -> None:
        self.query_one("#pasted").tooltip = "The ticket from the other device; anything pasted around it is ignored"
        self.query_one("#folder").tooltip = "A new or empty folder, or one with notes that are to be joined"
        self.query_one("#join-now").tooltip = "Join with this ticket (key ctrl+s, or Enter in the folder field)"
        self._say_nothing()

    def begin(self) -> None:
        self.query_one("#pasted", TextArea).focus()

    def show(self, board: Board) -> None:
        """Nothing here depends on the board."""

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self._look()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._suggested:
            self._folder_is_typed = bool(event.value)
        self._look()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.join()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.join()

    def _look(self) -> None:
        """Have the node look at what is typed, when typing rests."""
        self._preview, self._joins_when_checked = None, False
        self.query_one("#join-now", Button).disabled = True
        text = self.query_one("#pasted", TextArea).text.strip()
        if not text:
            self._say_nothing()
            return
        self._joined = None
        folder = typed_folder(self.query_one("#folder", Input).value)

        async def check(client: RecoveryClient) -> TicketChecked | TicketRefused:
            await asyncio.sleep(PAUSE_S)
            try:
                return TicketChecked(await client.check_ticket(text, folder))
            except VaultsyncError as error:
                return TicketRefused(error)

        self.ask("check ticket", check, group="check")

    def on_ticket_checked(self, message: TicketChecked) -> None:
        message.stop()
        preview = message.preview
        if not preview.root and not self._folder_is_typed:
            # Setting it looks at the ticket again, this time with the folder.
            self._suggested = preview.served_at or f"~/{folder_name(preview.vault_name)}"
            self.query_one("#folder", Input).value = self._suggested
            return
        self._preview = preview
        self.query_one("#join-now", Button).disabled = not preview.root
        if self._joins_when_checked and preview.root:
            self._joins_when_checked = False
            self._begin(preview)
        self._say("A good ticket", preview_text(preview, self.board_screen.host.now_ms()))

    def on_ticket_refused(self, message: TicketRefused) -> None:
        message.stop()
        self._joins_when_checked = False
        self._say_error(message.error)

    def join(self) -> None:
        """Ask once more, then join; as soon as what is typed has been looked at."""
        if self._preview is not None and self._preview.root:
            self._begin(self._preview)
        else:
            self._joins_when_checked = True

    def _begin(self, preview: JoinPreview) -> None:
        if preview.files and not preview.served_at:
            self._compare(preview)
        else:
            self._confirm(preview)

    def _compare(self, preview: JoinPreview) -> None:
        """Use the ticket, and show what would come together before anything is written."""
        reaching = f"◌ Reaching {preview.device_name}, and comparing {shown_folder(preview.root)} with the vault …"
        self._say("Comparing", Content.styled(reaching, Tone.BUSY))
        ticket, root = self.query_one("#pasted", TextArea).text, Path(preview.root)

        async def compare(client: RecoveryClient) -> JoinCompared:
            return JoinCompared(await client.open_join(ticket, root))

        self.ask("compare", compare, group="join")

    @work(name="agree to join", exclusive=True, group="agree")
    async def on_join_compared(self, message: JoinCompared) -> None:
        message.stop()
        found = message.found
        agreed = await self.app.push_screen_wait(
            Confirm("Join these?", comparison(found), yes="Join", no="Do not join")
        )
        if agreed:
            self._say("Joining", Content.styled("◌ Joining …", Tone.BUSY))
        else:
            said = "Not joined; nothing was written. The ticket is used up: to join after all, make another one there."
            self._say("Not joined", Content(said))

        async def settle(client: RecoveryClient) -> JoinedVault | None:
            if agreed:
                return JoinedVault(await client.accept_join(found.id))
            await client.leave_join(found.id)
            return None

        self.ask("settle joining", settle)

    @work(name="confirm joining", exclusive=True, group="join")
    async def _confirm(self, preview: JoinPreview) -> None:
        vault = f"“{preview.vault_name}”, of {preview.device_name}"
        text = f"This device will {_grant(preview)} {vault}, in {shown_folder(preview.root)}."
        question = Confirm("Join this vault?", f"{text}\n\n{_folder_words(preview)}", yes="Join")
        if not await self.app.push_screen_wait(question):
            return
        self._say("Joining", Content.styled(f"◌ Reaching {preview.device_name} …", Tone.BUSY))
        ticket, root = self.query_one("#pasted", TextArea).text, Path(preview.root)

        async def join(client: RecoveryClient) -> JoinedVault:
            return JoinedVault(await client.join(ticket, root))

        self.ask("join", join)

    def on_joined_vault(self, message: JoinedVault) -> None:
        message.stop()
        self.query_one("#pasted", TextArea).text = ""
        self.query_one("#folder", Input).value = ""
        self._folder_is_typed, self._preview, self._joined = False, None, message.joined
        self.board_screen.host.refresh_status()
        self._say_nothing()
        self.board_screen.set_focus(None)

    def on_request_failed(self, message: RequestFailed) -> None:
        message.stop()
        self._say_error(message.error)

    def _say_nothing(self) -> None:
        """What is on show while there is no ticket."""
        if self._joined is not None:
            self._say("Paired", joined_text(self._joined))
            return
        self._say(
            "Ticket",
            Content.assemble(
                ("On the other device, press ", Tone.DIM),
                ("a", "bold"),
                (" in its dashboard, or type ", Tone.DIM),
                ("vaultsync ticket FOLDER", "bold"),
                (". Paste here what it shows.", Tone.DIM),
            ),
        )

    def _say_error(self, error: VaultsyncError) -> None:
        self._say(
            "Not yet",
            Content.assemble((f"✖ {error.title}.", f"bold {Tone.BAD}"), f" {error.message}\n", (error.hint, Tone.DIM)),
        )

    def _say(self, title: str, text: Content) -> None:
        panel = self.query_one("#preview", Static)
        panel.border_title = title
        panel.update(text)


def preview_text(preview: JoinPreview, now_ms: int) -> Content:
    """Whose the ticket is, what it grants, and what becomes of the folder."""
    use = "for many devices" if preview.reusable else "for one device"
    lines = [
        Content.assemble(
            (f"✓ “{preview.vault_name}”", f"bold {Tone.GOOD}"),
            f" from {preview.device_name} ",
            (preview.device[:10], Tone.DIM),
        ),
        Content(f"  This device will {_grant(preview)} it. Good for {countdown(preview.expires - now_ms)}, {use}."),
    ]
    if preview.addresses:
        lines.append(Content.styled(f"  Reached at {', '.join(preview.addresses[:3])}", Tone.DIM))
    if preview.root:
        lines += [Content(""), Content(_folder_words(preview))]
        lines.append(
            Content.assemble("Press ", ("Enter", "bold"), " in the folder field, or ", ("ctrl+s", "bold"), ".")
        )
    return Content("\n").join(lines)


def comparison(found: OpenJoinInfo) -> Content:
    """What would come together, by kind, with the first paths of each."""
    kinds = (
        ("=", Tone.DIM, found.same, "the same on both", "", ()),
        ("↑", Tone.GOOD, found.only_here, "only here", ": they go to the other devices", found.only_here_paths),
        ("↓", Tone.GOOD, found.only_there, "only there", ": they come here", found.only_there_paths),
        ("≠", Tone.BUSY, found.differ, "different", ": merged, both versions stay in history", found.differ_paths),
    )
    lines = [
        Content(f"{shown_folder(found.root)} and “{found.vault_name}” of {found.peer_name}. Nothing is deleted."),
        Content(""),
    ]
    for sign, tone, number, kind, meaning, paths in kinds:
        lines.append(
            Content.assemble((f"{sign} {number:>7,} {kind}", f"bold {tone}"), (meaning if number else "", Tone.DIM))
        )
        lines += [Content.styled(f"            {path}", Tone.DIM) for path in paths[:NAMED]]
        if number > NAMED and paths:
            lines.append(Content.styled(f"            and {words.count(number - NAMED, 'more file')}", Tone.DIM))
    lines.append(Content.assemble("\nBoth screens show: ", (" ".join(found.words), "bold $secondary")))
    return Content("\n").join(lines)


def joined_text(joined: JoinInfo) -> Content:
    return Content.assemble(
        (f"✓ Paired with {joined.peer_name}", f"bold {Tone.GOOD}"),
        f"  {joined.peer[:10]}\n\nBoth screens show the same six words. Compare them if you like:\n\n    ",
        ("  ".join(joined.words), "bold $secondary"),
        f"\n\n“{joined.vault_name}” syncs in {shown_folder(joined.root)}. The overview (1) shows how far it is.",
    )


def _grant(preview: JoinPreview) -> str:
    return "only receive" if preview.role == "observer" else "read and write"


def _folder_words(preview: JoinPreview) -> str:
    root = shown_folder(preview.root)
    if preview.served_at:
        return f"{root} holds this vault already; the devices are paired."
    if not preview.exists:
        return f"{root} is new: it will be made."
    if not preview.files:
        return f"{root} is empty: it will be filled."
    return (
        f"{root} holds {words.count(preview.files, 'file')}. They are compared with the vault's first, and "
        "nothing is written before you agree."
    )
