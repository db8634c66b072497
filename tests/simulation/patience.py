"""An end to histories that never come to theirs."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LIMIT_S: Final = 120
"""Of processor time: what a history takes is a second."""


class Hang(BaseException):
    """The product went round and round. Nothing in it may catch this."""


@contextmanager
def limited() -> Iterator[None]:
    """Raise `Hang` in what takes for ever inside. In the main thread, where the system has such a timer."""
    if not hasattr(signal, "SIGVTALRM"):
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _raise)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise Hang(f"hangs: still not over after {LIMIT_S} s of work")
