"""Values as people type them. Pure."""

from __future__ import annotations

import re
from typing import Final

_ON: Final = frozenset({"on", "yes", "true"})
_OFF: Final = frozenset({"off", "no", "false"})
_UNITS: Final = {"": 1, "b": 1, "byte": 1, "bytes": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE: Final = re.compile(r"((?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.\d{1,3})?)\s*(bytes?|[kmgt]?b?)", re.ASCII)


def switch(text: str) -> bool:
    """`on` or `off`. `ValueError` tells in words what can be typed."""
    word = text.strip().lower()
    if word not in _ON | _OFF:
        raise ValueError("Say `on` or `off`.")
    return word in _ON


def whole_number(text: str, most: int | None = None) -> int:
    """`ValueError` tells in words what can be typed: nothing greater than `most`."""
    if not re.fullmatch(r"\d{1,18}", text.strip(), re.ASCII) or (most is not None and int(text) > most):
        raise ValueError("It is a whole number." if most is None else f"It is a whole number from 0 to {most:,}.")
    return int(text)


def byte_count(text: str) -> int:
    """`500 MB`, `2 GB`, `1,000 bytes`, in decimal units. `ValueError` tells in words what can be typed."""
    found = _SIZE.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("It is a size, such as 500 MB or 2 GB.")
    unit = found[2] if found[2] in _UNITS else f"{found[2]}b"
    return round(float(found[1].replace(",", "")) * _UNITS[unit])
