"""From a history that fails to a short one that fails alike."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulation.patience import Hang


def shrink(steps: int, fails: Callable[[set[int]], bool]) -> set[int]:
    """The numbers of steps, of 1 to `steps`, without which it still `fails`. Greedy, in ever smaller pieces (after
    Zeller's delta debugging)."""
    without: set[int] = set()
    size = steps // 2
    while size:
        for start in range(1, steps + 1, size):
            piece = set(range(start, min(start + size, steps + 1))) - without
            if piece and fails(without | piece):
                without |= piece
        size //= 2
    return without


def fails_alike(play: Callable[[set[int]], object], error: BaseException) -> Callable[[set[int]], bool]:
    """Whether `play`, without some of its steps, fails as `error` says."""
    wanted = _kind(error)

    def fails(without: set[int]) -> bool:
        try:
            play(without)
        except (Exception, Hang) as other:  # noqa: BLE001 (whatever breaks, breaks a promise)
            return _kind(other) == wanted
        return False

    return fails


def _kind(error: BaseException) -> str:
    """What failed, without which: the error's type and the first word of its message."""
    return f"{type(error).__name__} {str(error).partition(':')[0].split(' ')[0]}"
