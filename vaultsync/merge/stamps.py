"""Stamps: dates that an editor writes by itself, and that therefore never make a conflict."""

from __future__ import annotations

import re
from typing import Final

from vaultsync.merge.tokens import words_of

_CHANGED: Final = frozenset(
    {
        "modified", "updated", "changed", "edited", "mtime", "mdate", "datemodified", "dateupdated", "modifieddate",
        "updateddate", "lastmodified", "lastmod", "lastupdated", "lastupdate", "lastedited", "lastchanged",
        "modifiedat", "updatedat", "modifiedon", "updatedon", "datechanged", "dateedited", "modificationdate",
        "lastmodifiedat", "lastmodifieddate", "lastviewed", "lastopened", "accessed",
    }
)  # fmt: skip

_MADE: Final = frozenset(
    {"created", "ctime", "cdate", "datecreated", "createdat", "createdon", "createddate", "creationdate"}
)

_DATE = re.compile(
    r"\D{0,3}(?P<date>\d{4}[-/.]?\d{2}[-/.]?\d{2})"
    r"(?P<time>(?:[T ]|, ?| at )\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?|T?\d{4}(?:\d{2})?(?!\d))?"
    r"(?: ?(?:[+-]\d{2}:?\d{2}|Z|UTC)\b)?"
)

_EPOCH = re.compile(r"\s*(\d{10}|\d{13})\s*$")

_LINE = re.compile(r"\s*(?:[-*+>]\s+)?[*_(\[]*(?P<key>[A-Za-z][A-Za-z _-]{2,24}?)[*_]*\s*::?[*_]*\s*(?P<value>.*\d.*)$")


def _plain(key: str) -> str:
    return re.sub(r"[\s_-]+", "", key).casefold()


def is_changed_stamp(key: str) -> bool:
    """Whether a property named `key` says when a note was last changed: of two, the later holds."""
    return _plain(key) in _CHANGED


def is_made_stamp(key: str) -> bool:
    """Whether a property named `key` says when a note was made: of two, the earlier holds."""
    return _plain(key) in _MADE


def is_stamp(key: str) -> bool:
    return is_changed_stamp(key) or is_made_stamp(key)


def moment(value: str) -> tuple[str, str] | None:
    """A stamp's place in time, for comparing; None if `value` is no date in an order that sorts.

    ISO 8601 and its look-alikes compare as digits. Zones are ignored: they decide minutes, not words.
    """
    if match := _EPOCH.match(value):
        return ("epoch", match[1].ljust(13, "0"))
    if match := _DATE.match(value):
        time = re.sub(r"\D", "", re.sub(r"^\D*(\d):", r"0\1:", match["time"] or ""))
        return ("date", re.sub(r"\D", "", match["date"]) + time)
    return None


def beside_date(value: str) -> str:
    """What a stamp says beside its date, time and zone; it would be lost with the stamp that doesn't hold."""
    if _EPOCH.match(value):
        return ""
    match = _DATE.match(value)
    return value if match is None else f"{value[: match.start('date')]} {value[match.end() :]}"


def pick_stamp(key: str, a: str, b: str) -> str | None:
    """Of two values of the stamp `key`, the one that holds; None unless both are dates, and say the same beside."""
    if not is_stamp(key):
        return None
    first, second = moment(a), moment(b)
    if first is None or second is None or first[0] != second[0]:
        return None
    if words_of(beside_date(a)) != words_of(beside_date(b)):
        return None
    latest, earliest = max((first, a), (second, b))[1], min((first, a), (second, b))[1]
    return latest if is_changed_stamp(key) else earliest


def later_stamp_line(a: str, b: str) -> str | None:
    """Of two versions of a line such as `updated:: 2026-11-20`, the one that holds; None if it is no such line."""
    first, second = _LINE.match(a), _LINE.match(b)
    if first is None or second is None or first["key"] != second["key"]:
        return None
    picked = pick_stamp(first["key"], first["value"], second["value"])
    if picked is None:
        return None
    return a if picked == first["value"] else b


def without_stamp(text: str) -> str:
    """A line of a note without the date of its stamp; all of it if it holds none."""
    match = _LINE.match(text)
    if match is None or not is_stamp(match["key"]):
        return text
    return text[: match.start("value")] + beside_date(match["value"])
