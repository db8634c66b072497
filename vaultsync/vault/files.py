"""Open files on the real disk."""

from __future__ import annotations

import errno
import os
import sys
from typing import Final, Self

from vaultsync.model.records import Signature
from vaultsync.vault.native import start_writing_back

BLOCK: Final = 1 << 20
"""Bytes read at a time: large enough that the calls don't matter, small enough for any memory."""


def signature_of(status: os.stat_result) -> Signature:
    return Signature(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class _DiskFile:
    """Owns a descriptor."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def read_at(self, offset: int, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self._read(offset, size)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    if sys.platform == "win32":

        def _read(self, offset: int, size: int) -> bytes:
            os.lseek(self.fd, offset, os.SEEK_SET)
            return os.read(self.fd, size)

        def _write(self, offset: int, data: memoryview) -> int:
            os.lseek(self.fd, offset, os.SEEK_SET)
            return os.write(self.fd, data)

    else:

        def _read(self, offset: int, size: int) -> bytes:
            return os.pread(self.fd, size, offset)

        def _write(self, offset: int, data: memoryview) -> int:
            return os.pwrite(self.fd, data, offset)


class DiskReadFile(_DiskFile):
    """`ReadFile` on the real disk."""

    __slots__ = ()

    def read(self, size: int) -> bytes:
        return os.read(self.fd, size)

    def signature(self) -> Signature:
        return signature_of(os.fstat(self.fd))


class DiskRandomFile(_DiskFile):
    """`RandomFile` on the real disk."""

    __slots__ = ()

    def write_at(self, offset: int, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = self._write(offset, rest)
            offset += written
            rest = rest[written:]

    def start_writing_back(self) -> None:
        start_writing_back(self.fd)

    def is_hole(self, offset: int, size: int) -> bool:
        if not hasattr(os, "SEEK_DATA"):
            return False
        try:
            return os.lseek(self.fd, offset, os.SEEK_DATA) >= offset + size
        except OSError as error:
            # ENXIO: no data from here to the end.
            return error.errno == errno.ENXIO
