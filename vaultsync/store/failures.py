"""SQLite's and the file system's errors, in words for a person."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vaultsync.errors import DiskFullError, StoreError, VaultsyncError

_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT}


def explained(error: sqlite3.Error | OSError, path: Path, advice: str) -> VaultsyncError:
    """The error to raise instead of `error`, which arose in the database at `path`.

    `advice` says what to do when the file is damaged. SQLite's codes: sqlite.org/rescode.html.
    """
    if isinstance(error, OSError):
        if error.errno in _FULL_ERRNOS:
            return DiskFullError(f"There is no room left to write beside {path}.")
        return StoreError(f"{error.filename or path} cannot be used: {error.strerror or error}.")
    # The extended codes carry the primary one in their low byte; errors of the Python module carry none.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return DiskFullError(f"There is no room left to write to {path}.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(f"The database {path} is damaged ({error}).", hint=advice)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreError(
                f"Another program is using the database {path}.", hint="Close it, or wait until it is done."
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return StoreError(
                f"The database {path} cannot be opened for writing ({error}).",
                hint="Check that the folder and the file belong to you and that the disk is writable.",
            )
        case sqlite3.SQLITE_IOERR:
            return StoreError(
                f"The database {path} cannot be read or written ({error}).",
                hint="Check the disk that it is on, and start again.",
            )
        case _:
            return StoreError(f"The database {path} cannot be used ({error}).", hint=advice)


@contextmanager
def explaining(path: Path, advice: str) -> Iterator[None]:
    """Turn `sqlite3.Error` and `OSError` raised inside into `StoreError` or `DiskFullError`."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise explained(error, path, advice) from error
