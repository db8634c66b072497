"""The way from a vault path to a name in an open folder, without ever passing through a link.

Every component is opened relative to the one before with `O_NOFOLLOW`, so that a link that somebody puts in the
way is refused and never leads out of the vault. Open folders are kept for the length of a batch, so that a
thousand notes in one folder cost one walk. Where the platform has no such calls (Windows), each component is
checked by `lstat` instead.

Where the disk takes names for one that differ only in case, a path still names only what its folder lists under just
that name: else `Note.md` would be read, replaced and removed in place of `note.md`.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from dataclasses import dataclass
from typing import Final, Self

from vaultsync.model.paths import MARKER_DIR, fold, name_of, parent_of, parents_of

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
    exact: bool = False
    """Whether this disk finds entries under other names than their own, so that each name must be looked up."""
    forms: dict[str, str] | None = None
    """NFC name -> name on disk: all if `exact`, else those that differ; None until somebody needs it."""

    def name(self, name: str) -> str:
        """What to give to a call for the entry whose NFC name is `name`, in the form that it has on disk.

        `FileNotFoundError` where the disk would find another entry under that name.
        """
        if self.exact:
            return self.prefix + self._listed(name)
        if not name.isascii():
            if self.forms is None and not self._exists(name):
                self.forms = self._read_forms()
            if self.forms is not None:
                name = self.forms.get(name, name)
        return self.prefix + name

    def new_name(self, name: str) -> str:
        """What to give to a call that makes `name`; it fails if the disk has that name, or takes another for it."""
        return self.prefix + name if self.exact else self.name(name)

    def respelled(self, name: str) -> str:
        """What to give to a rename of an entry to another form of its own name."""
        return self.prefix + name

    def twin(self, name: str) -> str | None:
        """The NFC name of the entry that the disk finds under `name` without listing it so; None if there is none."""
        if not self.exact or not self._exists(name):
            return None
        self.forms = self._read_forms()
        if name in self.forms:
            return None
        alike = [known for known in self.forms if fold(known) == fold(name)]
        # Short names of Windows, and what else a file system takes for one.
        return next(iter(alike or [known for known in self.forms if self._is_one(known, name)]), None)

    def _listed(self, name: str) -> str:
        if self.forms is not None and (known := self.forms.get(name)) is not None:
            return known
        if not name.isascii() or self._exists(name):
            self.forms = self._read_forms()
            if (known := self.forms.get(name)) is not None:
                return known
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)

    def _exists(self, name: str) -> bool:
        try:
            self._status(name)
        except FileNotFoundError:
            return False
        return True

    def _is_one(self, first: str, second: str) -> bool:
        try:
            return os.path.samestat(self._status(first), self._status(second))
        except FileNotFoundError:
            return False

    def _status(self, name: str) -> os.stat_result:
        return os.stat(self.prefix + name, dir_fd=self.fd, follow_symlinks=False)

    def _read_forms(self) -> dict[str, str]:
        names = os.listdir(self.prefix if self.fd is None else self.fd)
        forms: dict[str, str] = {}
        present = set(names)
        for name in sorted(names):
            key = name if name.isascii() else unicodedata.normalize("NFC", name)
            if key == name:
                if self.exact:
                    forms[key] = name
            elif key not in present:
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

    __slots__ = ("_exact", "_open", "_root")

    def __init__(self, root: str, *, exact: bool = False) -> None:
        """`exact`: this disk takes names for one that differ (`Folder.exact`)."""
        self._root = root
        self._exact = exact
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
        parent = self._open.get(parent_of(path))
        if parent is not None and parent.exact and parent.forms is not None:
            parent.forms.pop(name_of(path), None)
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
            prefix, fd = self._open_root()
        else:
            parent = self.folder(parent_of(path))
            prefix, fd = _open_below(parent, _name_in(parent, path), path)
        opened = self._open[path] = self._make(prefix, fd, exact=self._exact and path.split("/", 1)[0] != MARKER_DIR)
        return opened

    def locate(self, path: str) -> tuple[str, int | None]:
        """The name and the descriptor with which system calls reach `path`."""
        folder = self.folder(parent_of(path))
        return _name_in(folder, path), folder.fd

    def locate_new(self, path: str) -> tuple[str, int | None]:
        """As `locate`, for calls that make `path`."""
        folder = self.folder(parent_of(path))
        return folder.new_name(name_of(path)), folder.fd

    def made(self, path: str) -> None:
        """`path` has just been made under the name that `locate_new` gave."""
        folder = self._open.get(parent_of(path))
        if folder is not None and folder.exact and folder.forms is not None:
            folder.forms[name_of(path)] = folder.new_name(name_of(path)).removeprefix(folder.prefix)

    def twin(self, path: str) -> str | None:
        """What the disk has in the place of `path` or of a folder above it; None if nothing or just that is there."""
        for place in (*parents_of(path), path):
            try:
                folder = self.folder(parent_of(place))
                found = folder.twin(name_of(place))
            except (FileNotFoundError, NotADirectoryError):
                return None
            if found is not None:
                return place.removesuffix(name_of(place)) + found
        return None

    def _make(self, prefix: str, fd: int | None, *, exact: bool) -> Folder:
        return Folder(prefix, fd, exact)

    def _open_root(self) -> tuple[str, int | None]:
        if not _BY_DESCRIPTOR:
            return self._root + os.sep, None
        return "", os.open(self._root, _OPEN_FOLDER)


def _name_in(folder: Folder, path: str) -> str:
    # Whatever the vault's own folder is called on disk, there is one of it.
    return folder.prefix + MARKER_DIR if path == MARKER_DIR else folder.name(name_of(path))


def _open_below(parent: Folder, name: str, path: str) -> tuple[str, int | None]:
    if parent.fd is None:
        status = os.lstat(name)
        if not stat.S_ISDIR(status.st_mode) or _is_reparse_point(status):
            raise _not_a_folder(status.st_mode, path)
        return name + os.sep, None
    try:
        return "", os.open(name, _OPEN_FOLDER | _NOFOLLOW, dir_fd=parent.fd)
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
