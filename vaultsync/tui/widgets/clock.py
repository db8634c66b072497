"""Times as people read them, in this computer's time zone."""

from __future__ import annotations

from datetime import datetime


def clock_time(at_ms: int | None) -> str:
    """`14:03:07`; as wide if there is no time."""
    if at_ms is None:
        return " " * 8
    return _local(at_ms).strftime("%H:%M:%S")


def date_time(at_ms: int) -> str:
    """`2026-11-20 14:03`."""
    return _local(at_ms).strftime("%Y-%m-%d %H:%M")


def version_time(at_ms: int, now_ms: int) -> str:
    """`11-20 14:03:07` in this year, `2025-11-20 14:03` otherwise: to the second where versions come thick."""
    then = _local(at_ms)
    return then.strftime("%m-%d %H:%M:%S") if then.year == _local(now_ms).year else date_time(at_ms)


def countdown(left_ms: int) -> str:
    """`9:41`; `0:00` when it is over."""
    seconds = max(0, left_ms) // 1000
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000).astimezone()
