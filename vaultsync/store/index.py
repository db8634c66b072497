"""The index: what this device knows of every path of one vault, numbered by update."""

# ruff: noqa: A001, A002 (a content's hash is called a hash, here as everywhere)
# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from vaultsync.model.paths import fold
from vaultsync.model.records import Entry, Signature, State
from vaultsync.model.versions import join_all
from vaultsync.store.database import Cell, Database
from vaultsync.store.devices import Devices
from vaultsync.store.digest import EMPTY_DIGEST, moved_digest, term
from vaultsync.store.encoding import pack_signature, pack_version, unpack_version
from vaultsync.store.knowledge import Knowledge
from vaultsync.store.rows import COLUMNS, PUT, entry_of, fold_key, row_of
from vaultsync.store.totals import FORM, Counts, Tally, Totals, read_totals, write_totals

PAGE: Final = 512
"""Entries read at once while walking the index; between pages the caller may change it."""

_LIVE: Final = "deleted = 0"
_PRESENT: Final = "deleted = 0 AND state = 'present'"
_HELD: Final = "SELECT path, kind, hash, deleted, version, size, state FROM records WHERE path IN (*)"


class Index:
    """One vault's records. Not for two threads at once."""

    def __init__(self, database: Database, devices: Devices) -> None:
        self._database = database
        self._devices = devices
        self._known: Totals | None = None
        self.knowledge = Knowledge(database)
        """Of the devices' counters; it grows with what is put in."""
        database.on_rollback.append(self._forget_totals)

    @property
    def index_id(self) -> bytes:
        """Random identity, 16 bytes; a peer that sees another one starts again from sequence 0."""
        return self._totals.index_id

    @property
    def sequence(self) -> int:
        """The newest update's number; 0 in an empty index."""
        return self._totals.sequence

    @property
    def digest(self) -> bytes:
        """32 bytes, equal wherever the records are equal (store/digest.py)."""
        return self._totals.digest

    def counts(self) -> Counts:
        return self._totals.counts

    def get(self, path: str) -> Entry | None:
        row = self._database.row(f"SELECT {COLUMNS} FROM records WHERE path = ?", (path,))
        return None if row is None else entry_of(row, self._devices)

    def get_many(self, paths: Iterable[str]) -> dict[str, Entry]:
        """The entries of those paths that have one."""
        rows = self._database.rows_in(f"SELECT {COLUMNS} FROM records WHERE path IN (*)", list(paths))
        return {row[1]: entry_of(row, self._devices) for row in rows}

    def below(self, folder: str) -> Iterator[Entry]:
        """What is live and present under `folder` (itself not included; "" is the whole vault), in path order."""
        return self._walk(folder, _PRESENT)

    def live_below(self, folder: str) -> Iterator[Entry]:
        """As `below`, with what this device blocks or leaves out."""
        return self._walk(folder, _LIVE)

    def entries(self) -> Iterator[Entry]:
        """Everything, tombstones too, in path order. The index may change meanwhile."""
        return self._walk("", "TRUE")

    def in_state(self, state: State) -> list[Entry]:
        """Live entries in a state other than PRESENT, in path order."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM records WHERE state = ? AND state <> 'present' AND {_LIVE} ORDER BY path", (state,)
        )
        return [entry_of(row, self._devices) for row in rows]

    def with_hash(self, hash: bytes, limit: int = 8) -> list[Entry]:
        """Present files that have this content."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM records WHERE hash = ? AND kind = 'file' AND {_PRESENT} LIMIT ?",
            (hash, limit),
        )
        return [entry_of(row, self._devices) for row in rows]

    def one_with_each(self, hashes: Sequence[bytes]) -> dict[bytes, Entry]:
        """For each of those contents that a present file has, one such file."""
        rows = self._database.rows_in(
            f"SELECT {COLUMNS} FROM records WHERE sequence IN "
            f"(SELECT min(sequence) FROM records WHERE hash IN (*) AND kind = 'file' AND {_PRESENT} GROUP BY hash)",
            hashes,
        )
        return {row[3]: entry_of(row, self._devices) for row in rows}

    def folded(self, paths: Iterable[str]) -> dict[str, list[Entry]]:
        """For each of `paths`, the live entries at other paths that fold to the same (model/paths.py).

        In whatever state they are. Every path is a key; its list is empty where nothing collides.
        """
        wanted = list(paths)
        keys = list({fold_key(path) for path in wanted})
        rows = self._database.rows_in(f"SELECT {COLUMNS} FROM records WHERE fold_key IN (*) AND {_LIVE}", keys)
        groups: dict[str, list[Entry]] = {}
        for row in rows:
            groups.setdefault(fold(row[1]), []).append(entry_of(row, self._devices))
        return {path: [e for e in groups.get(fold(path), ()) if e.record.path != path] for path in wanted}

    def put(self, entries: Sequence[Entry]) -> list[Entry]:
        """Write `entries`, each under the next sequence; gives them back with it. Inside a transaction only."""
        assert self._database.in_transaction, "an index changes only inside a transaction"
        if not entries:
            return []
        totals = self._totals
        held = self._database.rows_in(_HELD, [entry.record.path for entry in entries])
        old = {row[0]: row for row in held}
        tally = Tally(totals.counts)
        moved = 0
        placed: list[Entry] = []
        rows: list[Sequence[Cell]] = []
        for sequence, entry in enumerate(entries, totals.sequence + 1):
            record = entry.record
            if (was := old.get(record.path)) is not None:
                path, kind, hash, deleted, version, size, state = was
                moved -= 0 if deleted else term(path, kind, hash, version)
                tally.count(kind, size, deleted, state, -1)
            version = pack_version(record.version)
            moved += 0 if record.deleted else term(record.path, record.kind, record.hash, version)
            tally.count(record.kind, record.size, record.deleted, entry.state, 1)
            # A path may come twice in one batch; its second entry replaces the first.
            old[record.path] = (
                record.path,
                record.kind,
                record.hash,
                record.deleted,
                version,
                record.size,
                entry.state,
            )
            rows.append(row_of(entry, sequence, version, self._devices))
            placed.append(Entry(record, entry.state, entry.reason, entry.signature, entry.source, sequence))
        self._database.run_many(PUT, rows)
        self.knowledge.note(entry.record.version for entry in placed)
        totals = replace(
            totals, sequence=placed[-1].sequence, digest=moved_digest(totals.digest, moved), counts=tally.counts
        )
        write_totals(self._database, totals)
        self._known = totals
        return placed

    def put_signatures(self, pairs: Iterable[tuple[str, Signature]]) -> None:
        """Remember what `stat` says now of files whose content did not change. No peer needs to hear of it."""
        with self._database.atomic():
            self._database.run_many(
                "UPDATE records SET signature = ? WHERE path = ?",
                [(pack_signature(signature), path) for path, signature in pairs],
            )

    def changes_after(self, sequence: int, limit: int, *, echo_of: bytes = b"", echo_after: int = 0) -> list[Entry]:
        """The first `limit` entries whose sequence is greater, in its order.

        Without those past `echo_after` that are exactly what the peer `echo_of` gave.
        """
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM records WHERE sequence > ? AND (sequence <= ? OR "
            "source IS NOT coalesce((SELECT id FROM devices WHERE node = ? AND name = ''), -1)) "
            "ORDER BY sequence LIMIT ?",
            (sequence, echo_after, echo_of, limit),
        )
        return [entry_of(row, self._devices) for row in rows]

    def ended(self, before_ms: int, through: int) -> Iterator[Entry]:
        """Tombstones made before `before_ms` (Unix ms, by their authors' clocks), of sequences up to `through`.

        Only of what this device has in its folder or would have: what it leaves out may still lie there. The oldest
        first; the index may change meanwhile.
        """
        after = (-1, 0)
        while rows := self._database.rows(
            f"SELECT {COLUMNS} FROM records WHERE deleted = 1 AND (modified_at, sequence) > (?, ?) AND modified_at < ? "
            "AND sequence <= ? AND state = 'present' ORDER BY modified_at, sequence LIMIT ?",
            (*after, before_ms, through, PAGE),
        ):
            for row in rows:
                entry = entry_of(row, self._devices)
                after = (entry.record.modified_at, entry.sequence)
                yield entry

    def forget(self, tombstones: Sequence[Entry]) -> None:
        """Let go of `tombstones`, as they stand here; the join of their versions stays. Inside a transaction only."""
        assert self._database.in_transaction, "an index changes only inside a transaction"
        totals = self._totals
        tally = Tally(totals.counts)
        for entry in tombstones:
            assert entry.record.deleted
            tally.count(entry.record.kind, 0, True, entry.state, -1)
        self.knowledge.forget(join_all(entry.record.version for entry in tombstones))
        self._database.run_many(
            "DELETE FROM records WHERE sequence = ? AND deleted = 1", [(entry.sequence,) for entry in tombstones]
        )
        totals = replace(totals, counts=tally.counts)
        write_totals(self._database, totals)
        self._known = totals

    def bring_up(self) -> None:
        """Count anew what an older version of this program counted in another way. Inside a transaction only."""
        if self._totals.form == FORM:
            return
        after = 0
        while rows := self._database.rows(
            "SELECT sequence, version FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, PAGE)
        ):
            self.knowledge.note(unpack_version(row[1]) for row in rows)
            after = rows[-1][0]
        totals = replace(self._totals, digest=self.recompute_digest(), form=FORM)
        write_totals(self._database, totals)
        self._known = totals

    def recompute_digest(self) -> bytes:
        """The digest from the records themselves; anything else than `digest` means that the index is damaged."""
        moved = 0
        after = ""
        while rows := self._database.rows(
            f"SELECT path, kind, hash, version FROM records WHERE path > ? AND {_LIVE} ORDER BY path LIMIT ?",
            (after, PAGE),
        ):
            moved += sum(term(*row) for row in rows)
            after = rows[-1][0]
        return moved_digest(EMPTY_DIGEST, moved)

    def cursor(self, peer: bytes) -> tuple[bytes, int]:
        """`peer`'s index id, and up to which of its sequences this index has applied it; `(b"", 0)` if nothing."""
        row = self._database.row("SELECT index_id, cursor FROM cursors WHERE peer = ?", (peer,))
        return (b"", 0) if row is None else (row[0], row[1])

    def set_cursor(self, peer: bytes, index_id: bytes, cursor: int) -> None:
        self._database.run(
            "INSERT INTO cursors (peer, index_id, cursor) VALUES (?, ?, ?) "
            "ON CONFLICT (peer) DO UPDATE SET index_id = excluded.index_id, cursor = excluded.cursor",
            (peer, index_id, cursor),
        )

    def acked(self, peer: bytes) -> int:
        """Up to which of this index's sequences `peer` has said that it durably has them; 0 if nothing."""
        row = self._database.row("SELECT acked FROM cursors WHERE peer = ?", (peer,))
        return 0 if row is None else int(row[0])

    def set_acked(self, peer: bytes, sequence: int) -> None:
        self._database.run(
            "INSERT INTO cursors (peer, acked) VALUES (?, ?) ON CONFLICT (peer) DO UPDATE SET acked = excluded.acked",
            (peer, sequence),
        )

    def peers(self) -> set[bytes]:
        """The peers of which anything is remembered."""
        return {row[0] for row in self._database.rows("SELECT peer FROM cursors")}

    def forget_peer(self, peer: bytes) -> None:
        self._database.run("DELETE FROM cursors WHERE peer = ?", (peer,))

    @property
    def _totals(self) -> Totals:
        if self._known is None:
            self._known = read_totals(self._database)
            assert self._known is not None, "the store makes the row when it is opened"
        return self._known

    def _forget_totals(self) -> None:
        self._known = None

    def _walk(self, folder: str, condition: str) -> Iterator[Entry]:
        """Page by page; '0' is the character after '/', so [folder/, folder0) holds what is below and no more."""
        after, bound = (f"{folder}/", "path < ?") if folder else ("", "? = '0'")
        while rows := self._database.rows(
            f"SELECT {COLUMNS} FROM records WHERE path > ? AND {bound} AND {condition} ORDER BY path LIMIT ?",
            (after, f"{folder}0", PAGE),
        ):
            for row in rows:
                yield entry_of(row, self._devices)
            after = rows[-1][1]
