"""The order of what is merged by key, and what counts as equal."""

from __future__ import annotations

import pytest

from vaultsync.merge.values import Number, canonical, merge_order


@pytest.mark.parametrize(
    ("base", "a", "b", "merged"),
    [
        ("abc", "abc", "cab", "cab"),
        ("abc", "cab", "abc", "cab"),
        ("abc", "bca", "cab", "bca"),
        ("abc", "abxc", "abyzc", "abxyzc"),
        ("abc", "axyzbc", "awbc", "axyzwbc"),
        ("abc", "xabc", "yabc", "yxabc"),
        ("abc", "ac", "abxc", "axc"),
        ("abc", "cabx", "ayb", "caybx"),
    ],
)
def test_keys_keep_the_order_of_the_side_that_changed_it(base: str, a: str, b: str, merged: str) -> None:
    assert "".join(merge_order(base, a, b, merged)) == merged


def test_what_is_kept_and_stands_on_no_side_comes_last() -> None:
    assert merge_order("abc", "a", "b", "abc") == ["b", "a", "c"]


def test_equal_values_have_one_text() -> None:
    assert canonical({"a": Number("1"), "b": []}) == canonical({"b": [], "a": Number("1")})
    assert canonical(Number("1")) != canonical("1")
