"""How much of something is allowed in a while. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """A token bucket: up to `burst` at once, and `per_s` more with every second."""

    burst: float
    per_s: float
    _left: float = -1.0
    _at_s: float = 0.0

    def take(self, now_s: float, amount: float = 1.0) -> bool:
        """Whether `amount` is allowed now; if it is, it is used up. `now_s` never goes back."""
        left = self.burst if self._left < 0 else min(self.burst, self._left + (now_s - self._at_s) * self.per_s)
        self._at_s = now_s
        allowed = amount <= left
        self._left = left - amount if allowed else left
        return allowed


class Budget:
    """A token bucket that may be overdrawn: whoever comes when something is left may spend any amount."""

    def __init__(self, per_s: float, burst: float) -> None:
        """`per_s` more with every second, up to `burst`, with which it begins."""
        self._per_s = per_s
        self._burst = burst
        self._left = burst
        self._at_s: float | None = None

    def wait_s(self, now_s: float) -> float:
        """How long until something is left, in seconds; 0 if something is. `now_s` never goes back."""
        if self._at_s is not None:
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
        return 0.0 if self._left >= 1 else (2 - self._left) / self._per_s

    def spend(self, amount: float) -> None:
        self._left -= amount
