"""Index entries as rows of the table `records`, and back."""

# ruff: noqa: A001 (a content's hash is called a hash, here as everywhere)
# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

import struct
from typing import Final

from blake3 import blake3

from vaultsync.model.paths import fold
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.store.database import Cell, Row
from vaultsync.store.devices import Devices
from vaultsync.store.encoding import pack_signature, unpack_signature, unpack_version

COLUMNS: Final = (
    "sequence, path, kind, hash, size, mtime_ns, executable, version, deleted, device, modified_at, "
    "moved_to, moved_from, state, reason, signature, source"
)

PUT: Final = (
    f"INSERT OR REPLACE INTO records ({COLUMNS}, fold_key) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)

_KINDS: Final = {kind.value: kind for kind in Kind}
_STATES: Final = {state.value: state for state in State}


def fold_key(path: str) -> int:
    """8 bytes of the hash of the folded path, as SQLite's signed integer. Equal keys are not yet equal paths."""
    return int.from_bytes(blake3(fold(path).encode()).digest(8), "big", signed=True)


def row_of(entry: Entry, sequence: int, version: bytes, devices: Devices) -> tuple[Cell, ...]:
    """The values that `PUT` takes; `version` is the record's, packed.

    Plain `str` and `int` throughout: sqlite3 looks for an adapter for each value of a derived type.
    """
    record = entry.record
    signature = entry.signature
    return (
        sequence,
        record.path,
        record.kind.value,
        record.hash,
        record.size,
        record.mtime_ns,
        int(record.executable),
        version,
        int(record.deleted),
        devices.id_of(record.modified_by, record.modified_name),
        record.modified_at,
        record.moved_to,
        record.moved_from,
        entry.state.value,
        entry.reason,
        None if signature is None else pack_signature(signature),
        devices.id_of(entry.source) if entry.source else None,
        fold_key(record.path),
    )


def entry_of(row: Row, devices: Devices) -> Entry:
    """The entry behind `COLUMNS`. `StoreError` if the row is damaged."""
    try:
        return _entry_of(row, devices)
    except (KeyError, struct.error) as error:
        raise devices.damaged(f"record {row[0]} cannot be read") from error


def _entry_of(row: Row, devices: Devices) -> Entry:
    (
        sequence,
        path,
        kind,
        hash,
        size,
        mtime_ns,
        executable,
        version,
        deleted,
        device,
        modified_at,
        moved_to,
        moved_from,
        state,
        reason,
        signature,
        source,
    ) = row
    node, name = devices.pair_of(device)
    return Entry(
        FileRecord(
            path,
            _KINDS[kind],
            hash,
            size,
            mtime_ns,
            executable == 1,
            unpack_version(version),
            deleted == 1,
            node,
            name,
            modified_at,
            moved_to,
            moved_from,
        ),
        _STATES[state],
        reason,
        None if signature is None else unpack_signature(signature),
        b"" if source is None else devices.pair_of(source)[0],
        sequence,
    )
