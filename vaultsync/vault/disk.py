"""The file system of this machine, rooted at a vault."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import threading
import unicodedata
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final

from blake3 import blake3

from vaultsync.errors import UnstableFileError
from vaultsync.model.paths import MARKER_DIR, name_of, parent_of
from vaultsync.model.records import Signature
from vaultsync.vault.files import BLOCK, DiskRandomFile, DiskReadFile, signature_of
from vaultsync.vault.filesystem import DirEntry, DiskKind, Stat
from vaultsync.vault.folders import Folders, Lent
from vaultsync.vault.marker import MARKER_NAME
from vaultsync.vault.native import rename_exchange, rename_new, sync_file_system
from vaultsync.vault.writers import has_writer

_EXTRA: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# O_NONBLOCK: opening a FIFO that was put in a file's place must not wait for a writer.
_READ: Final = os.O_RDONLY | _EXTRA | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | _EXTRA
_NEW_FILE_MODE: Final = 0o666
_HAS_MODES: Final = os.name == "posix"
_SYNC_ALL_FROM: Final = 16
"""From so many files on, one sync of the file system is surely cheaper (measured on ext4: from 4 on)."""
_SYNC_THREADS: Final = 8
_CLONE: Final = 0x40049409
"""FICLONE, ioctl_ficlonerange(2)."""


class DiskFileSystem:
    """`FileSystem` on the real disk. May be used by several threads."""

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self._local = threading.local()
        self._folds_case: bool | None = None

    @property
    def folds_case(self) -> bool:
        if self._folds_case is None:
            names = os.listdir(self.root) if os.path.isdir(self.root) else []
            if MARKER_DIR not in names:
                return False  # nobody can tell yet
            # File systems in user space may give one file another inode under each of its names.
            other = MARKER_DIR.upper()
            self._folds_case = other not in names and os.path.lexists(os.path.join(self.root, other))
        return self._folds_case

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    @contextmanager
    def batch(self) -> Iterator[None]:
        if getattr(self._local, "folders", None) is not None:
            yield
            return
        with self._new_folders() as folders:
            self._local.folders, self._local.lent = folders, Lent(folders)
            try:
                yield
            finally:
                self._local.folders = self._local.lent = None

    def _folders(self) -> Lent | Folders:
        """What is open in this thread's batch, or else folders for one operation."""
        folders: Folders | None = getattr(self._local, "folders", None)
        if folders is None:
            return self._new_folders()
        folders.trim()
        lent: Lent = self._local.lent
        return lent

    def _new_folders(self) -> Folders:
        return Folders(self.root, exact=self.folds_case)

    def scan(self, folder: str) -> list[DirEntry]:
        entries: list[DirEntry] = []
        with self._folders() as folders:
            opened = folders.folder(folder)
            with os.scandir(opened.prefix if opened.fd is None else opened.fd) as listing:
                for item in listing:
                    try:
                        status = item.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    name = item.name
                    entries.append(
                        DirEntry(
                            name if name.isascii() else unicodedata.normalize("NFC", name),
                            name,
                            _kind_of(status.st_mode),
                            signature_of(status),
                            bool(status.st_mode & stat.S_IXUSR) if _HAS_MODES else None,
                        )
                    )
        return entries

    def stat(self, path: str) -> Stat | None:
        try:
            with self._folders() as folders:
                if path == "":
                    status = os.stat(self.root)
                else:
                    name, fd = folders.locate(path)
                    status = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        mode = status.st_mode
        executable = bool(mode & stat.S_IXUSR) if _HAS_MODES else None
        return Stat(_kind_of(mode), signature_of(status), executable, stat.S_IMODE(mode))

    def open_read(self, path: str) -> DiskReadFile:
        return DiskReadFile(self._open(path, _READ))

    def read(self, path: str) -> tuple[bytes, Signature]:
        with self.open_read(path) as file:
            before = file.signature()
            content = file.read(before.size + 1)
            while len(content) < before.size and (more := file.read(BLOCK)):
                content += more
            if len(content) != before.size or file.signature() != before:
                raise UnstableFileError(f"{path} is being written.")
        return content, before

    def hash(self, path: str) -> tuple[bytes, Signature]:
        with self.open_read(path) as file:
            before = file.signature()
            hasher = blake3()
            size = 0
            # No further than it was long: a log may grow as fast as it is read.
            while size <= before.size and (block := file.read(BLOCK)):
                hasher.update(block)
                size += len(block)
                # A film that is being recorded is not read to its end for nothing, ten times a second.
                if file.signature() != before:
                    break
            if size != before.size or file.signature() != before:
                raise UnstableFileError(f"{path} is being written.")
        return hasher.digest(), before

    def is_being_written(self, path: str) -> bool:
        # Where this is said of a file that nobody writes to as well, it means nothing (a share without leases).
        return self._has_writer(path) and not self._has_writer(f"{MARKER_DIR}/{MARKER_NAME}")

    def _has_writer(self, path: str) -> bool:
        try:
            with self.open_read(path) as file:
                return has_writer(file.fd)
        except OSError:
            return False  # it is gone, no file at all, or cannot be read; who asks looks at what it is, too

    def create(self, path: str, content: bytes, mtime_ns: int, *, executable: bool) -> Signature:
        with self._folders() as folders:
            name, folder = folders.locate_new(path)
            mode = _NEW_FILE_MODE | (0o111 if executable else 0)
            fd = os.open(name, _CREATE, mode, dir_fd=folder)
            try:
                try:
                    rest = memoryview(content)
                    while rest:
                        rest = rest[os.write(fd, rest) :]
                    if os.utime in os.supports_fd:
                        os.utime(fd, ns=(mtime_ns, mtime_ns))
                    else:
                        os.utime(name, ns=(mtime_ns, mtime_ns))
                    return signature_of(os.fstat(fd))
                finally:
                    os.close(fd)
            except BaseException:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
                raise

    def copy(self, source: str, target: str) -> bytes:
        hasher = blake3()
        with self.open_read(source) as file, self.open_random(target, create_size=0) as copy:
            if _share_blocks(file.fd, copy.fd):
                offset = 0
                while block := copy.read_at(offset, BLOCK):
                    hasher.update(block)
                    offset += len(block)
            else:
                offset = 0
                end = file.signature().size
                while offset < end and (block := file.read(min(BLOCK, end - offset))):
                    hasher.update(block)
                    copy.write_at(offset, block)
                    offset += len(block)
        return hasher.digest()

    def open_random(self, path: str, *, create_size: int | None = None) -> DiskRandomFile:
        if create_size is None:
            return DiskRandomFile(self._open(path, os.O_RDWR | _EXTRA))
        fd = self._open(path, _CREATE)
        try:
            os.ftruncate(fd, create_size)
        except BaseException:
            os.close(fd)
            self.remove(path)
            raise
        return DiskRandomFile(fd)

    def set_times(self, path: str, mtime_ns: int) -> None:
        with self._folders() as folders:
            name, fd = folders.locate(path)
            os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=fd, follow_symlinks=os.utime not in _FOLLOWABLE)

    def set_mode(self, path: str, mode: int) -> None:
        if not _HAS_MODES:
            return
        fd = self._open(path, _READ)
        try:
            os.fchmod(fd, mode)
        finally:
            os.close(fd)

    def move(self, source: str, target: str, *, replace: bool = False) -> None:
        with self._folders() as folders:
            old, old_fd = folders.locate(source)
            if replace and (there := self._there(folders, target)) is not None:
                os.replace(old, there[0], src_dir_fd=old_fd, dst_dir_fd=there[1])
            else:
                new, new_fd = folders.locate_new(target)
                _rename_new(old, new, old_fd, new_fd)
                folders.made(target)
            folders.forget(source)

    def _there(self, folders: Folders, path: str) -> tuple[str, int | None] | None:
        try:
            return folders.locate(path)
        except FileNotFoundError:
            return None

    def twin(self, path: str) -> str | None:
        if not self.folds_case:
            return None
        with self._folders() as folders:
            return folders.twin(path)

    def respell(self, source: str, target: str) -> None:
        with self._folders() as folders:
            old, old_fd = folders.locate(source)
            folder = folders.folder(parent_of(target))
            # A plain rename: one that refuses to replace may take the old name for what is in the way.
            os.rename(old, folder.respelled(name_of(target)), src_dir_fd=old_fd, dst_dir_fd=folder.fd)
            folders.forget(source)

    def swap(self, first: str, second: str) -> bool:
        with self._folders() as folders:
            a, a_fd = folders.locate(first)
            b, b_fd = folders.locate(second)
            try:
                rename_exchange(a, b, a_fd, b_fd)
            except OSError as error:
                if error.errno == errno.ENOTSUP:
                    return False
                raise
        return True

    def give_name(self, path: str, outside: str) -> None:
        if os.link not in os.supports_follow_symlinks:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP), path)
        with self._folders() as folders:
            name, fd = folders.locate(path)
            os.link(name, outside, src_dir_fd=fd, follow_symlinks=False)

    def remove(self, path: str) -> None:
        with self._folders() as folders:
            name, fd = folders.locate(path)
            os.unlink(name, dir_fd=fd)
            folders.forget(path)

    def mkdir(self, path: str) -> None:
        with self._folders() as folders:
            name, fd = folders.locate_new(path)
            os.mkdir(name, dir_fd=fd)
            folders.made(path)

    def rmdir(self, path: str) -> None:
        with self._folders() as folders:
            name, fd = folders.locate(path)
            os.rmdir(name, dir_fd=fd)
            folders.forget(path)

    def sync_files(self, paths: Collection[str]) -> None:
        if len(paths) >= _SYNC_ALL_FROM and self._sync_everything():
            return
        if len(paths) == 1:
            self._sync_one(next(iter(paths)))
        elif paths:
            with ThreadPoolExecutor(min(_SYNC_THREADS, len(paths))) as pool:
                list(pool.map(self._sync_one, paths))

    def sync_folders(self, paths: Collection[str]) -> None:
        if not _HAS_MODES or (len(paths) >= _SYNC_ALL_FROM and self._sync_everything()):
            return
        with self._folders() as folders:
            for path in paths:
                folders.trim()
                with suppress(FileNotFoundError, NotADirectoryError):
                    fd = folders.folder(path).fd
                    assert fd is not None
                    os.fsync(fd)

    def _sync_everything(self) -> bool:
        with self._folders() as folders:
            fd = folders.folder("").fd
            return fd is not None and sync_file_system(fd)

    def _sync_one(self, path: str) -> None:
        # Windows flushes only what is open for writing.
        fd = self._open(path, (os.O_RDONLY if _HAS_MODES else os.O_RDWR) | _EXTRA)
        try:
            _full_sync(fd)
        finally:
            os.close(fd)

    def _open(self, path: str, flags: int) -> int:
        with self._folders() as folders:
            name, folder = folders.locate_new(path) if flags & os.O_CREAT else folders.locate(path)
            fd = os.open(name, flags, _NEW_FILE_MODE, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "not a regular file", path)
        return fd


_FOLLOWABLE: Final = os.supports_follow_symlinks


def _rename_new(source: str, target: str, source_fd: int | None, target_fd: int | None) -> None:
    """Rename without replacing; where that takes two steps, a crash between them leaves both names."""
    try:
        rename_new(source, target, source_fd, target_fd)
        return
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
    if sys.platform == "win32":
        os.rename(source, target)
        return
    try:
        os.link(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd, follow_symlinks=False)
        os.unlink(source, dir_fd=source_fd)
    except FileExistsError:
        raise
    except OSError:
        # A folder, or a file system without hard links: the best that is left is to look first.
        try:
            os.stat(target, dir_fd=target_fd, follow_symlinks=False)
        except FileNotFoundError:
            os.rename(source, target, src_dir_fd=source_fd, dst_dir_fd=target_fd)
        else:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from None


def _share_blocks(source_fd: int, target_fd: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target_fd, _CLONE, source_fd)
    except OSError:
        # Most file systems can't; the caller copies instead.
        return False
    return True


def _full_sync(fd: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        # fsync(2) on macOS leaves the data in the drive's cache.
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
    else:
        os.fsync(fd)


def _kind_of(mode: int) -> DiskKind:
    if stat.S_ISREG(mode):
        return DiskKind.FILE
    if stat.S_ISDIR(mode):
        return DiskKind.DIR
    return DiskKind.LINK if stat.S_ISLNK(mode) else DiskKind.OTHER
