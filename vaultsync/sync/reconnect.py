"""When to dial a peer again, and in which order to try its addresses. Pure: time and randomness are arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

FIRST_DELAY_S: Final = 10.0
"""After a lost connection or a refused dial (DESIGN §5)."""
LONGEST_DELAY_S: Final = 300.0
JITTER: Final = 0.2
"""Repeated delays vary by this share either way, so that devices that lost each other don't stay in step."""
STAGGER_S: Final = 0.3
"""How long one address is tried alone before the next is tried beside it (after RFC 8305 §5)."""


@dataclass(slots=True)
class ReconnectPolicy:
    """How long to wait before the next dial: 10 s, then about 10, 20, 40 … up to 300 s."""

    failures: int = 0
    """Dials in a row that failed."""

    def lost(self) -> float:
        """A connection that stood was lost. Returns the delay in seconds."""
        self.failures = 0
        return FIRST_DELAY_S

    def failed(self, lot: float) -> float:
        """A dial failed; `lot` is a random number in [0, 1). Returns the delay in seconds."""
        self.failures += 1
        if self.failures == 1:
            return FIRST_DELAY_S
        delay = min(FIRST_DELAY_S * 2.0 ** min(self.failures - 2, 10), LONGEST_DELAY_S)
        return min(delay * (1 + JITTER * (2 * lot - 1)), LONGEST_DELAY_S)

    def denied(self) -> float:
        """The peer answered and does not let us in: asking again soon would change nothing. Returns the delay in s."""
        self.failures += 1
        return LONGEST_DELAY_S

    def reset(self) -> None:
        """A success, a change of network, a sighting or a person's click: the next dial is at once."""
        self.failures = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somewhere a peer may be."""

    address: str
    source: str
    """`mdns`, `connection`, `ticket`, `mesh`."""
    last_ok_ms: int | None = None


def dial_order(candidates: Iterable[Candidate]) -> list[str]:
    """Addresses in the order to try: seen on this network, the last that worked, the ticket's, the rest."""
    listed: Sequence[Candidate] = list(candidates)
    newest = max((c.last_ok_ms for c in listed if c.last_ok_ms is not None), default=None)

    def place(candidate: Candidate) -> tuple[int, int]:
        if candidate.source == "mdns":
            rank = 0
        elif newest is not None and candidate.last_ok_ms == newest:
            rank = 1
        else:
            rank = 2 if candidate.source == "ticket" else 3
        return (rank, -(candidate.last_ok_ms or 0))

    return list(dict.fromkeys(c.address for c in sorted(listed, key=place)))


def keeps_existing(
    *,
    own: bytes,
    peer: bytes,
    existing_dialed: bool,
    new_dialed: bool,
    existing_age_s: float,
    existing_joined: bool = False,
    new_joined: bool = False,
) -> bool:
    """Of two connections with one peer: whether the existing one stays.

    When both sides dialed at once, the one dialed by the smaller node id stays, on both sides; but one on which a
    ticket was used (`joined`) stays whoever dialed, as the other does not know what is shared now. A connection that
    has stood for a while is another matter: a peer that dials again has lost it, and the new one stays.
    """
    if new_joined or existing_dialed == new_dialed or existing_age_s > FIRST_DELAY_S / 2:
        return False
    return existing_joined or (own < peer) == existing_dialed
