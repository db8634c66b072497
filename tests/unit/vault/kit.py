"""A vault in a temporary folder, with an index that believes whatever the scanner says."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from vaultsync.model.changes import Author, record_change
from vaultsync.model.ids import VaultId
from vaultsync.model.manifests import Manifest
from vaultsync.model.records import Entry, FileRecord, State
from vaultsync.vault.actions import Outcome, WriteFile
from vaultsync.vault.applier import Applier
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.longread import LongRead
from vaultsync.vault.scanner import Scanner, Sighting
from vaultsync.vault.selection import Selection

AUTHOR = Author(b"a" * 32, "Laptop")
OLD_NS = 1_600_000_000_000_000_000
"""Long before any test: a file with this mtime is not about to change."""


class FakeIndex:
    """The index as a dict."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def get(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def get_many(self, paths: Collection[str]) -> dict[str, Entry]:
        return {path: self.entries[path] for path in paths if path in self.entries}

    def below(self, folder: str) -> Iterable[Entry]:
        return [
            entry
            for path, entry in self.entries.items()
            if (folder == "" or path.startswith(folder + "/"))
            and not entry.record.deleted
            and entry.state is State.PRESENT
        ]

    def take(self, sighting: Sighting, now_ms: int) -> None:
        for seen in sighting.observations:
            known = self.entries.get(seen.path)
            change = record_change(known.record if known else None, seen, AUTHOR, now_ms)
            if change is not None:
                self.entries[seen.path] = Entry(change, signature=seen.signature)
        for path, signature in sighting.touched:
            self.entries[path] = Entry(self.entries[path].record, signature=signature)

    def record(self, path: str) -> FileRecord:
        return self.entries[path].record


class Kit:
    """A vault with everything that works on it."""

    def __init__(self, root: Path, ignore: str = "") -> None:
        self.folder = VaultFolder.create(str(root), VaultId(b"v" * 16), "notes")
        self.root = root
        self.fs = DiskFileSystem(str(root))
        self.scanner = Scanner(self.fs, Selection(ignore))
        self.applier = Applier(self.fs, prefix="t")
        self.index = FakeIndex()
        self.now_ms = time.time_ns() // 1_000_000 + 60_000
        """A minute ahead, so that nothing that a test writes looks freshly modified."""

    def write(self, path: str, content: bytes | str = b"text", mtime_ns: int | None = OLD_NS) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        if mtime_ns is not None:
            os.utime(target, ns=(mtime_ns, mtime_ns))
        return target

    def cut(self, path: str, content: bytes) -> Manifest:
        """Write a large file, and cut it."""
        self.write(path, content)
        found = LongRead(path).go_on(self.fs, len(content))
        assert found is not None
        return found[0]

    def look(self, *paths: str) -> Sighting:
        sighting = self.scanner.look(paths, self.index, self.now_ms)
        self.index.take(sighting, self.now_ms)
        return sighting

    def sweep(self) -> list[Sighting]:
        sightings = []
        for sighting in self.scanner.sweep(self.index, self.now_ms):
            self.index.take(sighting, self.now_ms)
            sightings.append(sighting)
        return sightings

    def put(self, path: str, content: bytes, *, replaces: bool = False, executable: bool = False) -> Outcome:
        staged = self.applier.stage(content, OLD_NS, executable)
        self.applier.make_durable([staged])
        there = self.fs.stat(path) if replaces else None
        expected = there.signature if there is not None else None
        action = WriteFile(path, staged.hash, len(content), OLD_NS, executable, expected, staged)
        (outcome,) = self.applier.apply([action])
        return outcome

    def temporary(self) -> list[str]:
        """Names of what lies in the folder for temporary files."""
        folder = self.root / ".vaultsync" / "tmp"
        return sorted(os.listdir(folder)) if folder.exists() else []


def seen(sighting: Sighting) -> dict[str, str]:
    """What a sighting observed: path -> "file", "dir" or "gone"."""
    return {o.path: o.kind.value if o.kind else "gone" for o in sighting.observations}


def merged(sightings: Collection[Sighting]) -> dict[str, str]:
    result: dict[str, str] = {}
    for sighting in sightings:
        result |= seen(sighting)
    return result
