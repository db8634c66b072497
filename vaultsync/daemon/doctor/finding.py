"""What was found when something was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    FINE = "fine"
    WARNING = "warning"
    """It works, but not as well as it could, or not for long."""
    PROBLEM = "problem"
    """Something does not work."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    """What was looked at: a short stable word for programs."""
    level: Level
    text: str
    """What was found, in a sentence."""
    mend: str = ""
    """What to do about it; empty if there is nothing to do."""


def fine(check: str, text: str) -> Finding:
    return Finding(check, Level.FINE, text)


def warning(check: str, text: str, mend: str) -> Finding:
    return Finding(check, Level.WARNING, text, mend)


def problem(check: str, text: str, mend: str) -> Finding:
    return Finding(check, Level.PROBLEM, text, mend)
