"""How large datagrams may be, found and taken back (RFC 8899)."""

from __future__ import annotations

import pytest

from vaultsync.transport.quic.pathsize import MAX_DOUBTS, RAISE_S, RECOVER_S, STEPS, TRIES, PathSize

BASE = 1232


def search(path: PathSize, mtu: int, now: float = 0.0) -> list[int]:
    """Probe until nothing more is due, on a path that takes `mtu` bytes; what was probed."""
    probed = []
    while (size := path.next_probe(now)) is not None:
        probed.append(size)
        if size <= mtu:
            path.probe_arrived(size)
        else:
            path.probe_lost(size, now)
    return probed


@pytest.mark.parametrize(
    ("mtu", "found", "probed"),
    [
        pytest.param(65_000, 8_952, list(STEPS), id="jumbo frames"),
        pytest.param(1_452, 1_452, [1_372, 1_452, *[8_952] * TRIES], id="Ethernet"),
        pytest.param(1_400, 1_372, [1_372, *[1_452] * TRIES], id="a tunnel"),
        pytest.param(1_232, 1_232, [1_372] * TRIES, id="no more than IPv6 asks for"),
    ],
)
def test_the_largest_step_that_gets_through_is_used(mtu: int, found: int, probed: list[int]) -> None:
    path = PathSize(BASE)
    assert search(path, mtu) == probed
    assert path.size == found


def test_a_probe_that_is_lost_once_is_not_given_up() -> None:
    path = PathSize(BASE)
    for _ in range(TRIES - 1):
        path.probe_lost(path.next_probe(0.0) or 0, 0.0)
    assert search(path, 65_000) == list(STEPS)


def test_one_probe_at_a_time() -> None:
    path = PathSize(BASE)
    assert path.next_probe(0.0) == STEPS[0]
    assert path.next_probe(0.0) is None
    path.probe_arrived(STEPS[1])  # that is not the one
    assert path.size == BASE


def test_what_did_not_get_through_is_tried_again_later() -> None:
    path = PathSize(BASE)
    search(path, 1_452)
    assert search(path, 65_000, RAISE_S - 1) == []
    assert search(path, 65_000, RAISE_S) == [8_952]


def test_a_path_that_takes_large_datagrams_anyway_is_not_probed() -> None:
    assert search(PathSize(16_376), 65_000) == []


def test_a_black_hole_brings_the_size_down_until_a_minute_later() -> None:
    path = PathSize(BASE)
    search(path, 65_000)
    for _ in range(MAX_DOUBTS):
        path.doubt(1.0)
    assert path.size == BASE
    assert search(path, 65_000, RECOVER_S) == []
    assert search(path, 65_000, 1.0 + RECOVER_S) == list(STEPS)


def test_losses_between_what_arrives_are_no_black_hole() -> None:
    path = PathSize(BASE)
    search(path, 65_000)
    for _ in range(10):
        for _ in range(MAX_DOUBTS - 1):
            path.doubt(1.0)
        path.large_arrived()
    assert path.size == 8_952


def test_the_loss_of_probes_is_no_black_hole() -> None:
    path = PathSize(BASE)
    search(path, 1_452)
    assert path.next_probe(RAISE_S) == 8_952
    for _ in range(MAX_DOUBTS):
        path.doubt(RAISE_S)
    assert path.size == 1_452


def test_another_path_is_searched_anew_and_at_once() -> None:
    path = PathSize(BASE)
    search(path, 1_452)
    path.restart()
    assert path.size == BASE
    assert search(path, 65_000) == list(STEPS)
