"""A vault's files, by vault path: the interface that scanner and applier work through, and its values.

Paths are vault paths (model/paths.py): NFC, `/`-separated, relative to the vault; `""` is the vault itself. A path
names what is listed under exactly that name, also on a disk that would find it under others (`twin`). Files
below `.vaultsync/tmp` are reached in the same way. `DiskFileSystem` (disk.py) is the real one.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, Self

from vaultsync.model.paths import MARKER_DIR
from vaultsync.model.records import Signature

TEMP_DIR: Final = "/".join((MARKER_DIR, "tmp"))
"""Where staged and partial files lie: on the vault's own file system, so that a rename brings them into place."""


class DiskKind(StrEnum):
    """What a name on disk stands for. Only files and folders sync."""

    FILE = "file"
    DIR = "dir"
    LINK = "link"
    OTHER = "other"
    """A FIFO, socket or device."""


@dataclass(frozen=True, slots=True)
class Stat:
    """What the disk says of a path, without following links."""

    kind: DiskKind
    signature: Signature
    executable: bool | None
    """None where the file system has no such bit."""
    mode: int
    """Permission bits."""


@dataclass(frozen=True, slots=True)
class DirEntry:
    """One name in a folder."""

    name: str
    """In NFC: the last component of its vault path. Lone surrogates stand for bytes that are not UTF-8."""
    disk_name: str
    """In the form that it has on disk."""
    kind: DiskKind
    signature: Signature
    executable: bool | None


class RandomFile(Protocol):
    """A file below `.vaultsync/tmp` that is filled piece by piece."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes; fewer only at the file's end."""

    def write_at(self, offset: int, data: bytes) -> None: ...

    def start_writing_back(self) -> None:
        """Let the disk begin with what was written, without waiting for it; only a matter of speed."""

    def is_hole(self, offset: int, size: int) -> bool:
        """Whether nothing was ever written there. False where the file system can't tell."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class ReadFile(Protocol):
    """A file of the vault, open for reading from start to end."""

    def read(self, size: int) -> bytes:
        """The next 1 to `size` bytes, or none at the end."""

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from anywhere; fewer only at the file's end."""

    def signature(self) -> Signature:
        """Of the open file, now. Equal before and after reading means that nobody wrote meanwhile."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


class FileSystem(Protocol):
    """What the disk can do. Everything raises `OSError` as the `os` functions do; links are never followed.

    A link in the way raises `OSError` with `ELOOP`.
    """

    @property
    def folds_case(self) -> bool:
        """Whether names that differ only in case are the same name here."""

    def free_bytes(self) -> int:
        """The room that is left on the vault's file system, for this user."""

    def batch(self) -> AbstractContextManager[None]:
        """Within it, folders that were reached may be kept open by this thread; only a matter of speed."""

    def scan(self, folder: str) -> list[DirEntry]:
        """All that is in `folder`, in no order; what vanishes meanwhile is left out."""

    def stat(self, path: str) -> Stat | None:
        """What is at `path`; None if certainly nothing is (ENOENT, or a file where a folder would have to be)."""

    def open_read(self, path: str) -> ReadFile:
        """Open a file. `OSError` with `EINVAL` if it is not a regular one."""

    def read(self, path: str) -> tuple[bytes, Signature]:
        """All of a file, read while nobody wrote to it. `UnstableFileError` if somebody did."""

    def hash(self, path: str) -> tuple[bytes, Signature]:
        """BLAKE3-256 of a file, in constant memory. `UnstableFileError` if somebody wrote meanwhile."""

    def is_being_written(self, path: str) -> bool:
        """Whether a program has the file open for writing: what it has not written yet would go with the file.

        False where nobody can tell.
        """

    def create(self, path: str, content: bytes, mtime_ns: int, *, executable: bool) -> Signature:
        """A new file. `FileExistsError` if there is something; nothing stays behind on an error."""

    def copy(self, source: str, target: str) -> bytes:
        """Copy a file to a new one, sharing blocks where possible; the BLAKE3-256 of what the copy holds."""

    def open_random(self, path: str, *, create_size: int | None = None) -> RandomFile:
        """Open for piecewise reading and writing; with `create_size` a new, sparse file of so many bytes."""

    def set_times(self, path: str, mtime_ns: int) -> None: ...

    def set_mode(self, path: str, mode: int) -> None:
        """Permission bits; does nothing where there are none."""

    def move(self, source: str, target: str, *, replace: bool = False) -> None:
        """Rename. `FileExistsError` if `target` exists, unless `replace`; always if another name is its twin."""

    def twin(self, path: str) -> str | None:
        """Where a disk that folds case has something in the place of `path` or of a folder above it; else None.

        `f` for `F/note.md` if `f` is there: until it is gone or renamed, this disk cannot hold `F/note.md`.
        """

    def respell(self, source: str, target: str) -> None:
        """Rename a file or a folder to another form of its own name: `source` is the twin of `target`."""

    def swap(self, first: str, second: str) -> bool:
        """Exchange two existing names in one step; False, and nothing done, where that is impossible."""

    def give_name(self, path: str, outside: str) -> None:
        """A second name for a file, on the same file system, at an absolute path where nothing is.

        `OSError` where that is impossible.
        """

    def remove(self, path: str) -> None: ...

    def mkdir(self, path: str) -> None: ...

    def rmdir(self, path: str) -> None: ...

    def sync_files(self, paths: Collection[str]) -> None:
        """Make the content of these files durable, with as few waits as possible."""

    def sync_folders(self, paths: Collection[str]) -> None:
        """Make the names in these folders durable. Folders that are gone are left out."""
