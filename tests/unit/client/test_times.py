"""Times as people write them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from vaultsync.client.times import moment, parse_time

ZONE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 20, 14, 30, 15, 250_000, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-11-20T14:30:15.250"),
        ("90s ago", "2026-11-20T14:28:45.250"),
        ("2h ago", "2026-11-20T12:30:15.250"),
        ("2 hours ago", "2026-11-20T12:30:15.250"),
        ("  3   Days  ago ", "2026-11-17T14:30:15.250"),
        ("1w", "2026-11-13T14:30:15.250"),
        ("15 min", "2026-11-20T14:15:15.250"),
        ("yesterday", "2026-11-19T23:59:59.999"),
        ("yesterday 14:00", "2026-11-19T14:00:59.999"),
        ("yesterday at 9:05:07", "2026-11-19T09:05:07.999"),
        ("today 09:30", "2026-11-20T09:30:59.999"),
        ("14:00", "2026-11-20T14:00:59.999"),
        ("16:00", "2026-11-19T16:00:59.999"),
        ("2026-11-18", "2026-11-18T23:59:59.999"),
        ("2026-11-18 09:30", "2026-11-18T09:30:59.999"),
        ("2026-11-18T09:30:15", "2026-11-18T09:30:15.999"),
        ("2026-11-18T09:30:15.250", "2026-11-18T09:30:15.250"),
        ("2026-11-18T07:30:00+00:00", "2026-11-18T09:30:00.999"),
        ("2026-11-18T07:30Z", "2026-11-18T09:30:59.999"),
        ("today", "2026-11-20T14:30:15.250"),
        ("2030-01-01", "2026-11-20T14:30:15.250"),
    ],
)
def test_what_a_time_means(text: str, expected: str) -> None:
    wanted = datetime.fromisoformat(expected).replace(tzinfo=ZONE)
    assert parse_time(text, NOW) == round(wanted.timestamp() * 1000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2 fortnights ago",
        "25:00",
        "yesterday 25:00",
        "yesterday morning",
        "2026-13-01",
        "tomorrow",
        "999999w",
        "12:75",
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="2h ago"):
        parse_time(text, NOW)


def test_a_time_that_is_shown_can_be_given_back() -> None:
    at_ms = 1_795_000_000_123
    now = datetime.fromtimestamp(at_ms / 1000 + 5).astimezone()
    assert at_ms <= parse_time(moment(at_ms), now) < at_ms + 1000
