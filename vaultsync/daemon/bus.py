"""Events, numbered, from wherever they arise to whoever listens."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Final

from vaultsync.daemon.events import Event

KEPT: Final = 2_000
"""Events that a listener who comes late, or was away, can still be given."""


class EventBus:
    """A bounded log of events. Slow listeners miss old events; nobody is ever held up."""

    def __init__(self, first: int = 1) -> None:
        """`first` is the number of the first event. A node takes the time of its start in ms, so that the numbers of
        one run are never those of another."""
        self._kept: deque[tuple[int, Event]] = deque(maxlen=KEPT)
        self._times: deque[int] = deque(maxlen=KEPT)
        self._arrived = asyncio.Event()
        self.newest = first - 1
        """The number of the newest event."""

    def emit(self, event: Event) -> None:
        """Call in the event loop."""
        self.newest += 1
        self._kept.append((self.newest, event))
        self._times.append(time.time_ns() // 1_000_000)
        self._arrived.set()

    def time_of(self, number: int) -> int | None:
        """When the event with that number was emitted, in Unix ms; None if it is not kept any more."""
        place = number - self.newest - 1 + len(self._times)
        return self._times[place] if 0 <= place < len(self._times) else None

    @property
    def oldest(self) -> int:
        """The number of the oldest event that is remembered, or of the next one if none is."""
        return self.newest + 1 - len(self._kept)

    def kept(self) -> Iterator[tuple[int, Event]]:
        """The events that are remembered, with their numbers, the oldest first."""
        return iter(list(self._kept))

    async def listen(self, after: int | None = None) -> AsyncIterator[tuple[int, Event]]:
        """Events with their numbers, from the one after `after` (None: from now on), without end."""
        position = self.newest if after is None else after
        while True:
            # What is not kept any more, or was before the first event, is never waited for.
            position = max(position, self.oldest - 1)
            missed = min(len(self._kept), max(0, self.newest - position))
            for number, event in list(islice(self._kept, len(self._kept) - missed, None)):
                position = number
                yield number, event
            if position >= self.newest:
                self._arrived.clear()
                await self._arrived.wait()
