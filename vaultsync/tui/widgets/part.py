"""A part of a screen that asks the node for things by itself."""

from __future__ import annotations

from textual.containers import Vertical
from textual.worker import Worker

from vaultsync.tui.host import BoardScreen, Request
from vaultsync.tui.messages import RequestFailed


class Part(Vertical):
    """Its requests' messages come back to it; errors that it does not deal with go on to the screen."""

    @property
    def board_screen(self) -> BoardScreen:
        assert isinstance(self.screen, BoardScreen)
        return self.screen

    def ask(self, name: str, request: Request, *, group: str = "") -> Worker[None]:
        """Ask the node in a worker of this part."""

        async def work() -> None:
            message = await self.board_screen.answer_to(request)
            if message is not None:
                self.post_message(message)

        return self.run_worker(work, name=name, group=group or name, exclusive=bool(group), exit_on_error=True)

    def on_request_failed(self, message: RequestFailed) -> None:
        """The screen tells of it."""
