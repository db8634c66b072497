"""Times as people type them: `2h ago`, `yesterday 14:00`, `2026-11-20 09:30`. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO: Final = re.compile(r"(\d{1,6})\s*(s|m|h|d|w|sec|second|min|minute|hour|day|week)s?(\s+ago)?", re.IGNORECASE)
_DAY: Final = re.compile(r"(today|yesterday)?\s*(?:(?:at\s+)?(\d{1,2}):(\d{2}))?", re.IGNORECASE)


def parse_time(text: str, now_ms: int) -> int:
    """A time in Unix ms, read in this computer's time zone. `ValueError` tells in words what can be typed.

    An ISO 8601 date or time, `NN minutes ago` (s, m, h, d, w), `today` or `yesterday` with or without a time of day,
    or a time of day alone. A time of day that is still to come is yesterday's.
    """
    asked = text.strip()
    now = datetime.fromtimestamp(now_ms / 1000).astimezone()
    if found := _AGO.fullmatch(asked):
        ago = timedelta(**{_UNITS[found[2][0].lower()]: int(found[1])})
        return _unix_ms(now - ago)
    if asked and (found := _DAY.fullmatch(asked)):
        return _unix_ms(_day(found, now))
    try:
        then = datetime.fromisoformat(asked)
    except ValueError:
        raise ValueError("Type a time such as 2h ago, yesterday 14:00, or 2026-11-20 09:30.") from None
    return _unix_ms(then.astimezone() if then.tzinfo is None else then)


def _day(found: re.Match[str], now: datetime) -> datetime:
    day, hour, minute = (found[1] or "").lower(), int(found[2] or 0), int(found[3] or 0)
    if hour > 23 or minute > 59:
        raise ValueError("A time of day goes from 0:00 to 23:59.")
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if day == "yesterday" or (not day and then > now):
        then -= timedelta(days=1)
    return then


def _unix_ms(then: datetime) -> int:
    return round(then.timestamp() * 1000)
