"""Values as people type them. Pure."""

from __future__ import annotations

import re
from typing import Final

_ON: Final = frozenset({"on", "yes", "true"})
_OFF: Final = frozenset({"off", "no", "false"})
_UNITS: Final = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def switch(text: str) -> bool:
    """`on` or `off`. `ValueError` tells in words what can be typed."""
    word = text.strip().lower()
    if word not in _ON | _OFF:
        raise ValueError("Say `on` or `off`.")
    return word in _ON


def whole_number(text: str) -> int:
    """`ValueError` tells in words what can be typed."""
    if not re.fullmatch(r"\d{1,18}", text.strip(), re.ASCII):
        raise ValueError("It is a whole number.")
    return int(text)


def byte_count(text: str) -> int:
    """`500 MB`, `2 GB`, in decimal units. `ValueError` tells in words what can be typed."""
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?b?)", text.strip().lower(), re.ASCII)
    if found is None:
        raise ValueError("It is a size, such as 500 MB or 2 GB.")
    unit = found[2] if found[2] in _UNITS else f"{found[2]}b"
    return round(float(found[1]) * _UNITS[unit])
