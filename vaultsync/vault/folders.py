"""The way from a vault path to a name in an open folder, without ever passing through a link.

Every component is opened relative to the one before with `O_NOFOLLOW`, so that a link that somebody puts in the
way is refused and never leads out of the vault. Open folders are kept for the length of a batch, so that a
thousand notes in one folder cost one walk. Where the platform has no such calls (Windows), each component is
checked by `lstat` instead.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

from vaultsync.model.paths import name_of, parent_of

_BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
_OPEN_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_MAX_OPEN: Final = 128
"""Folders kept open in a batch; far below the usual limit of 256 to 1,024 descriptors per process."""


@dataclass(slots=True)
class Folder:
    """An open folder: what relative calls need to reach a name in it."""

    prefix: str
    """Put before a name: empty with a descriptor, else the folder's absolute path and a separator."""
    fd: int | None
    forms: dict[str, str] | None = None
    """NFC name -> name on disk, for those that differ; None until somebody needs it."""

    def name(self, name: str) -> str:
        """What to give to a call for the entry whose NFC name is `name`, in the form that it has on disk."""
        if not name.isascii():
            if self.forms is None and not self._exists(name):
                self.forms = self._read_forms()
            if self.forms is not None:
                name = self.forms.get(name, name)
        return self.prefix + name

    def _exists(self, name: str) -> bool:
        try:
            os.stat(self.prefix + name, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _read_forms(self) -> dict[str, str]:
        names = os.listdir(self.prefix if self.fd is None else self.fd)
        present = set(names)
        forms: dict[str, str] = {}
        for name in sorted(names):
            if name.isascii() or unicodedata.is_normalized("NFC", name):
                continue
            key = unicodedata.normalize("NFC", name)
            if key not in present:
                forms.setdefault(key, name)
        return forms


class Lent:
    """`Folders` that stay open when whoever borrows them is done."""

    __slots__ = ("_folders",)

    def __init__(self, folders: Folders) -> None:
        self._folders = folders

    def __enter__(self) -> Folders:
        return self._folders

    def __exit__(self, *exc: object) -> None:
        pass


class Folders:
    """Open folders of one vault. Used by one thread at a time."""

    __slots__ = ("_open", "_root")

    def __init__(self, root: str) -> None:
        self._root = root
        self._open: dict[str, Folder] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        for folder in self._open.values():
            if folder.fd is not None:
                os.close(folder.fd)
        self._open.clear()

    def trim(self) -> None:
        """Close what is open if it is much; called before an operation, never in the middle of one."""
        if len(self._open) > _MAX_OPEN:
            self.close()

    def forget(self, path: str) -> None:
        """`path` was removed or renamed: what is open at and below it is no longer there."""
        if path not in self._open:
            return  # nor is anything below it: a folder is opened after its parent, and closed no later
        for known in [k for k in self._open if k == path or k.startswith(path + "/")]:
            folder = self._open.pop(known)
            if folder.fd is not None:
                os.close(folder.fd)

    def folder(self, path: str) -> Folder:
        """The folder at `path`, open. `OSError`: `ELOOP` if a link is in the way."""
        known = self._open.get(path)
        if known is not None:
            return known
        if path == "":
            opened = self._open_root()
        else:
            parent = self.folder(parent_of(path))
            opened = _open_below(parent, parent.name(name_of(path)), path)
        self._open[path] = opened
        return opened

    def locate(self, path: str) -> tuple[str, int | None]:
        """The name and the descriptor with which system calls reach `path`."""
        parent, _, name = path.rpartition("/")
        folder = self.folder(parent)
        return folder.name(name), folder.fd

    def _open_root(self) -> Folder:
        if not _BY_DESCRIPTOR:
            return Folder(prefix=self._root + os.sep, fd=None)
        return Folder(prefix="", fd=os.open(self._root, _OPEN_FOLDER))


def _open_below(parent: Folder, name: str, path: str) -> Folder:
    if parent.fd is None:
        status = os.lstat(name)
        if not stat.S_ISDIR(status.st_mode) or _is_reparse_point(status):
            raise _not_a_folder(status.st_mode, path)
        return Folder(prefix=name + os.sep, fd=None)
    try:
        return Folder(prefix="", fd=os.open(name, _OPEN_FOLDER | _NOFOLLOW, dir_fd=parent.fd))
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        mode = os.stat(name, dir_fd=parent.fd, follow_symlinks=False).st_mode
        raise _not_a_folder(mode, path) from error


def _not_a_folder(mode: int, path: str) -> OSError:
    number = errno.ENOTDIR if stat.S_ISREG(mode) else errno.ELOOP
    return OSError(number, os.strerror(number), path)


def _is_reparse_point(status: os.stat_result) -> bool:
    # Windows junctions are folders to S_ISDIR and lead anywhere.
    return bool(getattr(status, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0))
