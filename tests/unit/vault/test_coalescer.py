"""When to look: at once, but not at every keystroke."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.vault.coalescer import AT_MOST_MS, LEADING_MS, QUIET_MS, Coalescer


def test_nothing_is_due_when_nothing_happened() -> None:
    assert Coalescer().next_due_ms() is None
    assert Coalescer().due(10**9) == set()


def test_a_quiet_path_is_looked_at_at_once() -> None:
    coalescer = Coalescer()
    coalescer.add(["a"], 1_000)
    assert coalescer.next_due_ms() == 1_015
    assert coalescer.due(1_014) == set()
    assert coalescer.due(1_015) == {"a"}
    assert coalescer.due(5_000) == set()
    assert coalescer.next_due_ms() is None


def test_events_before_the_look_are_in_it() -> None:
    coalescer = Coalescer()
    for now_ms in (1_000, 1_005, 1_014):
        coalescer.add(["a"], now_ms)
    assert coalescer.due(1_015) == {"a"}
    assert coalescer.next_due_ms() is None


def test_events_right_after_the_look_wait_for_quiet() -> None:
    coalescer = Coalescer()
    coalescer.add(["a"], 0)
    assert coalescer.due(15) == {"a"}
    coalescer.add(["a"], 20)
    coalescer.add(["a"], 60)
    assert coalescer.due(159) == set()
    assert coalescer.due(160) == {"a"}


def test_a_path_that_is_never_quiet_is_looked_at_every_half_second() -> None:
    coalescer = Coalescer()
    looks = []
    for now_ms in range(0, 3_000, 5):
        coalescer.add(["a"], now_ms)
        if coalescer.due(now_ms):
            looks.append(now_ms)
    assert looks[0] == 15
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert gaps
    assert all(gap == 505 for gap in gaps)


def test_after_a_pause_a_path_is_quiet_again() -> None:
    coalescer = Coalescer()
    coalescer.add(["a"], 0)
    coalescer.due(15)
    coalescer.add(["a"], 115)
    assert coalescer.due(130) == {"a"}


def test_paths_do_not_wait_for_each_other() -> None:
    coalescer = Coalescer()
    coalescer.add(["a"], 0)
    coalescer.due(15)
    coalescer.add(["a", "b"], 20)
    assert coalescer.due(35) == {"b"}


def test_both_ends_of_a_move_are_looked_at_together() -> None:
    coalescer = Coalescer()
    coalescer.add(["warm", "b"], 0)
    coalescer.due(15)
    coalescer.add(["warm", "a"], 30)
    coalescer.add(["a", "b"], 40, [("a", "b")])
    coalescer.add(["b", "c", "elsewhere"], 41, [("b", "c")])
    assert coalescer.due(45) == {"a", "b", "c"}, "not the warm one, nor what came later"
    assert coalescer.due(56) == {"elsewhere"}
    assert coalescer.due(130) == {"warm"}
    coalescer.add(["a", "b"], 1_000, [("a", "b")])
    assert coalescer.due(1_015) == {"a", "b"}
    coalescer.add(["b"], 1_100, [("a", "b")])
    assert coalescer.due(1_200) == {"b"}, "the other end has been looked at"


def test_too_many_paths_become_the_whole_vault() -> None:
    coalescer = Coalescer(max_paths=3)
    coalescer.add(["a", "b", "c"], 0)
    coalescer.add(["d"], 1)
    coalescer.add(["e"], 2)
    assert coalescer.due(16) == {""}
    assert coalescer.due(10_000) == set()


def test_none_is_the_whole_vault_and_swallows_the_rest() -> None:
    coalescer = Coalescer()
    coalescer.add(["a"], 0)
    coalescer.add(None, 5)
    coalescer.add(None, 6)
    coalescer.add(["", "x"], 7)
    assert coalescer.due(20) == {""}
    assert coalescer.next_due_ms() is None


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("abcdef")), min_size=1, max_size=60))
def test_every_event_is_looked_at_in_time(events: list[tuple[int, str]]) -> None:
    coalescer = Coalescer(max_paths=4)
    open_since: dict[str, float] = {}
    now_ms: float = 0
    for gap_ms, path in events:
        until = now_ms + gap_ms
        while (due_ms := coalescer.next_due_ms()) is not None and due_ms <= until:
            now_ms = max(now_ms, due_ms)
            ready = coalescer.due(now_ms)
            assert ready, "what is announced as due is due"
            for done in [p for p in open_since if p in ready or "" in ready]:
                # A hint that was swallowed by the whole vault may inherit the wait of that.
                assert now_ms - open_since.pop(done) <= AT_MOST_MS + LEADING_MS
        now_ms = until
        coalescer.add([path], now_ms)
        open_since.setdefault(path, now_ms)
    ready = coalescer.due(now_ms + AT_MOST_MS + QUIET_MS)
    assert "" in ready or open_since.keys() <= ready
