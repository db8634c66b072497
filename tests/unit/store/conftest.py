"""Stores in temporary folders, and records to put in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.model.records import Entry, FileRecord, Kind, Signature, State
from vaultsync.model.versions import Version
from vaultsync.store.node_store import NodeStore
from vaultsync.store.vault_store import VaultStore

A = b"a" * 32
B = b"b" * 32
INDEX_ID = b"i" * 16

MakeEntry = Callable[..., Entry]


def make_entry(
    path: str = "note.md",
    *,
    counter: int = 1,
    content: bytes = b"words",
    kind: Kind = Kind.FILE,
    deleted: bool = False,
    state: State = State.PRESENT,
    reason: str = "",
    signature: Signature | None = None,
    source: bytes = b"",
) -> Entry:
    bare = deleted or kind is Kind.DIR
    record = FileRecord(
        path=path,
        kind=kind,
        hash=b"" if bare else blake3(content).digest(),
        size=0 if bare else len(content),
        mtime_ns=1_700_000_000_000_000_001,
        executable=False,
        version=Version.of({A: counter}),
        deleted=deleted,
        modified_by=A,
        modified_name="Laptop",
        modified_at=1_700_000_000_000,
    )
    return Entry(record, state, reason, signature, source)


@pytest.fixture
def entry() -> MakeEntry:
    return make_entry


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "index.db"


@pytest.fixture
def store(path: Path) -> Iterator[VaultStore]:
    store = VaultStore.open(path, new_index_id=INDEX_ID)
    yield store
    store.close()


@pytest.fixture
def node_store(tmp_path: Path) -> Iterator[NodeStore]:
    store = NodeStore.open(tmp_path / "data" / "node.db")
    yield store
    store.close()
