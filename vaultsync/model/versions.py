"""Version vectors: which of two states of a path came first, if either did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Final, Self


class Order(Enum):
    """How one version stands to another."""

    EQUAL = "equal"
    BEFORE = "before"
    AFTER = "after"
    CONCURRENT = "concurrent"


MAX_DEVICES: Final = 256
"""The most devices one version may name."""

MAX_COUNTER: Final = 2**53
"""Counters are milliseconds of Unix time or a little more; 2^53 ms is the year 287,396."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version vector: `(device, counter)` pairs, sorted by device (the 32 bytes of its node id).

    A counter is the Unix time in ms, or one more than the highest that the device has given out anywhere in the vault:
    neither an index that was restored nor a clock that was set back makes a device give out a counter twice.
    """

    counters: tuple[tuple[bytes, int], ...] = ()

    @classmethod
    def of(cls, counters: Mapping[bytes, int]) -> Self:
        return cls(tuple(sorted(counters.items())))

    def bump(self, device: bytes, counter: int) -> Version:
        """The version of an edit that `device` makes on top of this one; it counts `counter`, or higher.

        A version that a malicious member has filled up leaves an edit no number of its own, or no place. What comes
        out then is still one that every device takes: another device's counter, or all of them, at their end. Two such
        edits may be told apart by their contents alone, and the one that loses is in history.
        """
        counters = dict(self.counters)
        if len(counters) >= MAX_DEVICES and device not in counters:
            device = min(counters, key=lambda node: (counters[node], node))
        counters[device] = min(max(counters.get(device, 0) + 1, counter), MAX_COUNTER)
        return Version.of(counters)

    def fits_with(self, other: Version) -> bool:
        """Whether the join of both names no more devices than a version may."""
        if len(self.counters) + len(other.counters) <= MAX_DEVICES:
            return True
        return len({device for device, _ in (*self.counters, *other.counters)}) <= MAX_DEVICES

    def join(self, other: Version) -> Version:
        """The smallest version that includes both."""
        if self.counters == other.counters:
            return self
        counters = dict(self.counters)
        for device, counter in other.counters:
            if counters.get(device, 0) < counter:
                counters[device] = counter
        return Version.of(counters)

    def compare(self, other: Version) -> Order:
        """How this version stands to `other`: BEFORE means that `other` includes this one and more."""
        if self.counters == other.counters:
            return Order.EQUAL
        mine, theirs = dict(self.counters), dict(other.counters)
        less = any(counter < theirs.get(device, 0) for device, counter in mine.items()) or any(
            device not in mine for device in theirs
        )
        more = any(counter > theirs.get(device, 0) for device, counter in mine.items())
        if less and more:
            return Order.CONCURRENT
        return Order.BEFORE if less else Order.AFTER

    def includes(self, other: Version) -> bool:
        """Whether this version is equal to `other` or after it."""
        return self.compare(other) in (Order.EQUAL, Order.AFTER)

    def __bool__(self) -> bool:
        return bool(self.counters)


def join_all(versions: Iterable[Version]) -> Version:
    """The smallest version that includes all of them."""
    return reduce(Version.join, versions, Version())
