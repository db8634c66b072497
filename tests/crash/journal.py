"""What a disk may hold after the power went, for code that writes files by itself: recorded once, replayed many ways.

The model is that of `power.py`: names change in the order in which they were changed, up to some point at or after the
last sync of a folder; a file that was never synced holds all, half or none of its content. Databases are left out:
SQLite's commits are durable, and its files are as they were at the cut.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest import mock

Names = dict[str, int | None]
"""What stands at a path: a file, by its inode, or a folder (None)."""

_CALLS: Final = ("fsync", "replace", "rename", "link", "unlink", "mkdir", "rmdir")
_DATABASES: Final = (".db", ".db-wal", ".db-shm")
_SHARES: Final = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes here."""

    history: tuple[Names, ...]
    """The names after each change since the last sync of a folder, the oldest first."""
    contents: dict[int, bytes]
    synced: dict[int, bytes]
    databases: dict[str, bytes]
    acknowledged: bool
    """Whether the deed had returned."""


class Journal:
    """Records what happens below a folder."""

    def __init__(self, root: Path) -> None:
        self.cuts: list[Cut] = []
        self._root = root
        self._contents: dict[int, bytes] = {}
        self._synced: dict[int, bytes] = {}
        self._kept: list[int] = []
        names = self._look()
        self._synced = dict(self._contents)
        self._history: list[Names] = [names]

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the deed inside; a cut before and after each of its calls."""
        with ExitStack() as patches:
            for name in _CALLS:
                patches.enter_context(mock.patch.object(os, name, self._watched(name)))
            yield
        self._note(acknowledged=True)
        for descriptor in self._kept:
            os.close(descriptor)

    def _watched(self, name: str) -> Callable[..., Any]:
        real: Callable[..., Any] = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            self._note()
            folder = name == "fsync" and os.path.isdir(f"/proc/self/fd/{arguments[0]}")
            result = real(*arguments, **options)
            if name == "fsync":
                self._sync(arguments[0], folder=folder)
            self._note()
            return result

        return call

    def _sync(self, descriptor: int, *, folder: bool) -> None:
        if folder:
            self._history = [self._look()]
            return
        inode = os.fstat(descriptor).st_ino
        self._look()
        if inode in self._contents:
            self._synced[inode] = self._contents[inode]

    def _note(self, *, acknowledged: bool = False) -> None:
        names = self._look()
        if names != self._history[-1]:
            self._history.append(names)
        databases = {
            item.relative_to(self._root).as_posix(): item.read_bytes()
            for item in self._root.rglob("*")
            if item.name.endswith(_DATABASES)
        }
        cut = Cut(tuple(self._history), dict(self._contents), dict(self._synced), databases, acknowledged)
        if not self.cuts or cut != self.cuts[-1]:
            self.cuts.append(cut)

    def _look(self) -> Names:
        names: Names = {}
        for item in sorted(self._root.rglob("*")):
            path = item.relative_to(self._root).as_posix()
            if item.is_dir():
                names[path] = None
            elif not item.name.endswith(_DATABASES):
                inode = item.stat().st_ino
                if inode not in self._contents:
                    # Held open, so that no other file gets its number.
                    self._kept.append(os.open(item, os.O_RDONLY))
                names[path], self._contents[inode] = inode, item.read_bytes()
        return names


def states(cut: Cut, into: Path) -> Iterator[Path]:
    """Every folder, one after the other, in which what was recorded may be found after this cut."""
    number = 0
    for names in cut.history:
        unsynced = any(inode is not None and inode not in cut.synced for inode in names.values())
        for share in _SHARES if unsynced else _SHARES[-1:]:
            number += 1
            place = into / str(number)
            place.mkdir(parents=True)
            for path, inode in names.items():
                target = place / path
                if inode is None:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                content = cut.contents[inode]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(cut.synced.get(inode, content[: int(len(content) * share)]))
                target.chmod(0o600)
            for path, content in cut.databases.items():
                (place / path).parent.mkdir(parents=True, exist_ok=True)
                (place / path).write_bytes(content)
            yield place
            shutil.rmtree(place)


def replay(root: Path, into: Path, deed: Callable[[Path], object], check: Callable[[Path, bool], None]) -> int:
    """Do `deed` to `root`, then look with `check` at every state that a cut may have left; it is told whether the deed
    had returned. Gives their number."""
    journal = Journal(root)
    with journal.recording():
        deed(root)
    count = 0
    for cut in journal.cuts:
        for place in states(cut, into):
            count += 1
            check(place, cut.acknowledged)
    return count
