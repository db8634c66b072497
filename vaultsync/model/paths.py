"""Vault paths: relative, `/`-separated, NFC. What no vault may hold is refused here, whoever names it."""

from __future__ import annotations

import unicodedata
from typing import Final

from vaultsync.errors import PathError

MARKER_DIR: Final = ".vaultsync"
"""The vault's own folder: id marker and temporary files, never synced."""

MAX_COMPONENT_BYTES: Final = 255
"""The longest name that ext4, APFS and NTFS all hold (NTFS counts UTF-16 units, never more than UTF-8 bytes)."""

MAX_PATH_BYTES: Final = 4096
MAX_DEPTH: Final = 64


def check_path(path: str) -> str:
    """Return `path` if a vault may hold it, else raise `PathError` that says why.

    Allowed: relative, NFC, `/`-separated, no empty, `.` or `..` component, no backslash, NUL or other control
    character, no component over 255 bytes of UTF-8, never inside `.vaultsync/` (in any case or width).
    """
    if not path:
        raise PathError("A path is empty.")
    if path.isascii():
        size = len(path)
    else:
        try:
            size = len(path.encode())
        except UnicodeEncodeError:
            raise PathError(f"{path!r} is not valid Unicode.") from None
        if not unicodedata.is_normalized("NFC", path):
            raise PathError(f"{path!r} is not in Unicode normal form C.")
    if size > MAX_PATH_BYTES:
        raise PathError(f"A path has {size} bytes; the limit is {MAX_PATH_BYTES}.")
    if "\\" in path:
        raise PathError(f"{path!r} has a backslash.")
    if not path.isprintable() and any(unicodedata.category(c) == "Cc" for c in path):
        raise PathError(f"{path!r} has a control character.")
    parts = path.split("/")
    if len(parts) > MAX_DEPTH:
        raise PathError(f"A path is {len(parts)} levels deep; the limit is {MAX_DEPTH}.")
    for part in parts:
        if part in ("", ".", ".."):
            raise PathError(f"{path!r} has an empty, `.` or `..` component, or is absolute.")
        if size > MAX_COMPONENT_BYTES and len(part.encode()) > MAX_COMPONENT_BYTES:
            raise PathError(f"A name in {path!r} has more than {MAX_COMPONENT_BYTES} bytes.")
    if parts[0].startswith((".", "．")) and is_marker(parts[0]):
        raise PathError(f"{path!r} is inside the vault's own folder.")
    return path


def is_marker(name: str) -> bool:
    """Whether a file system that folds case or width could take `name` for the vault's own folder."""
    folded = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return folded.casefold().rstrip(". ") == MARKER_DIR


def fold(path: str) -> str:
    """The form under which names collide on case-insensitive, normalising file systems."""
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", path).casefold())


def parent_of(path: str) -> str:
    """The folder that holds `path`; the empty string for the top level."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """The last component."""
    return path.rpartition("/")[2]


def parents_of(path: str) -> list[str]:
    """Every folder above `path`, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


_DEVICE_STEMS = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in "123456789¹²³")}


def windows_obstacle(path: str) -> str | None:
    """Why Windows cannot hold `path` (learn.microsoft.com, "Naming files"), or None if it can."""
    for part in path.split("/"):
        if part[-1] in ". ":
            return f"Windows cannot hold a name that ends in a dot or a space: {part!r}"
        if bad := set(part) & set('<>:"|?*'):
            return f"Windows cannot hold a name with {' '.join(sorted(bad))}: {part!r}"
        if part.split(".", 1)[0].rstrip(" ").casefold() in _DEVICE_STEMS:
            return f"Windows reserves the name {part!r}"
    return None
