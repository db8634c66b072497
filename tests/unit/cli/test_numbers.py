"""What is said about numbers that are none, or too large."""

from __future__ import annotations

import pytest
import typer

from vaultsync.cli.numbers import number, whole


def test_numbers_are_read() -> None:
    assert whole(1, 10)("10") == 10
    assert whole(0)("7") == 7
    assert number(0.1, 43_200)("0.5") == 0.5


@pytest.mark.parametrize("text", ["0", "11", "ten", "1.5", ""])
def test_what_is_no_such_number_is_told_in_plain_words(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=f"“{text}” is not a whole number from 1 to 10"):
        whole(1, 10)(text)


@pytest.mark.parametrize("text", ["nan", "-1", "inf", "soon"])
def test_neither_is_a_number_without_end(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not a number from 0\.1 to 5"):
        number(0.1, 5)(text)


def test_an_id_has_no_upper_end() -> None:
    with pytest.raises(typer.BadParameter, match="“x” is not a whole number of at least 0"):
        whole(0)("x")
