"""When to look at dirty paths: at once, but not at every keystroke. Time is an argument, in ms."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

LEADING_MS: Final = 15
"""A quiet path is looked at so long after its first event."""
QUIET_MS: Final = 100
"""A path that was just looked at is looked at again when it has been quiet for so long,"""
AT_MOST_MS: Final = 500
"""or after so long, if it never is quiet."""
MAX_PATHS: Final = 10_000
"""With more paths waiting, listing the whole vault is cheaper."""
WHOLE_VAULT: Final = ""


@dataclass(slots=True)
class _Waiting:
    first_ms: float
    """When the first event came that nobody has looked at."""
    last_ms: float
    leading: bool

    @property
    def due_ms(self) -> float:
        if self.leading:
            return self.first_ms + LEADING_MS
        return min(self.last_ms + QUIET_MS, self.first_ms + AT_MOST_MS)


class Coalescer:
    """Collects dirty paths and says which are due. `""` stands for the whole vault and swallows the rest."""

    def __init__(self, max_paths: int = MAX_PATHS) -> None:
        self._max_paths = max_paths
        self._waiting: dict[str, _Waiting] = {}
        self._warm_until_ms: dict[str, float] = {}
        self._moves: dict[str, set[str]] = {}
        """Of waiting paths, those that a move has made one business with them."""
        self._next_ms: float | None = math.inf
        """When the first of them is due; None if that must be looked up. Not looked up at every event of a storm."""

    def add(self, paths: Collection[str] | None, now_ms: float, moves: Collection[tuple[str, str]] = ()) -> None:
        """Something happened at `paths`; None is the whole vault.

        `moves` are pairs of paths, from and to. Both are looked at when either is due: one alone passes for a file
        that was deleted, and one that is new.
        """
        if paths is None or WHOLE_VAULT in paths:
            self._add_whole(now_ms)
            return
        if WHOLE_VAULT in self._waiting:
            self._add_one(WHOLE_VAULT, now_ms)
            return
        for path in paths:
            self._add_one(path, now_ms)
        for origin, target in moves:
            if origin in self._waiting and target in self._waiting:
                self._moves.setdefault(origin, set()).add(target)
                self._moves.setdefault(target, set()).add(origin)
        if len(self._waiting) > self._max_paths:
            self._add_whole(now_ms)

    def due(self, now_ms: float) -> set[str]:
        """The paths to look at now; they are forgotten here."""
        next_ms = self.next_due_ms()
        if next_ms is None or now_ms < next_ms:
            return set()
        ready = self._with_moves([path for path, waiting in self._waiting.items() if waiting.due_ms <= now_ms])
        self._warm_until_ms = {path: until for path, until in self._warm_until_ms.items() if until > now_ms}
        for path in ready:
            del self._waiting[path]
            self._warm_until_ms[path] = now_ms + QUIET_MS
        self._next_ms = None
        return ready

    def next_due_ms(self) -> float | None:
        """When `due` will have something, if nothing else happens; None if never."""
        if self._next_ms is None:
            self._next_ms = min((waiting.due_ms for waiting in self._waiting.values()), default=math.inf)
        return None if self._next_ms == math.inf else self._next_ms

    def _with_moves(self, paths: list[str]) -> set[str]:
        """`paths`, and what waits and was moved from or to them."""
        found: set[str] = set()
        while paths:
            path = paths.pop()
            if path in self._waiting and path not in found:
                found.add(path)
                paths += self._moves.pop(path, ())
        return found

    def _add_whole(self, now_ms: float) -> None:
        whole = self._waiting.get(WHOLE_VAULT)
        self._waiting.clear()
        self._moves.clear()
        self._next_ms = None
        if whole is not None:
            self._waiting[WHOLE_VAULT] = whole
        self._add_one(WHOLE_VAULT, now_ms)

    def _add_one(self, path: str, now_ms: float) -> None:
        waiting = self._waiting.get(path)
        if waiting is not None:
            waiting.last_ms = max(waiting.last_ms, now_ms)
            if not waiting.leading:
                self._next_ms = None
            return
        warm = self._warm_until_ms.get(path, 0) > now_ms
        waiting = self._waiting[path] = _Waiting(now_ms, now_ms, leading=not warm)
        if self._next_ms is not None:
            self._next_ms = min(self._next_ms, waiting.due_ms)
