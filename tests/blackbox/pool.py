"""Histories in processes of their own, several at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from tests.blackbox.history import Outcome, play
from tests.blackbox.starting import Start, Warm, end_with_parent

COLD_EVERY = 8
"""One history in so many starts its daemons as a person does; the others by the quick way."""

_warm: list[Start] = []


def play_all(
    base: Path, seeds: Sequence[int], jobs: int, spells: int, build: Path, only: Collection[str]
) -> Iterator[Outcome]:
    pool = ProcessPoolExecutor(jobs, get_context("spawn"), _load, (build,))
    try:
        for future in as_completed([pool.submit(_play, base, seed, spells, build, only) for seed in seeds]):
            yield future.result()
    finally:
        # Not waiting: who interrupts a long pass wants to know what there is, now.
        pool.shutdown(wait=False, cancel_futures=True)


def _load(build: Path) -> None:
    end_with_parent()
    _warm.append(Warm(build))


def _play(base: Path, seed: int, spells: int, build: Path, only: Collection[str]) -> Outcome:
    return play(base, seed, spells, build, only, None if seed % COLD_EVERY == 0 else _warm[0])
