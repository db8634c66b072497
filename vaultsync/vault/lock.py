"""One node per vault: an exclusive lock that says who holds it; the node's own folder has one, too."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Final, Self

from vaultsync.errors import VaultLockedError
from vaultsync.model.paths import MARKER_DIR

LOCK_NAME: Final = "lock"
_LOCKED_AT: Final = 1 << 20
"""Windows locks bytes against reading too: this one lies behind the text."""


class FileLock:
    """Held from `acquire` until `release`, or until the process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self, command: str) -> None:
        """Take the lock; `command` is what others are told is running. `VaultLockedError` names who holds it."""
        if self._fd is not None:
            return
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        fd = os.open(self._path, flags, 0o644)
        try:
            if not _try_lock(fd):
                raise VaultLockedError(_holder(fd), hint="Stop it first, or use it: `vaultsync status`.")
            holder = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "command": command,
                "since": time.strftime("%H:%M"),
            }
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, json.dumps(holder).encode())
        except BaseException:
            os.close(fd)
            raise
        self._fd = fd

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two nodes lock two files of one name."""
        if self._fd is not None:
            with suppress(OSError):
                os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class VaultLock(FileLock):
    """The lock of the vault at `root`."""

    def __init__(self, root: str) -> None:
        super().__init__(os.path.join(root, MARKER_DIR, LOCK_NAME))


def _holder(fd: int) -> str:
    try:
        holder = json.loads(os.pread(fd, 4096, 0) if hasattr(os, "pread") else os.read(fd, 4096))
        return (
            f"It is held by process {holder['pid']} ({holder['command']}) on {holder['host']} since {holder['since']}."
        )
    except (ValueError, KeyError, TypeError):
        return "It is held by another process."


if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        os.lseek(fd, _LOCKED_AT, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(fd, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
