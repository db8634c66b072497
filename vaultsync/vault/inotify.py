"""Linux inotify(7), recursively, without delay.

watchdog holds every event back for half a second to pair the two halves of a move, and what came later waits
behind it. Here a move is two hints, and a hint is passed on as soon as the kernel gives it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import select
import struct
import threading
import time
import unicodedata
from collections.abc import Collection
from typing import Final, Protocol

from vaultsync.model.filters import never_reason
from vaultsync.model.paths import MARKER_DIR


class OnDirty(Protocol):
    """Who is told of hints, in the thread of whoever watches."""

    def __call__(self, paths: Collection[str] | None, moves: Collection[tuple[str, str]] = ()) -> None:
        """Something happened at `paths`, or anywhere if that is None. `moves` are those of them that are two names,
        old and new, of one file or folder."""


_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE, _DELETE_SELF, _MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
_UNMOUNT, _OVERFLOW, _IGNORED = 0x2000, 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW, _EXCL_UNLINK, _ISDIR = 0x1000000, 0x2000000, 0x4000000, 0x40000000
"""<sys/inotify.h>."""

_MASK: Final = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_FLAGS: Final = _ONLYDIR | _DONT_FOLLOW | _EXCL_UNLINK
_ROOT_MASK: Final = _MASK | _DELETE_SELF | _MOVE_SELF
_HEADER: Final = struct.Struct("iIII")
_READ_SIZE: Final = 256 << 10
_GUST_S: Final = 0.005
"""In a storm of events, how long to let them gather before the next read; the first of it is passed on at once."""


class InotifySource:
    """Watches a folder and all below it from a thread of its own."""

    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root = os.fsencode(root)
        self._on_dirty = on_dirty
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = -1
        self._wake_read, self._wake_write = -1, -1
        self._paths: dict[int, bytes] = {}
        """Watch descriptor -> path relative to the root, as it is on disk."""
        self._watches: dict[bytes, int] = {}
        self._moved: tuple[int, str | None] = (0, None)
        """Of the last that was moved away, the number that its new name will have, and its old name."""
        self._thread: threading.Thread | None = None
        self.degraded: str | None = None
        """Why changes may be seen late, in words; None if all is watched."""

    def start(self) -> None:
        """Watch all folders, then begin to report. What happens after the return is not missed."""
        self._fd = self._libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
        if self._fd < 0:
            number = ctypes.get_errno()
            if number == errno.EMFILE:
                self.degraded = "the system allows no more watchers (fs.inotify.max_user_instances)"
                return
            raise OSError(number, os.strerror(number))
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC)
        self._watch_tree(b"")
        self._thread = threading.Thread(target=self._run, name="vault-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and free the watches. Idempotent."""
        if self._thread is not None:
            os.write(self._wake_write, b"!")
            if self._thread is not threading.current_thread():
                self._thread.join()
            self._thread = None
        for fd in (self._fd, self._wake_read, self._wake_write):
            if fd >= 0:
                os.close(fd)
        self._fd = self._wake_read = self._wake_write = -1

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        told_s = 0.0
        while True:
            if any(fd == self._wake_read for fd, _ in poll.poll()):
                return
            if time.monotonic() - told_s < 2 * _GUST_S:
                time.sleep(_GUST_S)
            try:
                data = os.read(self._fd, _READ_SIZE)
            except BlockingIOError:
                continue
            moves: list[tuple[str, str]] = []
            dirty = self._take(data, moves)
            if dirty is None or dirty:
                self._on_dirty(dirty, moves)
                told_s = time.monotonic()

    def _take(self, data: bytes, moves: list[tuple[str, str]]) -> set[str] | None:
        """The paths that these events speak of; None if events were lost or the root is gone. Adds to `moves`."""
        dirty: set[str] | None = set()
        offset = 0
        while offset < len(data):
            wd, mask, cookie, length = _HEADER.unpack_from(data, offset)
            offset += _HEADER.size
            name = data[offset : offset + length].rstrip(b"\0")
            offset += length
            if mask & _OVERFLOW:
                # Folders may have appeared that nobody watches.
                self._watch_tree(b"")
                dirty = None
            elif mask & _IGNORED:
                self._drop(wd)
            elif mask & (_DELETE_SELF | _MOVE_SELF | _UNMOUNT):
                dirty = None
            elif name and wd in self._paths:
                path = self._entry(self._paths[wd], name, mask)
                if path is not None and dirty is not None:
                    dirty.add(path)
                if mask & _MOVED_FROM:
                    self._moved = (cookie, path)
                elif mask & _MOVED_TO:
                    number, origin = self._moved
                    if number == cookie and origin is not None and path is not None:
                        moves.append((origin, path))
        return dirty

    def _entry(self, folder: bytes, name: bytes, mask: int) -> str | None:
        raw = folder + b"/" + name if folder else name
        if raw == os.fsencode(MARKER_DIR):
            return None
        if mask & _ISDIR:
            if mask & (_MOVED_FROM | _DELETE):
                self._unwatch_tree(raw)
            elif mask & (_CREATE | _MOVED_TO):
                # Watched before it is reported: what is made in it is in the listing or in an event.
                self._watch_tree(raw)
            else:
                return None
        return _vault_path(raw)

    def _watch_tree(self, top: bytes) -> None:
        stack = [top]
        while stack:
            path = stack.pop()
            if path and never_reason(_shown(path)) is not None:
                continue
            if not self._watch(path):
                continue
            try:
                with os.scandir(os.path.join(self._root, path)) as listing:
                    stack += [
                        path + b"/" + item.name if path else item.name
                        for item in listing
                        if item.is_dir(follow_symlinks=False)
                    ]
            except OSError:
                # Gone or unreadable by now; the scanner finds the words for it.
                continue

    def _watch(self, path: bytes) -> bool:
        full = os.path.join(self._root, path) if path else self._root
        wd = self._libc.inotify_add_watch(self._fd, full, (_MASK if path else _ROOT_MASK) | (_FLAGS if path else 0))
        if wd >= 0:
            old = self._paths.get(wd)
            if old is not None:
                self._watches.pop(old, None)
            self._paths[wd] = path
            self._watches[path] = wd
            return True
        number = ctypes.get_errno()
        if number == errno.ENOSPC:
            self.degraded = "the system allows no more watched folders (fs.inotify.max_user_watches)"
        elif path == b"":
            raise OSError(number, os.strerror(number), os.fsdecode(full))
        return False

    def _unwatch_tree(self, top: bytes) -> None:
        below = top + b"/"
        for path in [p for p in self._watches if p == top or p.startswith(below)]:
            wd = self._watches.pop(path)
            self._paths.pop(wd, None)
            self._libc.inotify_rm_watch(self._fd, wd)

    def _drop(self, wd: int) -> None:
        path = self._paths.pop(wd, None)
        if path is not None and self._watches.get(path) == wd:
            del self._watches[path]


def _vault_path(raw: bytes) -> str:
    path = os.fsdecode(raw)
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
