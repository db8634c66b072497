"""How much is allowed in a while."""

from __future__ import annotations

from vaultsync.sync.allowance import Allowance


def test_a_burst_and_then_what_time_brings() -> None:
    allowance = Allowance(burst=3, per_s=0.5)
    assert [allowance.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert not allowance.take(101.0)
    assert allowance.take(102.0)
    assert not allowance.take(103.0)
    assert allowance.take(104.0)


def test_what_is_saved_up_has_an_end() -> None:
    allowance = Allowance(burst=2, per_s=1)
    assert allowance.take(0.0)
    assert [allowance.take(1_000.0) for _ in range(3)] == [True, True, False]


def test_amounts() -> None:
    allowance = Allowance(burst=10, per_s=1)
    assert not allowance.take(5.0, 10.5)
    assert allowance.take(5.0, 10)
    assert not allowance.take(9.0, 5)
    assert allowance.take(9.0, 4)
    assert not allowance.take(9.0, 0.5)
