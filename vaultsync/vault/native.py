"""System calls that Python does not offer: rename without replacing, exchange names, sync a file system, begin to write
a file back, trim the heap.

Linux: renameat2(2); macOS: renameatx_np(2). Elsewhere, and on file systems without them, `OSError` with
`errno.ENOTSUP` says that nothing was done.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from typing import Final

_UNSUPPORTED: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})

_Native = Callable[[int, bytes, int, bytes, int], int]


def _load() -> tuple[_Native, int, int] | None:
    """The native call with its flags for no-replace and exchange."""
    if sys.platform == "win32":
        return None
    name, no_replace, exchange = ("renameatx_np", 4, 2) if sys.platform == "darwin" else ("renameat2", 1, 2)
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    function.restype = ctypes.c_int
    return function, no_replace, exchange


_NATIVE: Final = _load()


def rename_new(source: str, target: str, source_fd: int | None, target_fd: int | None) -> None:
    """Rename, atomically failing with `FileExistsError` if `target` exists."""
    _rename(source, target, source_fd, target_fd, exchange=False)


def rename_exchange(first: str, second: str, first_fd: int | None, second_fd: int | None) -> None:
    """Exchange two existing names atomically."""
    _rename(first, second, first_fd, second_fd, exchange=True)


def _rename(source: str, target: str, source_fd: int | None, target_fd: int | None, *, exchange: bool) -> None:
    if _NATIVE is None or source_fd is None or target_fd is None:
        raise OSError(errno.ENOTSUP, "no such rename here", source)
    function, no_replace_flag, exchange_flag = _NATIVE
    flag = exchange_flag if exchange else no_replace_flag
    if function(source_fd, os.fsencode(source), target_fd, os.fsencode(target), flag) == 0:
        return
    number = ctypes.get_errno()
    if number in _UNSUPPORTED:
        number = errno.ENOTSUP
    raise OSError(number, os.strerror(number), source, None, target)


def sync_file_system(fd: int) -> bool:
    """Make everything on the file system of `fd` durable (Linux syncfs(2)); False where that does not exist.

    One wait for a thousand files. Since Linux 5.8 it reports write-back errors, as fsync does.
    """
    if _SYNCFS is None:
        return False
    if _SYNCFS(fd) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return True


def start_writing_back(fd: int) -> None:
    """Let the disk begin to write what is new in a file (Linux sync_file_range(2)); nothing elsewhere.

    It makes nothing durable: what then has to be waited for is only less.
    """
    if _SYNC_RANGE is not None:
        _SYNC_RANGE(fd, 0, 0, _WRITE)


def trim_heap() -> None:
    """Give memory that was freed back to the system (glibc's malloc_trim(3)); nothing elsewhere."""
    if _TRIM is not None:
        _TRIM(0)


def _load_int_call(name: str) -> Callable[[int], int] | None:
    """A function of the C library from an int to an int, on Linux, where there is one of that name."""
    if not sys.platform.startswith("linux"):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is None:
        return None
    function.argtypes = (ctypes.c_int,)
    function.restype = ctypes.c_int
    return function  # type: ignore[no-any-return]


_WRITE: Final = 2
"""SYNC_FILE_RANGE_WRITE."""


def _load_sync_range() -> Callable[[int, int, int, int], int] | None:
    function = getattr(ctypes.CDLL(None), "sync_file_range", None) if sys.platform.startswith("linux") else None
    if function is None:
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    function.restype = ctypes.c_int
    return function  # type: ignore[no-any-return]


_SYNC_RANGE: Final = _load_sync_range()
_SYNCFS: Final = _load_int_call("syncfs")
_TRIM: Final = _load_int_call("malloc_trim")
