"""The real disk, made repeatable, with a person at work between any two calls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from vaultsync.model.records import Signature
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.files import DiskReadFile
from vaultsync.vault.filesystem import DirEntry, Stat


class Crash(BaseException):
    """The device lost its power. Nothing in the product may catch it."""


class SimulatedDisk(DiskFileSystem):
    """Lists folders in order and leaves out ctime: both differ between two runs on one seed."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.before_call: Callable[[str, str], None] | None = None
        """Called with the name and the path of each call that reads or changes something: may edit files, may crash."""

    def _call(self, name: str, path: str) -> None:
        if self.before_call is not None:
            self.before_call(name, path)

    def scan(self, folder: str) -> list[DirEntry]:
        self._call("scan", folder)
        entries = sorted(super().scan(folder), key=lambda entry: entry.disk_name)
        return [replace(entry, signature=_without_ctime(entry.signature)) for entry in entries]

    def stat(self, path: str) -> Stat | None:
        self._call("stat", path)
        found = super().stat(path)
        return None if found is None else replace(found, signature=_without_ctime(found.signature))

    def open_read(self, path: str) -> DiskReadFile:
        self._call("open_read", path)
        return _ReadFile(super().open_read(path))

    def create(self, path: str, content: bytes, mtime_ns: int, *, executable: bool) -> Signature:
        self._call("create", path)
        return _without_ctime(super().create(path, content, mtime_ns, executable=executable))

    def move(self, source: str, target: str, *, replace: bool = False) -> None:
        self._call("move", source)
        super().move(source, target, replace=replace)

    def swap(self, first: str, second: str) -> bool:
        self._call("swap", second)
        return super().swap(first, second)

    def remove(self, path: str) -> None:
        self._call("remove", path)
        super().remove(path)

    def mkdir(self, path: str) -> None:
        self._call("mkdir", path)
        super().mkdir(path)

    def rmdir(self, path: str) -> None:
        self._call("rmdir", path)
        super().rmdir(path)

    def sync_files(self, paths: Collection[str]) -> None:
        """The simulation loses processes, never power: nothing needs to be waited for."""
        self._call("sync_files", "")

    def sync_folders(self, paths: Collection[str]) -> None:
        self._call("sync_folders", "")


class _ReadFile(DiskReadFile):
    __slots__ = ()

    def __init__(self, opened: DiskReadFile) -> None:
        super().__init__(opened.fd)
        opened.fd = -1

    def signature(self) -> Signature:
        return _without_ctime(super().signature())


def _without_ctime(signature: Signature) -> Signature:
    return replace(signature, ctime_ns=0)
