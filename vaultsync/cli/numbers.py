"""Numbers that a person types, and what is said about those that are none."""

from __future__ import annotations

from collections.abc import Callable

import typer


def whole(least: int, most: int | None = None) -> Callable[[str | int], int]:
    """A reader of whole numbers. It raises `BadParameter`."""

    def read(text: str | int) -> int:
        return round(_within(int, str(text), "a whole number", least, most))

    return read


def number(least: float, most: float) -> Callable[[str | float], float]:
    """A reader of numbers. It raises `BadParameter`."""

    def read(text: str | float) -> float:
        return _within(float, str(text), "a number", least, most)

    return read


def _within(kind: Callable[[str], float], text: str, what: str, least: float, most: float | None) -> float:
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not (least <= value and (most is None or value <= most)):
        wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise typer.BadParameter(f"“{text}” is not {what} {wanted}.")
    return value
