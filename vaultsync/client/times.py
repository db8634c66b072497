"""Times as people write and read them: `2h ago`, `yesterday 14:00`, ISO 8601. Local time. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

EXAMPLES: Final = '"2h ago", "yesterday 14:00" or "2026-11-20 09:30"'

_UNITS: Final = {
    "s": "seconds", "sec": "seconds", "second": "seconds", "seconds": "seconds",
    "m": "minutes", "min": "minutes", "minute": "minutes", "minutes": "minutes",
    "h": "hours", "hr": "hours", "hour": "hours", "hours": "hours",
    "d": "days", "day": "days", "days": "days",
    "w": "weeks", "week": "weeks", "weeks": "weeks",
}  # fmt: skip
_AGO: Final = re.compile(r"(\d{1,6})\s*([a-z]+)(?:\s+ago)?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")


def parse_time(text: str, now: datetime) -> int:
    """The Unix time in ms that `text` names; `now` has a time zone, in which it is understood.

    What names a day, a minute or a second means its end: `2026-11-20` is what stood when that day was over. Nothing
    is later than `now`. `ValueError` tells in words what can be typed.
    """
    words = " ".join(text.strip().lower().split())
    try:
        found = min(_ago(words, now) or _day(words, now) or _iso(text.strip(), now), now)
    except (ValueError, OverflowError):
        raise ValueError(f"Type a time such as {EXAMPLES}.") from None
    return int(found.timestamp() * 1000)


def local(time_ms: int) -> datetime:
    """A Unix time in ms as this computer's clock shows it."""
    return datetime.fromtimestamp(time_ms / 1000).astimezone()


def moment(time_ms: int) -> str:
    """`2026-11-20 14:03:22` in local time: a form that `parse_time` reads back."""
    return local(time_ms).strftime("%Y-%m-%d %H:%M:%S")


def _ago(words: str, now: datetime) -> datetime | None:
    if words == "now":
        return now
    found = _AGO.fullmatch(words)
    if found is None or found[2] not in _UNITS:
        return None
    return now - timedelta(**{_UNITS[found[2]]: int(found[1])})


def _day(words: str, now: datetime) -> datetime | None:
    """`yesterday`, `today`, `14:00` and their combinations."""
    head, _, rest = words.partition(" ")
    days = {"today": 0, "yesterday": 1}.get(head)
    clock = _CLOCK.fullmatch(rest.removeprefix("at ") if days is not None else words)
    if days is None and clock is None:
        return None
    if days is not None and rest and clock is None:
        raise ValueError(words)
    day = now - timedelta(days=days or 0)
    if clock is None:
        return _end(day.replace(hour=0, minute=0, second=0, microsecond=0), timedelta(days=1))
    second = int(clock[3] or 0)
    at = day.replace(hour=int(clock[1]), minute=int(clock[2]), second=second, microsecond=0)
    if days is None and at > now:
        at -= timedelta(days=1)
    return _end(at, timedelta(seconds=1) if clock[3] else timedelta(minutes=1))


def _iso(text: str, now: datetime) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=now.tzinfo)
    if re.fullmatch(r"[\d-]+", text):
        return _end(at, timedelta(days=1))
    if "." in text:
        return at
    return _end(at, timedelta(seconds=1) if text.count(":") >= 2 else timedelta(minutes=1))


def _end(start: datetime, length: timedelta) -> datetime:
    return start + length - timedelta(milliseconds=1)
