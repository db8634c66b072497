"""From a history that fails to a short one that fails alike."""

from __future__ import annotations

from tests.simulation.world import run


def shrink(seed: int, steps: int, error: Exception) -> set[int]:
    """The numbers of steps that the failure does not need. Greedy, in ever smaller pieces (Zeller's ddmin)."""
    wanted = _kind(error)
    without: set[int] = set()
    size = steps // 2
    while size:
        for start in range(1, steps + 1, size):
            piece = set(range(start, start + size)) - without
            if piece and _fails(seed, steps, without | piece, wanted):
                without |= piece
        size //= 2
    return without


def _fails(seed: int, steps: int, without: set[int], wanted: str) -> bool:
    try:
        run(seed, steps, without=without)
    except Exception as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
        return _kind(error) == wanted
    return False


def _kind(error: Exception) -> str:
    """What failed, without which: the error's type and the first word of its message."""
    return f"{type(error).__name__} {str(error).partition(':')[0].split(' ')[0]}"
