"""How long many small notes take from memory to durable on disk, and how long a scan takes after.

    python -m tests.benchmarks.apply_files [FILES] [FOLDER]

Prints seconds of wall-clock and processor time for: new files, replaced files, the first sweep, a sweep of an
unchanged vault. FOLDER is where the temporary vault is made; by default, the system's temporary folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from vaultsync.model.changes import Author, record_change
from vaultsync.model.ids import VaultId
from vaultsync.model.records import Entry, Signature
from vaultsync.vault.actions import Result, WriteFile
from vaultsync.vault.applier import Applier
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.scanner import Scanner
from vaultsync.vault.selection import Selection

FOLDERS = 50
NOTE_BYTES = 1_200
MTIME_NS = 1_600_000_000_000_000_000


class Index:
    """As much of an index as the scanner asks for."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def get(self, path: str) -> Entry | None:
        return self.entries.get(path)

    def get_many(self, paths: Collection[str]) -> dict[str, Entry]:
        return {path: self.entries[path] for path in paths if path in self.entries}

    def below(self, folder: str) -> list[Entry]:
        return [e for path, e in self.entries.items() if folder == "" or path.startswith(folder + "/")]


@contextmanager
def measured(what: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what:<28} {time.perf_counter() - wall:7.3f} s   {time.process_time() - cpu:7.3f} s of processor")


def write(
    applier: Applier, fs: DiskFileSystem, contents: list[bytes], known: list[Signature | None]
) -> list[Signature]:
    with fs.batch():
        staged = [applier.stage(content, MTIME_NS, False) for content in contents]
    applier.make_durable(staged)
    outcomes = applier.apply(
        [
            WriteFile(f"folder {n % FOLDERS}/note {n}.md", one.hash, NOTE_BYTES, MTIME_NS, False, expected, one)
            for n, (one, expected) in enumerate(zip(staged, known, strict=True))
        ]
    )
    assert all(outcome.result is Result.DONE for outcome in outcomes)
    return [outcome.signature for outcome in outcomes if outcome.signature is not None]


def sweep(scanner: Scanner, index: Index) -> int:
    now_ms = time.time_ns() // 1_000_000
    found = 0
    for sighting in scanner.sweep(index, now_ms):
        for seen in sighting.observations:
            found += 1
            change = record_change(None, seen, Author(b"a" * 32, "here"), now_ms)
            assert change is not None
            index.entries[seen.path] = Entry(change, signature=seen.signature)
    return found


def main(files: int, where: str | None) -> None:
    with tempfile.TemporaryDirectory(dir=where) as temporary:
        root = os.path.join(temporary, "vault")
        VaultFolder.create(root, VaultId(os.urandom(16)), "benchmark")
        fs = DiskFileSystem(root)
        applier, scanner, index = Applier(fs), Scanner(fs, Selection()), Index()
        print(f"{files} notes of {NOTE_BYTES} bytes in {FOLDERS} folders")
        with measured("new files"):
            known = write(applier, fs, [os.urandom(NOTE_BYTES) for _ in range(files)], [None] * files)
        with measured("replaced files"):
            write(applier, fs, [os.urandom(NOTE_BYTES) for _ in range(files)], list(known))
        with measured("first sweep"):
            assert sweep(scanner, index) >= files
        with measured("sweep of an unchanged vault"):
            assert sweep(scanner, index) == 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2] if len(sys.argv) > 2 else None)
