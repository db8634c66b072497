"""One matter in full: what happened, both sides of a conflict, and which keys end it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from vaultsync.client import words
from vaultsync.client.values import ExplanationInfo
from vaultsync.tui.attention import Kind, Matter
from vaultsync.tui.diffing import as_text
from vaultsync.tui.messages import SidesCame
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone

SHOWN_LINES: Final = 400
"""Lines of a side."""

WHAT_TO_DO: Final = {
    Kind.COPY: "Two devices changed this note at once, and the changes could not be merged. Keep "
    "[b]m[/] mine, [b]t[/] theirs or [b]b[/] both, or [b]e[/] write what is to stand there.",
    Kind.MERGE: "Both edits are in the note; nothing has to be done. [b]u[/] takes the merge back; "
    "[b]m[/] or [b]t[/] keeps one side, [b]e[/] edits it, [b]b[/] says that it is right.",
    Kind.HELD: "So much disappeared at once that it was held back: no other device has deleted anything. "
    "[b]p[/] approves: delete everywhere. [b]u[/] undoes: the files come back here.",
    Kind.BLOCKED: "Nothing of it is lost where it is. It is tried again by itself when this is mended.",
    Kind.VAULT: "Nothing is deleted anywhere meanwhile; syncing goes on by itself when this is mended.",
    Kind.DEVICE: "Notes are synced all the same, but what this device learns of the others is not kept: who belongs "
    "to a vault, and where they are. Make room on the disk that its data is on, or see to it that it can be written. "
    "This goes away by itself at the next thing that can be stored.",
    Kind.REMOVED: "Nothing is deleted here, and nothing is sent or taken any more. To share these notes again, get "
    "a new ticket from a device that has them, and join with it in the same folder: [b]j[/]. [b]x[/] takes note, and "
    "keeps the folder as this device's own.",
    Kind.NEARBY: "Nothing has to be done if your devices find each other: addresses that worked before, and those on "
    "tickets, are dialed all the same. To have them found again, let this computer's firewall pass UDP port 5353; to "
    "do without, switch “Find devices nearby” off under Settings (5).",
    Kind.NOTICE: "It goes away by itself when it is mended.",
    Kind.KEPT_BACK: "They stay on this device only, and nothing of them is lost. To share them, let another device "
    "that can edit give this one the role: there on this device's page, [b]l[/].",
    Kind.REFUSED: "They stay on that device. [b]o[/] or Enter opens it; [b]l[/] there lets it edit, and they come.",
    Kind.PEER: "It is dialed again by itself. [b]c[/] dials it now; [b]o[/] or Enter shows its addresses and attempts.",
}


class MatterView(Vertical):
    """What is known of the highlighted matter."""

    def compose(self) -> ComposeResult:
        yield Static(id="matter-head")
        with Container(classes="sides", id="sides"):
            yield Static(classes="side", id="mine")
            yield Static(classes="side", id="theirs")
        yield Static(id="matter-more")

    def on_mount(self) -> None:
        self.show(None)

    def show(self, matter: Matter | None) -> None:
        """The matter, as far as it is known without asking."""
        head, more = self.query_one("#matter-head", Static), self.query_one("#matter-more", Static)
        self.query_one("#sides").display = matter is not None and matter.conflict is not None
        more.update("")
        if matter is None:
            head.update("")
            return
        head.update(
            Content.assemble(
                (f"{matter.badge.symbol} {matter.path or matter.title}", f"bold {matter.badge.tone}"),
                f"\n{matter.detail}\n\n",
                Content.from_markup(WHAT_TO_DO.get(matter.kind, "")),
            )
        )
        for side, title in (("#mine", "mine, on this device"), ("#theirs", "theirs")):
            static = self.query_one(side, Static)
            device = matter.conflict.device_name if matter.conflict is not None and side == "#theirs" else ""
            static.border_title = f"{title}, {device}" if device else title
            static.update("…")
        if matter.held is not None:
            more.update(_listed("Held:", matter.held.paths))
        elif matter.paths:
            more.update(_listed("These:", matter.paths))

    def show_sides(self, sides: SidesCame) -> None:
        """The contents of both sides; lines that only one side has are marked."""
        mine, theirs = _lines(sides.mine), _lines(sides.theirs)
        self.query_one("#mine", Static).update(_side(mine, set(theirs or ())))
        self.query_one("#theirs", Static).update(_side(theirs, set(mine or ())))

    def show_explanation(self, found: ExplanationInfo) -> None:
        """What is known of a blocked path, and what would end that."""
        rows = [("State", found.state), ("To mend it", found.unblock), ("Here with", ", ".join(found.has_it))]
        lines = [Content.assemble((f"{name:<12}", Tone.DIM), text) for name, text in rows if text]
        self.query_one("#matter-more", Static).update(Content("\n").join([Content(""), *lines]))


def _listed(title: str, paths: Sequence[str]) -> Content:
    return Content("\n").join(["", Content.styled(title, Tone.DIM), *map(Content, paths[:SHOWN_LINES])])


def _lines(content: bytes | None) -> list[str] | None:
    text = as_text(content)
    return None if text is None else text.splitlines()


def _side(lines: list[str] | None, other: set[str]) -> Content:
    """The lines of one side; those that the other lacks stand out."""
    if lines is None:
        return Content.styled("There is no text to show: it is gone, or it is no text.", Tone.DIM)
    shown = [
        Content(f"  {line}") if line in other else Content.assemble((f"• {line}", f"bold {Tone.BUSY}"))
        for line in lines[:SHOWN_LINES]
    ]
    if len(lines) > SHOWN_LINES:
        shown.append(Content.styled(f"… {words.count(len(lines) - SHOWN_LINES, 'more line')}", Tone.DIM))
    return Content("\n").join(shown) if shown else Content.styled("(empty)", Tone.DIM)


def matter_line(matter: Matter, board: Board, now_ms: int, *, several: bool) -> Content:
    """A matter in one line. `several`: there are vaults to tell apart."""
    when = ""
    if matter.conflict is not None:
        when = f" · {words.ago(matter.conflict.at, now_ms)}"
    where = f" · {board.vault_name(matter.vault)}" if several and matter.vault and matter.path else ""
    return Content.assemble(
        (f"{matter.badge.symbol} {matter.badge.word:<10}", f"bold {matter.badge.tone}"),
        (matter.title, "bold"),
        (f"  {matter.detail}{where}{when}", Tone.DIM),
    )
