"""Bringing the folder to what was decided, without ever overwriting what nobody has seen.

Contents are staged below `.vaultsync/tmp`, made durable together, and renamed into place. Each action says what
it expects on disk; if something else is there, or appears in the moment of the rename, nothing happens to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import assert_never

from vaultsync.errors import PathError
from vaultsync.model.filters import is_disposable
from vaultsync.model.paths import check_path, name_of, parent_of, parents_of, windows_obstacle
from vaultsync.model.records import Signature
from vaultsync.vault.actions import (
    Action,
    MakeFolder,
    MoveFile,
    Outcome,
    RemoveFile,
    RemoveFolder,
    Result,
    SetExecutable,
    WriteFile,
)
from vaultsync.vault.filesystem import DiskKind, FileSystem, Stat
from vaultsync.vault.staging import Staged, Staging
from vaultsync.vault.words import FULL, KIND_TROUBLES, PERMANENT, error_words, twin_words

_CHANGED = Outcome(Result.CHANGED)
_BUSY = Outcome(Result.BUSY, reason="a program here has it open for writing", retry=True)
_DONE = Outcome(Result.DONE)


class Applier(Staging):
    """Applies actions to one vault's folder. Used by one thread at a time."""

    def __init__(
        self,
        fs: FileSystem,
        *,
        obstacle: Callable[[str], str | None] | None = windows_obstacle if os.name == "nt" else None,
        prefix: str | None = None,
    ) -> None:
        """`obstacle` says why this platform can't hold a path, or None if it can; `prefix` as for `Staging`."""
        super().__init__(fs, prefix)
        self._obstacle = obstacle
        self._touched: set[str] = set()

    def apply(self, actions: Sequence[Action]) -> list[Outcome]:
        """Do `actions` in order, then make the changed folders durable; one outcome for each.

        Staged contents must be durable before (`make_durable`). Those of actions that were not done stay staged.
        """
        self._touched.clear()
        with self._fs.batch():
            outcomes = [self._try(action) for action in actions]
            self._fs.sync_folders(self._touched)
        return outcomes

    def _try(self, action: Action) -> Outcome:
        path = action.target if isinstance(action, MoveFile) else action.path
        try:
            check_path(path)
        except PathError as error:
            return Outcome(Result.FAILED, reason=error.message)
        if self._obstacle is not None and (reason := self._obstacle(path)):
            return Outcome(Result.FAILED, reason=reason)
        try:
            return self._do(action)
        except (FileNotFoundError, NotADirectoryError):
            return _CHANGED
        except OSError as error:
            full = error.errno in FULL
            reason = "the disk is full" if full else error_words(error)
            return Outcome(Result.FAILED, reason=reason, retry=error.errno not in PERMANENT, disk_full=full)

    def _do(self, action: Action) -> Outcome:
        match action:
            case WriteFile():
                return self._write(action)
            case MakeFolder():
                return self._make_folder(action)
            case RemoveFile():
                return self._remove_file(action)
            case RemoveFolder():
                return self._remove_folder(action.path)
            case MoveFile():
                return self._move(action)
            case SetExecutable():
                return self._set_executable(action)
            case _:
                assert_never(action)

    def _write(self, action: WriteFile) -> Outcome:
        path = action.path
        staged = self._dress(action)
        assert (staged.hash, staged.signature.size) == (action.hash, action.size), "staged for something else"
        if action.expected is None:
            try:
                self._move_making_parents(staged.path, path)
            except FileExistsError:
                return self._in_the_way(path)
        else:
            before = self._fs.stat(path)
            if before is None or before.signature != action.expected:
                return self._otherwise(before)
            if self._fs.is_being_written(path):
                return _BUSY
            mode = _with_executable(before.mode, action.executable)
            if before.executable is not None and mode != staged.mode:
                self._fs.set_mode(staged.path, mode)
            if self._fs.swap(staged.path, path):
                busy = self._fs.is_being_written(staged.path)
                if busy or not _is_same(self._fs.stat(staged.path), action.expected):
                    # Somebody wrote between the check and the exchange, or began to: theirs goes back.
                    self._swap_back(staged, path)
                    return _BUSY if busy else _CHANGED
                self._fs.remove(staged.path)
            elif not self._replace_in_two_steps(staged.path, path, action.expected):
                return _CHANGED
        self._touched.add(parent_of(path))
        now = self._fs.stat(path)
        if now is not None and _is_same(now, staged.signature):
            return Outcome(Result.DONE, now.signature)
        # Already edited again: a signature that is no longer true makes the scanner look.
        return Outcome(Result.DONE, staged.signature)

    def _swap_back(self, staged: Staged, path: str) -> None:
        self._fs.swap(staged.path, path)
        if not _is_same(self._fs.stat(staged.path), staged.signature):
            # Not ours came out, but what they have put there since: that stays, and the one before it comes beside it.
            self._fs.swap(staged.path, path)
            self.put_back(staged.path, path)

    def _replace_in_two_steps(self, staged: str, path: str, expected: Signature) -> bool:
        """Where no two names can be exchanged: what is there goes aside to be looked at, and only then makes way.

        A crash in between is mended at the next start (`leftovers`).
        """
        aside = self.new_temp_path()
        self._fs.move(path, aside)
        if not _is_same(self._fs.stat(aside), expected):
            self.put_back(aside, path)
            return False
        try:
            self._fs.move(staged, path)
        except FileExistsError:
            # Somebody has saved there in the meantime: an edit of what is aside, which history has.
            self._fs.remove(aside)
            return False
        except OSError:
            self.put_back(aside, path)
            raise
        self._fs.remove(aside)
        return True

    def _dress(self, action: WriteFile) -> Staged:
        """The staged content with the mtime and the executable bit that the record asks for."""
        staged = action.staged
        mode = _with_executable(staged.mode, action.executable)
        if staged.signature.mtime_ns == action.mtime_ns and (mode == staged.mode or action.expected is not None):
            return staged
        if mode != staged.mode:
            self._fs.set_mode(staged.path, mode)
        self._fs.set_times(staged.path, action.mtime_ns)
        now = self._fs.stat(staged.path)
        if now is None:
            raise FileNotFoundError(staged.path)
        return Staged(staged.path, staged.hash, now.signature, mode)

    def _make_folder(self, action: MakeFolder) -> Outcome:
        path = action.path
        if action.respells and self._fs.twin(path) == action.respells:
            self._fs.respell(action.respells, path)
            self._touched.add(parent_of(path))
            return _DONE
        try:
            self._making_parents(path, lambda: self._fs.mkdir(path))
        except FileExistsError:
            there = self._fs.stat(path)
            return _DONE if there is not None and there.kind is DiskKind.DIR else self._in_the_way(path)
        self._touched.add(parent_of(path))
        return _DONE

    def _remove_file(self, action: RemoveFile) -> Outcome:
        before = self._fs.stat(action.path)
        if before is None:
            return _DONE
        if before.signature != action.expected:
            return self._otherwise(before)
        if self._fs.is_being_written(action.path):
            return _BUSY
        aside = self.new_temp_path()
        self._in_temp(lambda: self._fs.move(action.path, aside))
        busy = self._fs.is_being_written(aside)
        if busy or not _is_same(self._fs.stat(aside), action.expected):
            self.put_back(aside, action.path)
            return _BUSY if busy else _CHANGED
        self._fs.remove(aside)
        self._touched.add(parent_of(action.path))
        return _DONE

    def _remove_folder(self, path: str) -> Outcome:
        there = self._fs.stat(path)
        if there is None:
            return _DONE
        if there.kind is not DiskKind.DIR:
            return self._otherwise(there)
        entries = self._fs.scan(path)
        if not all(item.kind is DiskKind.FILE and is_disposable(item.name) for item in entries):
            return _CHANGED
        for item in entries:
            self._fs.remove(f"{path}/{item.name}")
        try:
            self._fs.rmdir(path)
        except OSError:
            if self._fs.scan(path):
                return _CHANGED
            raise
        self._touched.discard(path)
        self._touched.add(parent_of(path))
        return _DONE

    def _move(self, action: MoveFile) -> Outcome:
        source, target = action.source, action.target
        before = self._fs.stat(source)
        if before is None and _is_same(there := self._fs.stat(target), action.expected):
            assert there is not None
            return Outcome(Result.DONE, there.signature)
        if before is None or before.signature != action.expected:
            return self._otherwise(before)
        try:
            if self._fs.twin(target) == source:
                self._fs.respell(source, target)
            else:
                self._move_making_parents(source, target)
        except FileExistsError:
            return self._in_the_way(target)
        self._touched |= {parent_of(source), parent_of(target)}
        after = self._fs.stat(target)
        if after is None or not _is_same(after, action.expected):
            self.put_back(target, source)
            return _CHANGED
        return Outcome(Result.DONE, after.signature)

    def _set_executable(self, action: SetExecutable) -> Outcome:
        before = self._fs.stat(action.path)
        if before is None or before.signature != action.expected:
            return self._otherwise(before)
        if before.executable is None or before.executable == action.executable:
            return Outcome(Result.DONE, before.signature)
        mode = _with_executable(before.mode, action.executable)
        self._fs.set_mode(action.path, mode)
        after = self._fs.stat(action.path)
        if after is None or not _is_same(after, action.expected):
            return _CHANGED
        return Outcome(Result.DONE, after.signature)

    def _move_making_parents(self, source: str, target: str) -> None:
        self._making_parents(target, lambda: self._fs.move(source, target))

    def _making_parents(self, path: str, attempt: Callable[[], None]) -> None:
        try:
            attempt()
        except FileNotFoundError:
            for parent in parents_of(path):
                if self._fs.stat(parent) is None:
                    self._fs.mkdir(parent)
                    self._touched.add(parent_of(parent))
            attempt()

    def put_back(self, path: str, home: str) -> None:
        """Bring a file that turned out to be another one back to where it was, or beside it if that is taken."""
        try:
            self._fs.move(path, home)
        except FileExistsError:
            # Somebody has put a new file there in the meantime; both are theirs, so both stay.
            self._fs.move(path, self._free_name(home))

    def _free_name(self, path: str) -> str:
        folder, name = parent_of(path), name_of(path)
        stem, dot, extension = name.rpartition(".")
        for number in range(1, 1_000):
            candidate = f"{stem or name} (rescued {number}){dot + extension if stem else ''}"
            candidate = f"{folder}/{candidate}" if folder else candidate
            if self._fs.stat(candidate) is None:
                return candidate
        raise FileExistsError(path)

    def _in_the_way(self, path: str) -> Outcome:
        twin = self._fs.twin(path)
        if twin is not None:
            place = "/".join(path.split("/")[: twin.count("/") + 1])
            return Outcome(Result.FAILED, reason=twin_words(place, twin))
        return self._otherwise(self._fs.stat(path))

    def _otherwise(self, there: Stat | None) -> Outcome:
        if there is not None and there.kind in KIND_TROUBLES:
            return Outcome(Result.FAILED, reason=KIND_TROUBLES[there.kind])
        return _CHANGED


def _with_executable(mode: int, executable: bool) -> int:
    """Whoever may read may execute, or nobody."""
    return mode | (mode & 0o444) >> 2 if executable else mode & ~0o111


def _is_same(there: Stat | None, expected: Signature) -> bool:
    """Whether this is the expected file; a rename changes ctime, so that does not count."""
    if there is None or there.kind is not DiskKind.FILE:
        return False
    seen = there.signature
    return (seen.inode, seen.size, seen.mtime_ns) == (expected.inode, expected.size, expected.mtime_ns)
