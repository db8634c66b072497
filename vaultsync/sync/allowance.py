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
