"""A token bucket that may be overdrawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.sync.allowance import Budget


def test_what_is_overdrawn_is_waited_for() -> None:
    budget = Budget(per_s=100, burst=50)
    assert budget.wait_s(0.0) == 0
    budget.spend(250)
    assert budget.wait_s(0.0) > 2
    assert budget.wait_s(1.0) > 1
    assert budget.wait_s(2.5) == 0


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=50), st.integers(1, 10**6), st.integers(1, 10**6))
def test_no_more_passes_than_the_rate_allows(sizes: list[int], per_s: int, burst: int) -> None:
    budget, now_s, passed = Budget(per_s, burst), 0.0, 0
    for size in sizes:
        while (wait_s := budget.wait_s(now_s)) > 0:
            now_s += wait_s
        assert passed <= burst + now_s * per_s + 1
        budget.spend(size)
        passed += size


def test_the_wait_is_until_one_more_than_nothing_is_left() -> None:
    budget = Budget(per_s=4, burst=8)
    assert budget.wait_s(0.0) == 0
    budget.spend(10)
    assert budget.wait_s(0.0) == 1.0
    assert budget.wait_s(0.75) == 0.0
