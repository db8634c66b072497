"""What lies on this device's own disk and may be damaged there: the index, what waits in it, history, partial files.

Whatever it holds, reading it ends in an error for a person that says what to do, and a file that cannot be used is
left as it is.
"""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Final

from blake3 import blake3
from cryptography import x509

from tests.support.records import a_file, a_tombstone, device, version
from vaultsync.errors import ContentError, ProtocolError, StoreError
from vaultsync.model.manifests import MIN_CHUNK, ChunkList, Manifest
from vaultsync.model.records import Entry, Signature, State
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.packing import Packer
from vaultsync.store.vault_store import VaultStore
from vaultsync.transport.certificates import make_certificate, peer_id_of
from vaultsync.transport.identity import Identity
from vaultsync.vault.chunks import PartialFile, part_path
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.filesystem import TEMP_DIR

INDEX_ID: Final = b"i" * 16
CONTENT: Final = b"words in a note\n" * 9
NOW_S: Final = 1_795_000_000.0
_PATCH: Final = struct.Struct(">IB")
_HEADER: Final = 100
"""Bytes; in these SQLite counts how often the file was opened for writing."""
_TABLES: Final = ("records", "intents", "versions", "contents", "totals", "devices", "cursors")


@cache
def _cells() -> list[tuple[str, str]]:
    """Tables and columns."""
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        path = Path(folder, "index.db")
        path.write_bytes(database())
        with closing(sqlite3.connect(path)) as connection:
            query = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c"
            found = connection.execute(query).fetchall()
    return sorted(pair for pair in found if pair[0] in _TABLES)


def _fill(store: VaultStore) -> None:
    hash_ = blake3(CONTENT).digest()
    files = [
        Entry(
            a_file(f"text {number}", version(a=number, b=2), path=f"folder/n{number}.md", moved_from="old.md"),
            State.PRESENT if number % 2 else State.WANTED,
            signature=Signature(number, 5, 6, 7),
            source=device(2),
        )
        for number in range(1, 6)
    ]
    with store.transaction():
        store.index.put([*files, Entry(a_tombstone(version(a=9), path="gone.md", moved_to="new.md"), State.PRESENT)])
        store.index.set_cursor(device(2), INDEX_ID, 7)
        store.index.set_acked(device(2), 5)
        store.history.keep(hash_, CONTENT)
        kept = HistoryVersion(
            "folder/n1.md", version(a=1), hash_, len(CONTENT), 1, device(1), "Laptop", Action.EDITED, 2
        )
        store.history.record([kept])
        store.audit.append([AuditEntry(1, "merge", "folder/n1.md", None, "why")])
    store.intents.put(files[:2])


def _read_all(store: VaultStore) -> None:
    """Everything that a vault's start, its page and its sync look at."""
    entries = list(store.index.entries())
    store.index.changes_after(0, 100)
    for state in State:
        store.index.in_state(state)
    for entry in entries:
        store.index.get(entry.record.path)
        store.history.versions(entry.record.path)
        store.history.base(entry.record.path, entry.record.version, version(a=1))
    store.index.counts, store.index.digest, store.index.peers(), store.index.cursor(device(2))
    store.intents.all()
    store.history.deleted(), store.history.at(10), store.history.size(), store.audit.recent(10)
    with suppress(ContentError):
        store.history.read(blake3(CONTENT).digest())


@cache
def database() -> bytes:
    """A small index, as a file."""
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        path = Path(folder, "index.db")
        store = VaultStore.open(path, new_index_id=INDEX_ID)
        _fill(store)
        store.close()
        return path.read_bytes()


def _try_store(path: Path) -> None:
    before = path.read_bytes()
    refused: StoreError | None = None
    try:
        store = VaultStore.open(path, new_index_id=INDEX_ID)
    except StoreError as error:
        refused = error
        assert path.read_bytes()[_HEADER:] == before[_HEADER:], "a file that cannot be used was written to"
    else:
        try:
            _read_all(store)
        except StoreError as error:
            refused = error
        finally:
            with suppress(StoreError):
                store.close()
    assert refused is None or refused.hint, refused


def try_database(data: bytes) -> None:
    """Places in an index's file, each with what stands there now; or, from an odd byte on, the whole file."""
    content = bytearray(database())
    if data[:1] and data[0] % 2:
        content[:] = data[1:]
    else:
        at = 1
        while len(data) - at > _PATCH.size:
            place, size = _PATCH.unpack_from(data, at)
            at += _PATCH.size
            place %= len(content)
            content[place : place + size] = data[at : at + size].ljust(size, b"\0")[: len(content) - place]
            at += size
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        path = Path(folder, "index.db")
        path.write_bytes(content)
        _try_store(path)


def database_seeds() -> list[bytes]:
    size = len(database())
    places = (0, 16, 18, 24, 28, 44, 52, 60, 68, 100, 4_096, 4_099, 8_192, 12_300, size - 40)
    patches = [b"\0" + _PATCH.pack(place, 4) + b"\xff\0\x7f\1" for place in places]
    return [*patches, b"\1", b"\1SQLite format 3\0" + bytes(84), b"\1not a database", b"\0"]


def try_row(data: bytes) -> None:
    """Bytes that name a cell of an index and a type, and what stands in that cell now."""
    if len(data) < 2:
        return
    cells = _cells()
    table, column = cells[data[0] % len(cells)]
    value: bytes | str | int | None = data[2:]
    match data[1] % 4:
        case 1:
            value = data[2:].decode("utf-8", errors="replace")
        case 2:
            value = int.from_bytes(data[2:10], "big", signed=True)
        case 3:
            value = None
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        path = Path(folder, "index.db")
        path.write_bytes(database())
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            with suppress(sqlite3.IntegrityError):  # the table is STRICT: SQLite itself never writes such a value
                rows = f"rowid = (SELECT min(rowid) FROM {table})" if table != "cursors" else "true"
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {rows}", (value,))
        _try_store(path)


def row_seeds() -> list[bytes]:
    values = (b"\0" + bytes(7), b"\1file", b"\2" + b"\xff" * 8)
    return [bytes([place]) + values[place % 3] for place in range(len(_cells()))]


def try_content(data: bytes) -> None:
    """What history holds, packed, in the place of a content."""
    hash_ = blake3(CONTENT).digest()
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        path = Path(folder, "index.db")
        path.write_bytes(database())
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE contents SET data = ? WHERE hash = ?", (data, hash_))
        store = VaultStore.open(path, new_index_id=INDEX_ID)
        try:
            with suppress(ContentError):
                assert store.history.read(hash_) == CONTENT
            with suppress(ContentError):
                stream = store.history.open(hash_)
                assert stream is not None
                assert stream.read() == CONTENT
        finally:
            store.close()


def content_seeds() -> list[bytes]:
    (packed,) = Packer().pack([CONTENT])
    (bomb,) = Packer().pack([bytes(1 << 22)])
    return [packed, packed[:-4], bomb, packed + packed, b""]


PIECES: Final = [bytes([number]) * MIN_CHUNK for number in range(1, 4)]


def try_partial(data: bytes) -> None:
    """Places in a partial file, as in an index: what it holds is right, or is fetched again."""
    whole = b"".join(PIECES)
    chunks = ChunkList([(blake3(piece).digest(), len(piece)) for piece in PIECES])
    manifest = Manifest(blake3(whole).digest(), len(whole), chunks)
    content = bytearray(whole)
    at = 1
    while len(data) - at > _PATCH.size:
        place, size = _PATCH.unpack_from(data, at)
        at += _PATCH.size
        place %= len(content)
        content[place : place + size] = data[at : at + size].ljust(size, b"\0")[: len(content) - place]
        at += size
    if data[:1] and data[0] % 2:
        content = content[: -data[0]]
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as root:
        Path(root, TEMP_DIR).mkdir(parents=True)
        Path(root, part_path(manifest.hash)).write_bytes(content)
        with PartialFile(DiskFileSystem(root), manifest) as partial:
            wrong = [
                chunk
                for chunk in manifest.chunks
                if content[chunk.offset : chunk.offset + chunk.size] != whole[chunk.offset : chunk.offset + chunk.size]
            ]
            missing = list(partial.missing())
            assert len(content) != len(whole) or missing == wrong
            for chunk in missing:
                with suppress(ValueError):
                    partial.write(chunk, data)
                partial.write(chunk, whole[chunk.offset : chunk.offset + chunk.size])
            partial.finish()
        assert Path(root, part_path(manifest.hash)).read_bytes() == whole


def partial_seeds() -> list[bytes]:
    return [b"\0", b"\0" + _PATCH.pack(5, 2) + b"xy", b"\0" + _PATCH.pack(MIN_CHUNK - 1, 2) + b"xy", b"\7"]


def try_certificate(data: bytes) -> None:
    """A peer's certificate, as TLS hands it over."""
    try:
        certificate = x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion):
        return  # the handshake ends with these
    with suppress(ProtocolError):
        assert len(peer_id_of(certificate, NOW_S).raw) == 32


def certificate_seeds() -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return [make_certificate(Identity.from_raw(b"k" * 32), NOW_S).public_bytes(Encoding.DER)]
