"""Devices that ask to be let in, each to be allowed or denied."""

from __future__ import annotations

from typing import Final, Literal

from textual import work
from textual.app import ComposeResult
from textual.content import Content

from vaultsync.client import words
from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import RequestInfo
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.messages import RequestDone
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Tone
from vaultsync.tui.widgets.items import Item, ItemList
from vaultsync.tui.widgets.part import Part

EMPTY: Final = (
    "[b]No device asks to be let in.[/] Whoever has no good ticket is turned away; in Settings (5), “Unknown devices” "
    "lets them ask here instead."
)


class JoinRequests(Part):
    def __init__(self) -> None:
        super().__init__()
        self._requests: dict[str, RequestInfo] = {}

    def compose(self) -> ComposeResult:
        yield ItemList(id="requests", classes="panel", empty=EMPTY)

    @property
    def waiting(self) -> int:
        return len(self._requests)

    def show(self, board: Board) -> None:
        now_ms = self.board_screen.host.now_ms()
        self._requests = {request_key(request): request for request in board.requests}
        self.query_one(ItemList).show([Item(key, _lines(each, now_ms)) for key, each in self._requests.items()])

    def go_to(self, key: str | None = None) -> None:
        """Ready for an answer: about the request with that key, or the highlighted one."""
        requests = self.query_one(ItemList)
        if key is not None:
            requests.go_to(key)
        requests.focus()

    @work(name="let in", exclusive=True, group="answer")
    async def let_in(self, role: Literal["member", "observer"]) -> None:
        """Ask once more, then let the highlighted device in."""
        request = self._highlighted()
        if request is None:
            return
        may = "read and edit" if role == "member" else "receive, but not change,"
        text = (
            f"It will {may} every note in {request.vault_name}.\n\nThe name “{request.name}” is only what it calls "
            f"itself. Its id is proven; compare it with the one that it shows there:\n\n{request.peer}"
        )
        if await self.app.push_screen_wait(Confirm("Let this device in?", text, yes="Let it in", danger=True)):
            self._answer(request, role, f"{request.name} may join now: it tries again with the ticket that it has.")

    def deny(self) -> None:
        """Turn the highlighted device away."""
        request = self._highlighted()
        if request is not None:
            self._answer(request, None, f"{request.name} is turned away.")

    def _highlighted(self) -> RequestInfo | None:
        return self._requests.get(self.query_one(ItemList).key or "")

    def _answer(self, request: RequestInfo, role: Literal["member", "observer"] | None, said: str) -> None:
        async def answer(client: RecoveryClient) -> RequestDone:
            await client.answer_request(request.vault, request.peer, role)
            return RequestDone(said)

        self.ask("answer a request", answer)


def request_key(request: RequestInfo) -> str:
    """Names a request while it waits."""
    return f"request {request.vault} {request.peer}"


def asking_lines(request: RequestInfo) -> Content:
    """The same for the list of devices, in two lines as they are."""
    hint = Content.assemble((f"            {request.address} · Enter: let it in, or turn it away", Tone.DIM))
    return Content("\n").join([_first(request), hint])


def _first(request: RequestInfo) -> Content:
    return Content.assemble(
        ("? asks      ", f"bold {Tone.BUSY}"),
        (request.name, "bold"),
        "  ",
        (request.peer[:10], Tone.DIM),
        f"  asks to join {request.vault_name}",
    )


def _lines(request: RequestInfo, now_ms: int) -> Content:
    about = [request.hostname, request.address, words.ago(request.asked, now_ms)]
    more = Content.styled(f"            {' · '.join(part for part in about if part)}", Tone.DIM)
    return Content("\n").join([_first(request), more])
