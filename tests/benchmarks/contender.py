"""What a benchmark asks of a sync tool: two of its nodes on this machine, A and B, each with a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol


class Contender(Protocol):
    """Two nodes of one tool. Times are of the machine's monotonic clock, in seconds."""

    name: str
    own_names: frozenset[str]
    """Names at the top of a folder that are the tool's own."""
    a: Path
    b: Path

    def start_first(self) -> None:
        """A runs and has scanned its folder; B runs, empty, and the two are not connected."""

    def connect(self) -> float:
        """Let the two find each other. Returns when that began."""

    def wait_identical(self) -> float:
        """Wait until both sides know that they hold the same, durably. Returns since when they do."""

    def restart(self) -> float:
        """Stop both, start both. Returns when the first process was started."""

    def poke(self, path: str) -> None:
        """Tell A that `path` has changed, if that is how this contender is run; else nothing."""

    def bytes_sent(self) -> int:
        """What A has sent to B."""

    def own_numbers(self) -> dict[str, float]:
        """What only this contender can tell of the time since `connect`."""

    @property
    def pids(self) -> tuple[int, int]: ...

    def stop(self) -> None:
        """End both."""


def newest_change_s(root: Path, left_out: frozenset[str], suffix: str = "") -> float:
    """When the last file below `root` came into its place, in Unix seconds: a rename sets a file's ctime."""
    newest = 0.0
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name not in left_out]
        for name in files:
            if name.endswith(suffix):
                newest = max(newest, os.lstat(os.path.join(folder, name)).st_ctime)
    return newest
