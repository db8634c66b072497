"""What a merge comes to: one content that holds both sides, or a clash that a person has to settle."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merged:
    """Both sides in one content."""

    content: bytes
    notes: tuple[str, ...] = ()
    """What was decided where the sides disagreed, in words for a person; empty if they did not."""


@dataclass(frozen=True, slots=True)
class Clash:
    """The sides can't become one content; the caller keeps both, one of them as a conflict copy."""

    reason: str
    """Why, as a sentence for a person."""


class CannotMergeError(Exception):
    """Raised inside this package to give up on a merge; becomes a `Clash` at its edge."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
