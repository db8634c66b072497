"""What went wrong with a file, in words for a person."""

from __future__ import annotations

import errno
import os
from typing import Final

from vaultsync.vault.filesystem import DiskKind

KIND_TROUBLES: Final = {
    DiskKind.LINK: "it is a link; links are not synced",
    DiskKind.OTHER: "it is neither a file nor a folder",
}

_WORDS: Final = {
    errno.EACCES: "permission denied",
    errno.EPERM: "the system does not permit it",
    errno.EROFS: "the disk is read-only",
    errno.ELOOP: "a link is in the way; links are not followed",
    errno.ENAMETOOLONG: "the name is too long for this disk",
    errno.EINVAL: "this disk cannot hold such a name",
    errno.EILSEQ: "this disk cannot hold such a name",
    errno.EXDEV: "it is on another disk than the vault",
    errno.EIO: "the disk reports an error",
    errno.EBUSY: "another program is using it",
}

PERMANENT: Final = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EXDEV, errno.ELOOP})
"""Errors that trying again does not mend."""

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


def error_words(error: OSError) -> str:
    """Why the system refused."""
    number = error.errno
    if number is None:
        return str(error)
    return _WORDS.get(number) or os.strerror(number).lower()


_TWIN: Final = "this disk takes "
_TWIN_BEFORE: Final = "on this disk the name is the same as "
"""How earlier versions of this program began."""


def twin_words(path: str, twin: str) -> str:
    """Why a disk that has `twin` in the place of `path` cannot hold `path`."""
    here, there = twin.rpartition("/")[2], path.rpartition("/")[2]
    return (
        f"{_TWIN}“{there}” and “{here}” for one name and has “{here}” already; "
        f"rename “{there}” on a device that has it, or “{here}” here, and it comes by itself"
    )


def is_about_twins(reason: str) -> bool:
    """Whether `reason` is one of `twin_words`."""
    return reason.startswith((_TWIN, _TWIN_BEFORE))


def shown(path: str) -> str:
    """A path as it can be shown and stored: bytes that are not UTF-8 appear as `\\xNN`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
