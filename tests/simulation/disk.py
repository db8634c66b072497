"""The real disk, made repeatable, with the manners of other file systems, faults, and a person at work between any
two calls."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection
from dataclasses import replace

from tests.simulation.manners import PLAIN, Manners
from vaultsync.model.paths import parents_of
from vaultsync.model.records import Signature
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.files import DiskRandomFile, DiskReadFile
from vaultsync.vault.filesystem import TEMP_DIR, DirEntry, Stat
from vaultsync.vault.folders import Folder, Folders


class Crash(BaseException):
    """The device lost its power. Nothing in the product may catch it."""


class SimulatedDisk(DiskFileSystem):
    """Lists folders in order and leaves out ctime: both differ between two runs on one seed."""

    def __init__(self, root: str, manners: Manners = PLAIN) -> None:
        super().__init__(root)
        self.manners = manners
        self.before_call: Callable[[str, str], None] | None = None
        """Called with the name and the path of each call that reads or changes something: may edit files, may crash."""
        self.is_full = False
        """Nothing new fits; what is there can be read, renamed and removed."""
        self.bad: set[str] = set()
        """Paths that can't be read, with all that is in them."""
        self.refused: dict[str, int] = {}
        """How often a call was refused, by the fault."""

    @property
    def folds_case(self) -> bool:
        return self.manners.folds_case

    def _new_folders(self) -> Folders:
        return _Folders(self.root, self.manners)

    def scan(self, folder: str) -> list[DirEntry]:
        self._call("scan", folder)
        self._fail_if_bad(folder)
        entries = sorted(super().scan(folder), key=lambda entry: entry.disk_name)
        return [replace(entry, signature=self._seen(entry.signature)) for entry in entries]

    def stat(self, path: str) -> Stat | None:
        self._call("stat", path)
        found = super().stat(path)
        return None if found is None else replace(found, signature=self._seen(found.signature))

    def open_read(self, path: str) -> DiskReadFile:
        self._call("open_read", path)
        self._fail_if_bad(path)
        return _ReadFile(super().open_read(path), self._seen)

    def create(self, path: str, content: bytes, mtime_ns: int, *, executable: bool) -> Signature:
        self._call("create", path)
        self._fail_if_full()
        return self._seen(super().create(path, content, mtime_ns, executable=executable))

    def open_random(self, path: str, *, create_size: int | None = None) -> DiskRandomFile:
        self._call("open_random", path)
        if create_size is not None:
            self._fail_if_full()
        return _RandomFile(super().open_random(path, create_size=create_size), self._fail_if_full)

    def set_times(self, path: str, mtime_ns: int) -> None:
        self._call("set_times", path)
        super().set_times(path, mtime_ns)

    def move(self, source: str, target: str, *, replace: bool = False) -> None:
        self._call("move", source)
        super().move(source, target, replace=replace)

    def twin(self, path: str) -> str | None:
        if self.folds_case:
            self._call("twin", path)
        return super().twin(path)

    def respell(self, source: str, target: str) -> None:
        self._call("respell", source)
        super().respell(source, target)

    def give_name(self, path: str, outside: str) -> None:
        self._call("give_name", path)
        super().give_name(path, outside)

    def swap(self, first: str, second: str) -> bool:
        self._call("swap", second)
        return self.manners.swaps and super().swap(first, second)

    def remove(self, path: str) -> None:
        self._call("remove", path)
        super().remove(path)

    def mkdir(self, path: str) -> None:
        self._call("mkdir", path)
        self._fail_if_full()
        super().mkdir(path)

    def rmdir(self, path: str) -> None:
        self._call("rmdir", path)
        super().rmdir(path)

    def sync_files(self, paths: Collection[str]) -> None:
        """The simulation loses processes, never power: nothing needs to be waited for."""
        self._call("sync_files", "")

    def sync_folders(self, paths: Collection[str]) -> None:
        self._call("sync_folders", "")

    def _call(self, name: str, path: str) -> None:
        if self.before_call is not None:
            self.before_call(name, path)

    def _seen(self, signature: Signature) -> Signature:
        tick_ns = self.manners.tick_ns
        return replace(signature, ctime_ns=0, mtime_ns=signature.mtime_ns // tick_ns * tick_ns)

    def _fail_if_full(self) -> None:
        if self.is_full:
            self._refuse(errno.ENOSPC)

    def _fail_if_bad(self, path: str) -> None:
        if self.bad and not path.startswith(TEMP_DIR) and not self.bad.isdisjoint((path, *parents_of(path))):
            self._refuse(errno.EIO)

    def _refuse(self, number: int) -> None:
        name = errno.errorcode[number]
        self.refused[name] = self.refused.get(name, 0) + 1
        raise OSError(number, os.strerror(number))


class _Folders(Folders):
    """Finds names as the simulated file system would."""

    __slots__ = ("_manners",)

    def __init__(self, root: str, manners: Manners) -> None:
        super().__init__(root, exact=manners.folds_case)
        self._manners = manners

    def _make(self, prefix: str, fd: int | None, *, exact: bool) -> Folder:
        if not self._manners.is_loose:
            return super()._make(prefix, fd, exact=exact)
        return _Folder(prefix, fd, exact, manners=self._manners)


class _Folder(Folder):
    __slots__ = ("_manners",)

    def __init__(self, prefix: str, fd: int | None, exact: bool, *, manners: Manners) -> None:
        super().__init__(prefix, fd, exact)
        self._manners = manners

    def name(self, name: str) -> str:
        return super().name(name) if self.exact else self._found(name)

    def new_name(self, name: str) -> str:
        return self._found(name)

    def respelled(self, name: str) -> str:
        return self._manners.written(name)

    def _found(self, name: str) -> str:
        assert self.fd is not None
        return self._manners.spelled(os.listdir(self.fd), name)

    def _status(self, name: str) -> os.stat_result:
        return os.stat(self._found(name), dir_fd=self.fd, follow_symlinks=False)


class _ReadFile(DiskReadFile):
    __slots__ = ("_seen",)

    def __init__(self, opened: DiskReadFile, seen: Callable[[Signature], Signature]) -> None:
        super().__init__(opened.fd)
        opened.fd = -1
        self._seen = seen

    def signature(self) -> Signature:
        return self._seen(super().signature())


class _RandomFile(DiskRandomFile):
    __slots__ = ("_fail_if_full",)

    def __init__(self, opened: DiskRandomFile, fail_if_full: Callable[[], None]) -> None:
        super().__init__(opened.fd)
        opened.fd = -1
        self._fail_if_full = fail_if_full

    def write_at(self, offset: int, data: bytes) -> None:
        self._fail_if_full()
        super().write_at(offset, data)
