"""Many notes between two real daemons: nothing is lost, what they say is true, memory stays within its bound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.load.notes import appearing, many_notes
from tests.load.pair import Numbers

EMPTY_MB: Final = 85
"""A vault of a few notes, and what was asked of it in between."""
NOTE_MB: Final = 0.001
"""No more for each note."""

pytestmark = [pytest.mark.long, pytest.mark.timeout(7_200)]


def within(most_mb: float) -> Callable[[str, Numbers], None]:
    def check(what: str, numbers: Numbers) -> None:
        for name in ("peak_a_mb", "peak_b_mb"):
            assert numbers.get(name, 0.0) < most_mb, f"{what}: {name} is {numbers[name]:.0f}"

    return check


def test_a_hundred_thousand_notes(tmp_path: Path) -> None:
    many_notes(tmp_path, 100_000, within(EMPTY_MB + 100_000 * NOTE_MB))


def test_twenty_thousand_at_once(tmp_path: Path) -> None:
    # A move holds the records of both ends at once.
    appearing(tmp_path, 20_000, within(EMPTY_MB + 20_000 * 10 * NOTE_MB))
