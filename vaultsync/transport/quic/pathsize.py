"""How large a path's datagrams may be: found by padded probes from below, and taken back when they vanish (RFC 8899).

A value with verbs: no I/O, time as an argument, in seconds.
"""

from __future__ import annotations

from typing import Final

STEPS: Final = (1_372, 1_452, 8_952)
"""UDP payloads to try: the MTUs of WireGuard (1,420), Ethernet (1,500) and jumbo frames (9,000) less the headers of
IPv6 and UDP (48)."""

TRIES: Final = 3
"""Probes that must be lost before a size counts as too large (RFC 8899 §5.1.2, MAX_PROBES)."""

RAISE_S: Final = 600.0
"""When to try again what did not get through (RFC 8899 §5.1.1, PMTU_RAISE_TIMER)."""

RECOVER_S: Final = 60.0
"""The same after a fall: more often the whole path was away than its MTU has shrunk."""

MAX_DOUBTS: Final = 6
"""Times that large datagrams were found lost, or a timeout ran out, none arriving between, that mean a black hole."""


class PathSize:
    """Of one connection's path. Begins at `base` bytes of UDP payload, which every path takes, and never goes below."""

    def __init__(self, base: int) -> None:
        self.base = base
        self.size = base
        """What the path is known to take."""
        self._probing: int | None = None
        self._tries = 0
        self._again_s = 0.0
        self._doubts = 0

    @property
    def is_probing(self) -> bool:
        """Whether a probe is on its way."""
        return self._probing is not None

    def next_probe(self, now: float) -> int | None:
        """The size to probe now, if any; it counts as sent."""
        if self._probing is not None or now < self._again_s:
            return None
        self._probing = next((step for step in STEPS if step > self.size), None)
        if self._probing is None:
            self._again_s = now + RAISE_S
        return self._probing

    def probe_arrived(self, size: int) -> None:
        if size == self._probing:
            self.size = size
            self._settle()

    def probe_lost(self, size: int, now: float) -> None:
        if size != self._probing:
            return
        self._probing = None
        self._tries += 1
        if self._tries >= TRIES:
            self._settle()
            self._again_s = now + RAISE_S

    def large_arrived(self) -> None:
        """A datagram of more than `base` bytes got through."""
        self._doubts = 0

    def doubt(self, now: float) -> None:
        """Some of more than `base` bytes were lost, or a timeout ran out."""
        if self.size == self.base or self.is_probing:
            return
        self._doubts += 1
        if self._doubts >= MAX_DOUBTS:
            self.restart()
            self._again_s = now + RECOVER_S

    def restart(self) -> None:
        """Nothing is known of the path any more: it is another one."""
        self.size = self.base
        self._again_s = 0.0
        self._settle()

    def _settle(self) -> None:
        self._probing = None
        self._tries = 0
        self._doubts = 0
