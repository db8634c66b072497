"""Names for conflict copies, the same on every device that derives them."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final

from vaultsync.model.paths import MAX_COMPONENT_BYTES, MAX_PATH_BYTES

_UNWANTED = re.compile(r'[\\/:*?"<>|#^\[\]]')
"""What Windows can't hold in a name, and what a link in a note can't point at."""

_DRAWING: Final = ".excalidraw.md"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS: Final = 253_402_300_799_000
"""The end of the year 9999, the last that a date can name."""

MAX_DEVICE_BYTES: Final = 60
MAX_EXTENSION_BYTES: Final = 40


def conflict_name(path: str, modified_at_ms: int, device_name: str) -> str:
    """The path of the conflict copy of `path`, as it was changed at `modified_at_ms` (Unix time) on a device.

    `Name (conflict 2026-11-20 1403 Laptop).ext`, in UTC, in the same folder. What can't stand in a file name is
    taken out of the device's name; the note's own name is shortened where the whole would pass 255 bytes.
    """
    return _with_suffix(path, f" ({_mark(modified_at_ms, device_name)})")


def is_named_after(path: str, modified_at_ms: int, device_name: str) -> bool:
    """Whether `path` is the conflict copy of some note, as it was changed then and there."""
    stem, _ = _split(path.rpartition("/")[2])
    return stem.endswith(f" ({_mark(modified_at_ms, device_name)})")


def other_copy_name(path: str, content_hash: bytes) -> str:
    """Where the conflict copy at `path` goes when another of the same note, minute and device takes its place.

    `Name (conflict 2026-11-20 1403 Laptop) (1f2e3d4c).ext`: the content's hash tells them apart.
    """
    folder, slash, name = path.rpartition("/")
    stem, extension = _split(name)
    note, opening, mark = stem.rpartition(" (conflict ")
    return _with_suffix(f"{folder}{slash}{note}{extension}", f"{opening}{mark} ({content_hash[:4].hex()})")


def _mark(modified_at_ms: int, device_name: str) -> str:
    moment = _EPOCH + timedelta(milliseconds=min(max(modified_at_ms, 0), _LAST_MS))
    return f"conflict {moment:%Y-%m-%d %H%M} {_device(device_name)}"


def _with_suffix(path: str, mark: str) -> str:
    folder, slash, name = path.rpartition("/")
    stem, extension = _split(name)
    suffix = mark + extension
    room = MAX_PATH_BYTES - len(f"{folder}{slash}{suffix}".encode())
    if room < 0:
        # Nothing fits into that folder any more: a copy at the top is better than none.
        folder, slash, room = "", "", MAX_PATH_BYTES
    stem = _trim(stem, min(MAX_COMPONENT_BYTES - len(suffix.encode()), room))
    return unicodedata.normalize("NFC", f"{folder}{slash}{stem}{suffix}")


def _split(name: str) -> tuple[str, str]:
    """Stem and extension; a dot file has no extension but the one after its first dot."""
    double = len(name) - len(_DRAWING)
    if double > 0 and name[double:].casefold() == _DRAWING:
        return name[:double], name[double:]
    dot = name.rfind(".")
    if dot < 1 or " " in name[dot:] or len(name[dot:].encode()) > MAX_EXTENSION_BYTES:
        return name, ""
    return name[:dot], name[dot:]


def _device(name: str) -> str:
    plain = unicodedata.normalize("NFC", _UNWANTED.sub(" ", name))
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in plain)
    return _trim(" ".join(plain.split()), MAX_DEVICE_BYTES).strip(" .()") or "device"


def _trim(text: str, limit: int) -> str:
    """`text` cut to `limit` bytes of UTF-8, never inside a character or before a combining mark."""
    if len(text.encode()) <= limit:
        return text
    cut = text.encode()[:limit].decode(errors="ignore")
    while cut and (unicodedata.combining(text[len(cut)]) or text[len(cut)] in "\u200d\ufe0f" or cut[-1] == "\u200d"):
        cut = cut[:-1]
    return cut.rstrip()
