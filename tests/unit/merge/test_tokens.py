"""Which lines pass for versions of one line, and how much it says that two are equal."""

from __future__ import annotations

import pytest

from vaultsync.merge.tokens import ALIKE, Profile, similarity, weigh_line, weigh_token


def alike(first: str, second: str) -> float:
    one, other = Profile.of(first), Profile.of(second)
    assert similarity(one, other) == similarity(other, one)
    return similarity(one, other)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("call the bank about the loan for the house", "the garden needs water, and so does the lawn", False),
        ("buy milk and bread before the shop closes", "sell the car and the bike before the shop opens", False),
        ("word word word word word other", "plain word", False),
        ("Meet Ann", "Meet Ann at the station on Monday with the tickets and the bags", True),
        ("Meet Ann  ", "Meet Ann at the station on Monday with the tickets and the bags", True),
        ("Meet Bob", "At the station on Monday I meet Bob, who has the tickets and the bags", False),
        ("recieve the parcels", "receive the parcel", True),
        ("* * *", "*  * *", True),
        ("***", "===", False),
    ],
    ids=[
        "a word in common that says little",
        "less than half of the letters in common",
        "a word said often here and once there",
        "one goes on where the other ends",
        "one goes on where the other ends in white space",
        "the other's words in its middle",
        "corrected",
        "a rule spaced otherwise",
        "two rules",
    ],
)
def test_which_lines_pass_for_one(first: str, second: str, same: bool) -> None:
    assert (alike(first, second) >= ALIKE) is same


def test_a_corrected_line_is_more_alike_than_one_that_goes_on() -> None:
    line = "Meet Ann at the station on Monday"
    assert alike(line, line.replace("Monday", "Tuesday")) > alike(
        line, f"{line} with the tickets, the bags and the dog"
    )


def test_the_more_a_line_says_the_more_it_weighs() -> None:
    weights = [weigh_line(text) for text in ("", "---", "buy milk", "buy milk and bread for the week")]
    assert weights == sorted(set(weights))


def test_the_more_a_token_says_the_more_it_weighs() -> None:
    weights = [weigh_token(token) for token in (" ", ",", "a", "tomorrow")]
    assert weights == sorted(set(weights))
