"""Knowing a vault's folder by the files in it, when its marker has been deleted and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from typing import Final

from vaultsync.model.paths import MARKER_DIR
from vaultsync.model.records import Entry, Kind
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.marker import MARKER_NAME

_ASKED: Final = 200
"""Files of the index that are looked for."""
_SHARE: Final = 0.5
"""So many of them must be there: a person may have worked on the others meanwhile."""


def has_lost_its_marker(root: str) -> bool:
    """Whether there is a folder at `root`, without a marker."""
    return os.path.isdir(root) and not os.path.lexists(os.path.join(root, MARKER_DIR, MARKER_NAME))


def holds_the_files(fs: FileSystem, entries: Iterable[Entry]) -> bool:
    """Whether the files that the index knows are in this folder, the very same ones: with their inodes and times.

    In an empty mount point, in a copy, or in what somebody has made in the vault's place they are not.
    """
    known = (e for e in entries if e.record.kind is Kind.FILE and e.signature is not None)
    asked = same = 0
    with fs.batch():
        for entry in islice(known, _ASKED):
            there = fs.stat(entry.record.path)
            asked += 1
            same += there is not None and there.signature == entry.signature
    return same > 0 and same >= asked * _SHARE
