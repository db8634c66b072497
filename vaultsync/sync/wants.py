"""Which contents are wanted, from whom, and in which order. Pure bookkeeping, no I/O.

Notes come first, newest first, big attachments last (DESIGN §9): a person who opens the second device reads
while the pictures still travel. What is asked of one peer at a time is bounded, so that a slow peer, or one that
vanishes halfway, holds up little.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Final

from vaultsync.model.manifests import CHUNKED_ABOVE

WINDOW_BYTES: Final = 16 << 20
"""The most content, in bytes, that is asked of a fast peer and not yet put in place: a batch that is being written to
disk, the next one, which is unpacked meanwhile, and one that is on its way."""
WINDOW_ITEMS: Final = 4_000
FIRST_BYTES: Final = 4 << 20
"""As much of a peer that has not answered yet: what it was asked for, nobody else is."""
LEAST_BYTES: Final = 1 << 20
"""As much of the slowest: a message."""
AHEAD_MS: Final = 4_000
"""For how long a peer is given work, at its pace."""
CHUNKED_AT_ONCE: Final = 2
"""How many chunked files are fetched from one peer side by side."""
NEWS: Final = 0.3
"""How much the latest answer counts in a peer's pace."""
_SMALL: Final = 64 << 10


@dataclass(slots=True)
class Wanted:
    """One content that some path waits for."""

    hash: bytes
    size: int
    mtime_ns: int
    text: bool
    """Whether it is a note, or something else that people write: those go before pictures of their size."""
    holders: set[bytes] = field(default_factory=set)
    """Peers that offered it and have not said that they lack it."""
    asked: bytes | None = None
    """The peer that has been asked."""

    @property
    def chunked(self) -> bool:
        return self.size > CHUNKED_ABOVE

    @property
    def order(self) -> tuple[int, int, bytes]:
        rank = 2 if self.chunked else 0 if self.text or self.size <= _SMALL else 1
        return (rank, -self.mtime_ns, self.hash)


class WantQueue:
    """The contents that a vault lacks."""

    def __init__(self, *, window_bytes: int = WINDOW_BYTES, window_items: int = WINDOW_ITEMS) -> None:
        self._window_bytes = window_bytes
        self._window_items = window_items
        self._wanted: dict[bytes, Wanted] = {}
        self._queues: dict[bytes, list[tuple[tuple[int, int, bytes], bytes]]] = {}
        self._heard: dict[bytes, tuple[int, int]] = {}
        """When a peer was heard last (ms), and the bytes of then that no time had passed for yet."""
        self._pace: dict[bytes, float] = {}
        self._asked_bytes: dict[bytes, int] = {}
        self._asked_items: dict[bytes, int] = {}
        self._asked_chunked: dict[bytes, int] = {}
        self._total_bytes = 0

    def __len__(self) -> int:
        return len(self._wanted)

    def __contains__(self, content: bytes) -> bool:
        return content in self._wanted

    @property
    def total_bytes(self) -> int:
        """The size of all that is wanted, in bytes."""
        return self._total_bytes

    def add(self, content: bytes, size: int, mtime_ns: int, holder: bytes, *, text: bool = False) -> None:
        """`holder` offers a content that is lacking here."""
        want = self._wanted.get(content)
        if want is None:
            want = self._wanted[content] = Wanted(content, size, mtime_ns, text)
            self._total_bytes += size
        if holder not in want.holders:
            want.holders.add(holder)
            heapq.heappush(self._queues.setdefault(holder, []), (want.order, content))

    def next_for(self, peer: bytes, most: int) -> list[Wanted]:
        """What to ask `peer` for now: up to `most` that fit its window, in order, and that no other was asked for."""
        queue = self._queues.get(peer, [])
        batch: list[Wanted] = []
        window = self._window(peer)
        room = window - self._asked_bytes.get(peer, 0)
        items = min(most, self._window_items - self._asked_items.get(peer, 0))
        if room < window // 4:
            return batch
        while queue and items > 0:
            want = self._wanted.get(queue[0][1])
            if want is None or peer not in want.holders or want.asked is not None:
                heapq.heappop(queue)  # pushed again by `_put_back` if whoever was asked fails
                continue
            if want.chunked and self._asked_chunked.get(peer, 0) >= CHUNKED_AT_ONCE:
                break
            size = self._weight(want)
            if size > room and (batch or self._asked_bytes.get(peer, 0)):
                break
            heapq.heappop(queue)
            want.asked = peer
            room -= size
            items -= 1
            self._asked_bytes[peer] = self._asked_bytes.get(peer, 0) + size
            self._asked_items[peer] = self._asked_items.get(peer, 0) + 1
            self._asked_chunked[peer] = self._asked_chunked.get(peer, 0) + want.chunked
            batch.append(want)
        return batch

    def arrived(self, content: bytes) -> Wanted | None:
        """The content is here (or no longer wanted). Returns what was wanted, if anything was."""
        want = self._wanted.pop(content, None)
        if want is not None:
            self._total_bytes -= want.size
            self._release(want)
        return want

    def missing(self, peer: bytes, content: bytes) -> bool:
        """`peer` says that it lacks it. True if nobody else is known to hold it: then it is no longer wanted."""
        want = self._wanted.get(content)
        if want is None:
            return False
        want.holders.discard(peer)
        if want.asked == peer:
            self._put_back(want)
        if want.holders:
            return False
        self._total_bytes -= self._wanted.pop(content).size
        return True

    def lost(self, peer: bytes) -> list[bytes]:
        """`peer` is gone: what it was asked for goes to others. Returns the contents that nobody else holds."""
        orphans = []
        for want in self._wanted.values():
            want.holders.discard(peer)
            if want.asked == peer:
                self._put_back(want)
            if not want.holders:
                orphans.append(want.hash)
        for content in orphans:
            self._total_bytes -= self._wanted.pop(content).size
        self._queues.pop(peer, None)
        self._heard.pop(peer, None)
        self._pace.pop(peer, None)
        self._asked_bytes.pop(peer, None)
        self._asked_items.pop(peer, None)
        self._asked_chunked.pop(peer, None)
        return orphans

    def heard(self, peer: bytes, size: int, now_ms: int) -> None:
        """`peer` has sent `size` bytes of what it was asked for. Call after what came has been taken off."""
        before_ms, uncounted = self._heard.pop(peer, (None, 0))
        size += uncounted  # several answers may be taken together
        if before_ms is not None and now_ms > before_ms:
            pace = size / (now_ms - before_ms)
            self._pace[peer] = pace if peer not in self._pace else (1 - NEWS) * self._pace[peer] + NEWS * pace
            size = 0
        if self._asked_items.get(peer):
            # A peer that is asked for nothing is not slow, it is idle.
            self._heard[peer] = (now_ms, size if before_ms is not None else 0)

    def fastest_first(self, peers: Iterable[bytes]) -> list[bytes]:
        """`peers` in the order in which to ask them; one that was never heard comes first, to be tried."""
        return sorted(peers, key=lambda peer: -self._pace.get(peer, inf))

    def asked_of(self, content: bytes) -> bytes | None:
        """The peer that has been asked for this content."""
        want = self._wanted.get(content)
        return want.asked if want is not None else None

    def drop(self, contents: Iterable[bytes]) -> None:
        """Nobody waits for these any more."""
        for content in contents:
            self.arrived(content)

    def _window(self, peer: bytes) -> int:
        """How much content may be asked of `peer`: a slow one must not keep what others could give sooner."""
        pace = self._pace.get(peer)
        wished = FIRST_BYTES if pace is None else max(LEAST_BYTES, int(pace * AHEAD_MS))
        return min(wished, self._window_bytes)

    def _weight(self, want: Wanted) -> int:
        """Chunked files have a window of their own (vault's partial files): they must not hold up notes."""
        return 0 if want.chunked else want.size

    def _release(self, want: Wanted) -> None:
        if want.asked is not None and want.asked in self._asked_bytes:
            self._asked_bytes[want.asked] -= self._weight(want)
            self._asked_items[want.asked] -= 1
            self._asked_chunked[want.asked] -= want.chunked
        want.asked = None

    def _put_back(self, want: Wanted) -> None:
        self._release(want)
        for holder in want.holders:
            heapq.heappush(self._queues.setdefault(holder, []), (want.order, want.hash))
