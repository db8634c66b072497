"""A process that is killed in the middle of its work leaves a store in which everything agrees."""

# ruff: noqa: A001 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.index import Index
from vaultsync.store.vault_store import VaultStore

WORKER = """
import sys
from pathlib import Path
from blake3 import blake3
from vaultsync.model.records import Entry, FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.vault_store import VaultStore

store = VaultStore.open(Path(sys.argv[1]), new_index_id=b"i" * 16)
node = b"a" * 32
turn = 0
while True:
    turn += 1
    with store.transaction():
        for part in range(4):
            batch, versions = [], []
            for i in range(10):
                data = b"%d %d %d " % (turn, part, i) * 50
                path, hash, version = f"{(part * 10 + i) % 35}.md", blake3(data).digest(), Version.of({node: turn})
                store.history.keep(hash, data)
                batch.append(
                    Entry(FileRecord(path, Kind.FILE, hash, len(data), turn, False, version, False, node, "L", turn))
                )
                versions.append(
                    HistoryVersion(path, version, hash, len(data), turn, node, "L", Action.EDITED, turn)
                )
            store.history.record(versions)
            store.index.put(batch)
    print(store.index.sequence, store.index.digest.hex(), flush=True)
"""


@pytest.mark.parametrize("commits", [1, 4, 9])
def test_killed_between_and_within_commits(path: Path, commits: int) -> None:
    worker = subprocess.Popen([sys.executable, "-c", WORKER, str(path)], stdout=subprocess.PIPE, text=True)
    assert worker.stdout is not None
    said: list[tuple[int, str]] = []
    for _ in range(commits):
        sequence, digest = worker.stdout.readline().split()
        said.append((int(sequence), digest))
    worker.kill()
    rest = worker.stdout.read().split("\n")
    worker.stdout.close()
    worker.wait()
    for line in rest[:-1]:
        sequence, digest = line.split()
        said.append((int(sequence), digest))

    store = VaultStore.open(path, new_index_id=b"other id, unused"[:16])
    index = store.index
    assert index.index_id == b"i" * 16
    assert index.digest == index.recompute_digest()
    assert index.sequence % 40 == 0
    assert index.sequence >= said[-1][0], "what was said to be committed is there"
    assert index.digest.hex() == said[-1][1] or index.sequence > said[-1][0]
    changes = index.changes_after(0, 1000)
    assert index.counts().files == len(changes) == 35
    assert changes[-1].sequence == index.sequence
    recorded = sum(len(store.history.versions(e.record.path)) for e in changes)
    assert recorded == index.sequence
    for entry in changes:
        newest = store.history.versions(entry.record.path)[0]
        assert (newest.hash, newest.version) == (entry.record.hash, entry.record.version)
        assert store.history.read(newest.hash) is not None
    _works_on(store, index)
    store.close()


def _works_on(store: VaultStore, index: Index) -> None:
    before = index.sequence
    data = b"after the crash"
    hash = blake3(data).digest()
    with store.transaction():
        store.history.keep(hash, data)
        old = index.changes_after(0, 1)[0]
        store.history.record(
            [HistoryVersion(old.record.path, old.record.version, hash, 1, 1, b"a" * 32, "L", Action.EDITED, 1)]
        )
        index.put([old])
    assert index.sequence == before + 1
    assert index.digest == index.recompute_digest()
