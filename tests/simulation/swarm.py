"""Which kinds of faults one history has at all: few kinds, often, find what all of them, always, hide (Groce et al.,
“Swarm Testing”, 2012)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random


class Swarm:
    """How much more often than usual each kind happens; 0 for never."""

    def __init__(self, random: Random, kinds: Sequence[str]) -> None:
        """Every third history has all kinds, as often as usual."""
        self._factors = dict.fromkeys(kinds, 1.0)
        if random.random() < 0.67:
            chosen = random.sample(kinds, random.choice((1, 1, 2, 2, 3, 5)))
            self._factors = {kind: random.choice((1.0, 3.0, 8.0)) if kind in chosen else 0.0 for kind in kinds}

    def __getitem__(self, kind: str) -> float:
        """1 for what is no fault."""
        return self._factors.get(kind, 1.0)
