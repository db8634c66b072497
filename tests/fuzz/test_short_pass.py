"""A short pass over every decoder: what is known, and a fixed number of changes to it."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from tests.fuzz.mutation import Mutator
from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

CHANGES = 400
CHANGES_IF_SLOW = 80

MEMORY = 2 << 20
"""Bytes that decoding any input of a few kilobytes may take, at its most."""


@pytest.mark.parametrize("name", TARGETS)
def test_only_declared_errors_and_no_value_in_two_forms(name: str) -> None:
    target = TARGETS[name]
    inputs = target.inputs()
    for data in inputs:
        target.attempt(data)
    mutator = Mutator(target, inputs, seed=1)
    for number in range(CHANGES_IF_SLOW if target.slow else CHANGES):
        data = mutator.next()
        try:
            target.attempt(data)
        except BaseException as error:
            error.add_note(f"change {number}: {data!r}")
            raise


@pytest.mark.parametrize("name", TARGETS)
def test_memory_is_bounded_by_the_input(name: str) -> None:
    target = TARGETS[name]
    inputs = target.inputs()
    target.attempt(inputs[0])  # caches and late imports are not the input's doing
    for data in inputs:
        target.attempt(data)
        tracemalloc.start()
        try:
            target.attempt(data)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < MEMORY, f"{peak} bytes for {data[:200]!r}"


def test_every_kept_input_belongs_to_a_target_and_is_small() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.parent.name for path in files} <= set(TARGETS)
    for path in files:
        assert path.stat().st_size <= TARGETS[path.parent.name].max_bytes, path


def test_the_same_seed_makes_the_same_changes() -> None:
    target = TARGETS["message"]
    once, again = (Mutator(target, target.inputs(), seed=5) for _ in range(2))
    assert [once.next() for _ in range(50)] == [again.next() for _ in range(50)]


def test_a_fault_is_found(tmp_path: Path) -> None:
    """A fuzzer that finds nothing in a decoder that is wrong would be worth nothing."""

    def wrong(data: bytes) -> None:
        if data.count(b"\xff") > 2:
            raise IndexError

    target = TARGETS["cbor"]
    mutator = Mutator(target, target.inputs(), seed=1)
    with pytest.raises(IndexError):
        for _ in range(20_000):
            wrong(mutator.next())
