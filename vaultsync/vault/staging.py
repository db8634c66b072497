"""Contents on their way into the vault: complete files below `.vaultsync/tmp`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from blake3 import blake3

from vaultsync.errors import DiskFullError
from vaultsync.model.records import Signature
from vaultsync.vault.chunks import PART_SUFFIX, PartialFile
from vaultsync.vault.filesystem import TEMP_DIR, DirEntry, FileSystem
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.words import FULL

_T = TypeVar("_T")

BLOCK: Final = 1 << 20
PART_KEPT_MS: Final = 7 * 24 * 3_600_000
"""A partial file that nobody wrote to for so long is given up."""


class Reader(Protocol):
    """Where a content comes from."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Staged:
    """A complete content on disk, not yet in its place."""

    path: str
    """Below `.vaultsync/tmp`."""
    hash: bytes
    signature: Signature
    mode: int


class Staging:
    """Makes staged files."""

    def __init__(self, fs: FileSystem, prefix: str | None = None) -> None:
        """`prefix` begins the names of temporary files; without it, one that no other run has."""
        self._fs = fs
        self._prefix = secrets.token_hex(4) if prefix is None else prefix
        self._count = 0
        self._mode: dict[bool, int] = {}

    def stage(self, content: bytes, mtime_ns: int, executable: bool, hash_: bytes | None = None) -> Staged:
        """A content in memory; `hash_` is its hash where that is known. `DiskFullError`, `OSError`."""
        path = self.new_temp_path()
        try:
            signature = self._in_temp(lambda: self._fs.create(path, content, mtime_ns, executable=executable))
            mode = self._mode.get(executable)
            if mode is None:
                # What the umask leaves is the same for every file.
                mode = self._mode[executable] = self._mode_of(path)
        except OSError as error:
            raise _translated(error) from error
        return Staged(path, hash_ or hash_bytes(content), signature, mode)

    def stage_copy(self, path: str, expected_hash: bytes, mtime_ns: int, executable: bool) -> Staged | None:
        """A copy of a file of the vault; None if it can't be read or its content is another. `DiskFullError`."""
        target = self.new_temp_path()
        try:
            digest = self._in_temp(lambda: self._fs.copy(path, target))
        except OSError as error:
            self._forget(target)
            if error.errno in FULL:
                raise _translated(error) from error
            return None
        if digest != expected_hash:
            self._forget(target)
            return None
        return self._dressed(target, digest, mtime_ns, executable)

    def stage_stream(self, reader: Reader, expected_hash: bytes, mtime_ns: int, executable: bool) -> Staged | None:
        """What `reader` gives; None if that has another hash. `DiskFullError`, `OSError`."""
        target = self.new_temp_path()
        hasher = blake3()
        offset = 0
        try:
            with self._in_temp(lambda: self._fs.open_random(target, create_size=0)) as file:
                while block := reader.read(BLOCK):
                    hasher.update(block)
                    file.write_at(offset, block)
                    offset += len(block)
        except OSError as error:
            self._forget(target)
            raise _translated(error) from error
        except BaseException:
            self._forget(target)
            raise
        if hasher.digest() != expected_hash:
            self._forget(target)
            return None
        return self._dressed(target, expected_hash, mtime_ns, executable)

    def stage_partial(self, partial: PartialFile, mtime_ns: int, executable: bool) -> Staged | None:
        """A partial file that has become whole; None if something is missing after all.

        `UnstableFileError` if its content is not what was announced.
        """
        if not partial.finish():
            return None
        return self._dressed(partial.path, partial.manifest.hash, mtime_ns, executable)

    def make_durable(self, staged: Sequence[Staged]) -> None:
        """Wait until the contents would survive a power cut. `DiskFullError`, `OSError`."""
        try:
            self._fs.sync_files([one.path for one in staged])
        except OSError as error:
            raise _translated(error) from error

    def discard(self, staged: Staged) -> None:
        """Give up a staged content; nothing happens if it is in its place already."""
        self._forget(staged.path)

    def leftovers(self) -> list[DirEntry]:
        """What an earlier run left in the folder for temporary files, partial files aside."""
        with self._fs.batch():
            try:
                entries = self._fs.scan(TEMP_DIR)
            except FileNotFoundError:
                return []
        return [item for item in entries if not item.name.endswith(PART_SUFFIX)]

    def clean_up(self, now_ms: int | None = None) -> None:
        """Remove what an earlier run left behind; partial files stay, unless they are a week old by `now_ms`.

        Called when nothing is staged.
        """
        with self._fs.batch():
            try:
                entries = self._fs.scan(TEMP_DIR)
            except FileNotFoundError:
                return
            for item in entries:
                if item.name.endswith(PART_SUFFIX):
                    age_ms = 0 if now_ms is None else now_ms - item.signature.mtime_ns // 1_000_000
                    if age_ms < PART_KEPT_MS:
                        continue
                self._forget(f"{TEMP_DIR}/{item.name}")

    def drop_parts(self) -> None:
        """Remove all partial files: nothing is on its way that could go on with one."""
        with self._fs.batch(), suppress(FileNotFoundError):
            for item in self._fs.scan(TEMP_DIR):
                if item.name.endswith(PART_SUFFIX):
                    self._forget(f"{TEMP_DIR}/{item.name}")

    def new_temp_path(self) -> str:
        """A path below `.vaultsync/tmp` where nothing is."""
        self._count += 1
        return f"{TEMP_DIR}/{self._prefix}-{self._count:x}"

    def _in_temp(self, attempt: Callable[[], _T]) -> _T:
        """Do `attempt`; if it finds no folder for temporary files, make one and do it again."""
        try:
            return attempt()
        except FileNotFoundError:
            if self._fs.stat(TEMP_DIR) is not None:
                raise
            self._fs.mkdir(TEMP_DIR)
            return attempt()

    def _dressed(self, path: str, digest: bytes, mtime_ns: int, executable: bool) -> Staged:
        mode = self._mode_of(path)
        if executable:
            mode |= (mode & 0o444) >> 2
            self._fs.set_mode(path, mode)
        self._fs.set_times(path, mtime_ns)
        there = self._fs.stat(path)
        assert there is not None
        return Staged(path, digest, there.signature, mode)

    def _mode_of(self, path: str) -> int:
        there = self._fs.stat(path)
        if there is None:
            raise FileNotFoundError(path)
        return there.mode

    def _forget(self, path: str) -> None:
        with suppress(FileNotFoundError):
            self._fs.remove(path)


def _translated(error: OSError) -> Exception:
    if error.errno in FULL:
        return DiskFullError("There is no room for what is arriving.")
    return error
