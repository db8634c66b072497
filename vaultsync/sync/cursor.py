"""How far a peer's updates have been applied, when some of them must wait for their contents."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Batch:
    through: int
    waiting: set[str] = field(default_factory=set)


class CursorTracker:
    """The longest prefix of a peer's sequence that is settled.

    Change sets arrive in order and settle in any order; the cursor moves past one when nothing in it, and nothing
    before it, still waits. A path that comes again replaces its older offer, which then waits no more.
    """

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        """The sequence up to which everything is settled."""
        self.through = cursor
        """The sequence up to which everything has arrived."""
        self._batches: deque[_Batch] = deque()
        self._batch_of: dict[str, _Batch] = {}

    def arrived(self, paths: Iterable[str], through: int) -> None:
        """A change set came: all of `paths` wait."""
        batch = _Batch(through)
        self.through = through
        self._batches.append(batch)
        for path in paths:
            if (older := self._batch_of.get(path)) is not None:
                older.waiting.discard(path)
            batch.waiting.add(path)
            self._batch_of[path] = batch

    def settled(self, path: str) -> None:
        """What the peer last said of `path` is durably dealt with."""
        if (batch := self._batch_of.pop(path, None)) is not None:
            batch.waiting.discard(path)

    def advance(self) -> int:
        """Move the cursor as far as it goes, and return it."""
        while self._batches and not self._batches[0].waiting:
            self.cursor = self._batches.popleft().through
        return self.cursor

    def is_waiting(self, path: str) -> bool:
        return path in self._batch_of

    @property
    def waiting(self) -> int:
        """How many paths wait."""
        return len(self._batch_of)
