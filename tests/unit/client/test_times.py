"""Times as people type them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from vaultsync.client.times import parse_time

NOW = datetime(2026, 11, 20, 14, 30).astimezone()
NOW_MS = round(NOW.timestamp() * 1000)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2h ago", NOW - timedelta(hours=2)),
        ("90 minutes ago", NOW - timedelta(minutes=90)),
        ("1 day ago", NOW - timedelta(days=1)),
        ("3w", NOW - timedelta(weeks=3)),
        ("today", NOW.replace(hour=0, minute=0)),
        ("yesterday 14:00", NOW.replace(day=19, hour=14, minute=0)),
        ("Yesterday at 9:05", NOW.replace(day=19, hour=9, minute=5)),
        ("09:30", NOW.replace(hour=9, minute=30)),
        ("23:00", NOW.replace(day=19, hour=23, minute=0)),
        ("2026-11-20 09:30", NOW.replace(hour=9, minute=30)),
        ("2026-11-18", NOW.replace(day=18, hour=0, minute=0)),
    ],
)
def test_what_people_type_is_understood(typed: str, expected: datetime) -> None:
    assert parse_time(typed, NOW_MS) == round(expected.timestamp() * 1000)


def test_a_time_with_its_own_zone_is_taken_at_its_word() -> None:
    assert parse_time("2026-11-20T09:30:00+00:00", NOW_MS) == 1_795_167_000_000


@pytest.mark.parametrize("typed", ["", "soon", "25:00", "12:75", "2026-13-01", "2 moons ago"])
def test_what_is_no_time_is_refused_with_words(typed: str) -> None:
    with pytest.raises(ValueError, match=r"time|Type"):
        parse_time(typed, NOW_MS)
