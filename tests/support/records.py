"""Records for tests, in as few words as a table has room for."""

from __future__ import annotations

from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.vault.hashing import hash_bytes

MINUTE_MS = 60_000
BASE_MS = 1_800_000_000_000
"""2027-01-15 08:00 UTC."""


def device(number: int) -> bytes:
    """The node id of device `number`."""
    return bytes([number]) * 32


def version(**counters: int) -> Version:
    """`version(a=1, b=2)`: device a is number 1, b number 2, and so on."""
    return Version.of({device(ord(name) - ord("a") + 1): counter for name, counter in counters.items()})


def a_file(
    content: str,
    at: Version,
    *,
    path: str = "note.md",
    by: int = 1,
    when: int = 0,
    executable: bool = False,
    moved_from: str | None = None,
) -> FileRecord:
    """A file that device `by` wrote `when` minutes after the start."""
    data = content.encode()
    return FileRecord(
        path=path,
        kind=Kind.FILE,
        hash=hash_bytes(data),
        size=len(data),
        mtime_ns=(BASE_MS + when * MINUTE_MS) * 1_000_000,
        executable=executable,
        version=at,
        deleted=False,
        modified_by=device(by),
        modified_name=f"Device {by}",
        modified_at=BASE_MS + when * MINUTE_MS,
        moved_from=moved_from,
    )


def a_folder(at: Version, *, path: str = "note.md", by: int = 1, when: int = 0) -> FileRecord:
    return FileRecord(
        path=path,
        kind=Kind.DIR,
        hash=b"",
        size=0,
        mtime_ns=0,
        executable=False,
        version=at,
        deleted=False,
        modified_by=device(by),
        modified_name=f"Device {by}",
        modified_at=BASE_MS + when * MINUTE_MS,
    )


def a_tombstone(
    at: Version,
    *,
    path: str = "note.md",
    by: int = 1,
    when: int = 0,
    kind: Kind = Kind.FILE,
    moved_to: str | None = None,
) -> FileRecord:
    return FileRecord(
        path=path,
        kind=kind,
        hash=b"",
        size=0,
        mtime_ns=0,
        executable=False,
        version=at,
        deleted=True,
        modified_by=device(by),
        modified_name=f"Device {by}",
        modified_at=BASE_MS + when * MINUTE_MS,
        moved_to=moved_to,
    )
