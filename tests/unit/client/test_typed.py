"""Values as people type them."""

from __future__ import annotations

import pytest

from vaultsync.client import typed


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("500", 500),
        ("1 kb", 1000),
        ("2 GB", 2 * 10**9),
        ("1.5mb", 1_500_000),
        ("3T", 3 * 10**12),
        ("7 b", 7),
        ("1,000 bytes", 1000),
        ("1 byte", 1),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert typed.byte_count(text) == size


@pytest.mark.parametrize("text", ["", "-1", "GB", "1 PB", "1e9", "nan", "1,5 GB", "1,0000", "5 kbytes", "much", "٣"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        typed.byte_count(text)


def test_switches_and_numbers() -> None:
    assert [typed.switch(word) for word in ("on", " Yes ", "TRUE", "off", "no", "false")] == [True] * 3 + [False] * 3
    assert typed.whole_number(" 12 ") == 12
    with pytest.raises(ValueError, match="on"):
        typed.switch("maybe")
    for wrong in ("", "-1", "1.5", "²", "1" * 19):
        with pytest.raises(ValueError, match="whole number"):
            typed.whole_number(wrong)
    assert typed.whole_number("65535", 65_535) == 65_535
    with pytest.raises(ValueError, match="from 0 to 65,535"):
        typed.whole_number("65536", 65_535)
