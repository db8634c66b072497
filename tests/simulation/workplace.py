"""What people and the ledger see of a device, be it a replica or a whole node."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from vaultsync.daemon.replica.replica import Replica


class Workplace(Protocol):
    @property
    def number(self) -> int: ...

    @property
    def name(self) -> str: ...

    @property
    def root(self) -> Path: ...

    @property
    def now_ms(self) -> int: ...

    @property
    def replica(self) -> Replica: ...

    @property
    def digest(self) -> bytes: ...

    def tree(self) -> dict[str, bytes | None]: ...
