"""What an index knows of each device's counters.

A device gives out its counters in one order over all paths: each is higher than all that it gave out before. So a
single number per device says which of its updates have been here, and three such numbers are kept:

- `seen`: the highest in any record that was ever put here. A device's next counter of its own lies above it, also when
  its index was restored or its clock set back.
- `known`: every update up to here has been in this index. It rises to `seen` when the device's index and this one were
  proven equal, which they can't be while an update is missing.
- `forgotten`: the highest in any tombstone that was let go. Never above `known`: a record of a path unknown here, with
  no counter above `forgotten`, is then one that was here, and was deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from vaultsync.model.versions import Version
from vaultsync.store.database import Database

BELIEVED: Final = 2**52
"""Higher counters are no milliseconds of any clock (the year 144,683) but a malicious member's: if they were heeded,
one record of its making would leave a device no numbers for all of its edits."""


@dataclass(frozen=True, slots=True)
class Counters:
    """Of one device."""

    seen: int = 0
    known: int = 0
    forgotten: int = 0


class Knowledge:
    """Of one index; changed inside its transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cached: dict[bytes, Counters] | None = None
        self._joined: Version | None = None
        self._proven: dict[bytes, int] = {}
        self._issued: tuple[bytes, int] = (b"", 0)
        database.on_rollback.append(self._forget_cached)

    def next_counter(self, own: bytes, now_ms: int) -> int:
        """What the next commit's edits of this device, `own`, are to count: its clock, or higher."""
        self._issued = own, max(now_ms, self._of(own).seen + 1)
        return self._issued[1]

    def note(self, versions: Iterable[Version]) -> None:
        """Records of these versions are put into the index. Inside a transaction only."""
        rows = self._rows
        highest: dict[bytes, int] = {}
        for version in versions:
            for device, counter in version.counters:
                if counter > highest.get(device, 0) and counter <= BELIEVED:
                    highest[device] = counter
        changed: dict[bytes, Counters] = {}
        for device, counter in highest.items():
            before = rows.get(device, Counters())
            if counter > before.seen:
                # What was issued just now adds one update and leaves no gap; any other may have some before it.
                whole = (device, counter) == self._issued and before.known == before.seen
                changed[device] = replace(before, seen=counter, known=counter if whole else before.known)
        self._write(changed)

    def prove(self, device: bytes) -> None:
        """The index of `device` and this one are equal now. Stored by `save`."""
        counters = self._of(device)
        if counters.known < counters.seen:
            self._proven[device] = counters.seen

    @property
    def is_unsaved(self) -> bool:
        return bool(self._proven)

    def save(self) -> None:
        """Store what was proven. Inside a transaction only."""
        proven, self._proven = self._proven, {}
        before = {device: self._of(device) for device in proven}
        self._write({d: replace(was, known=max(was.known, proven[d])) for d, was in before.items()})

    def knows(self, version: Version) -> bool:
        """Whether every update that `version` counts has been here."""
        return all(counter <= self._of(device).known for device, counter in version.counters)

    def forget(self, version: Version) -> None:
        """Tombstones whose versions join to `version` are let go. Inside a transaction only."""
        assert self.knows(version)
        before = {device: (self._of(device), counter) for device, counter in version.counters}
        self._write({d: replace(was, forgotten=max(was.forgotten, to)) for d, (was, to) in before.items()})

    @property
    def forgotten(self) -> Version:
        """The join of the versions of all tombstones that were let go."""
        if self._joined is None:
            self._joined = Version.of({device: c.forgotten for device, c in self._rows.items() if c.forgotten})
        return self._joined

    def _of(self, device: bytes) -> Counters:
        return self._rows.get(device, Counters())

    @property
    def _rows(self) -> dict[bytes, Counters]:
        if self._cached is None:
            rows = self._database.rows("SELECT device, seen, known, forgotten FROM knowledge")
            self._cached = {device: Counters(*numbers) for device, *numbers in rows}
        return self._cached

    def _write(self, changed: dict[bytes, Counters]) -> None:
        if not changed:
            return
        self._database.run_many(
            "INSERT OR REPLACE INTO knowledge (device, seen, known, forgotten) VALUES (?, ?, ?, ?)",
            [(device, c.seen, c.known, c.forgotten) for device, c in changed.items()],
        )
        self._rows.update(changed)
        self._joined = None

    def _forget_cached(self) -> None:
        self._cached = None
        self._joined = None
