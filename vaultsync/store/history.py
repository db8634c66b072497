"""History: every version of every path that this device has seen, and the contents to restore it from."""

# ruff: noqa: A001, A002 (a content's hash is called a hash, here as everywhere)
# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Final

from vaultsync.model.paths import fold, name_of
from vaultsync.model.versions import Version
from vaultsync.store.contents import Contents, Reader
from vaultsync.store.database import Cell, Database, Row
from vaultsync.store.devices import Devices
from vaultsync.store.encoding import pack_version, unpack_version
from vaultsync.store.retention import Pruned, Retention, prune


class Action(StrEnum):
    """How a version came about."""

    CREATED = "created"
    EDITED = "edited"
    DELETED = "deleted"
    MERGED = "merged"
    REPLACED = "replaced"
    RESTORED = "restored"
    MOVED = "moved"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class HistoryVersion:
    """What stood at a path."""

    path: str
    version: Version
    hash: bytes
    """BLAKE3-256 of the content; empty for folders and deletions."""
    size: int
    """In bytes."""
    modified_at: int
    """Unix time in ms on the device that made it."""
    device: bytes
    """That device's node id, 32 bytes."""
    device_name: str
    action: Action
    kept_at: int
    """Unix time in ms on this device when it was recorded."""
    note: str = ""
    """More about the action, for a person."""


LOOKED_BACK: Final = 32
"""How many versions are looked at for a better base than one that is found: what is recorded later descends from what
was recorded earlier, but for what was kept of peers' versions. A note may have many thousand versions."""

MAX_ID: Final = 2**63 - 1
"""SQLite's largest row id."""

_COLUMNS: Final = "path, version, hash, size, modified_at, device, action, kept_at, note"
_ACTIONS: Final = {action.value: action for action in Action}


class History:
    """Versions stand in the order in which they are recorded: of one path, the last is what the folder holds."""

    def __init__(self, database: Database, devices: Devices, contents: Contents) -> None:
        self._database = database
        self._devices = devices
        self._contents = contents

    def keep(self, hash: bytes, data: bytes) -> None:
        """Keep a content that is in hand; `hash` is its BLAKE3-256. Nothing happens if it is held."""
        self._contents.keep_many([(hash, data)])

    def keep_many(self, items: Iterable[tuple[bytes, bytes]], packed: Mapping[bytes, bytes] | None = None) -> None:
        """Keep `(hash, data)` pairs, together; `packed` has the packed forms (store/packing.py) that are known."""
        self._contents.keep_many(items, packed)

    def keep_file(self, hash: bytes, reader: Reader, size: int) -> None:
        """Keep a large content, streamed; durable when this returns.

        Raises `ContentError` if `reader` fails or does not give `size` bytes that hash to `hash`; nothing is kept then.
        """
        self._contents.keep_file(hash, reader, size)

    def share(self, hash: bytes, size: int, inode: int, give_name: Callable[[str], None]) -> bool:
        """Keep a large file that is about to be replaced without copying it: see `Contents.share`."""
        return self._contents.share(hash, size, inode, give_name)

    def settle(self, hash: bytes) -> None:
        """It was replaced, and history alone has it."""
        self._contents.settle(hash)

    def unshare(self, hash: bytes) -> None:
        """It was not replaced, and history does not have it."""
        self._contents.unshare(hash)

    def settle_all(self) -> None:
        """Sort out what a crash left of that; the vault's temporary files are gone by now."""
        self._contents.settle_all()

    def has(self, hash: bytes) -> bool:
        return bool(self._contents.has_many([hash]))

    def has_many(self, hashes: Iterable[bytes]) -> set[bytes]:
        """Those of `hashes` whose content is held."""
        return self._contents.has_many(list(hashes))

    def read(self, hash: bytes) -> bytes | None:
        """A content, or None if it is not held. `ContentError` if it is damaged."""
        return self._contents.read(hash)

    def open(self, hash: bytes) -> BinaryIO | None:
        """A content as a stream, or None if it is not held. `ContentError` at its end if it is damaged."""
        return self._contents.open(hash)

    def size(self) -> int:
        """Bytes that all contents take on disk, compressed."""
        return self._contents.size()

    def record(self, versions: Sequence[HistoryVersion]) -> None:
        """Add versions, oldest first. Contents are kept apart, before.

        A content that no version and no live record refers to is taken for the leaving of a crash at the next start.
        """
        if not versions:
            return
        with self._database.atomic():
            self._database.run_many(
                f"INSERT INTO versions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        v.path,
                        pack_version(v.version),
                        v.hash,
                        v.size,
                        v.modified_at,
                        self._devices.id_of(v.device, v.device_name),
                        v.action.value,
                        v.kept_at,
                        v.note,
                    )
                    for v in versions
                ],
            )

    def recent(self, action: Action, since_ms: int, limit: int = 1_000) -> list[HistoryVersion]:
        """Versions that came about by `action` and were recorded at or after that time (Unix ms), newest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM versions WHERE action = ? AND kept_at >= ? ORDER BY id DESC LIMIT ?",
            (action.value, since_ms, limit),
        )
        return [self._version_of(row) for row in rows]

    def versions(self, path: str, limit: int = 1_000) -> list[HistoryVersion]:
        """The newest `limit` versions of a path, newest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM versions WHERE path = ? ORDER BY id DESC LIMIT ?", (path, limit)
        )
        return [self._version_of(row) for row in rows]

    def deleted(self, limit: int = 1_000, prefix: str = "") -> list[HistoryVersion]:
        """The deletions that still stand, the latest first: of `prefix` and all below it, or of everything."""
        within, cells = _within(prefix)
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM versions v WHERE action = 'deleted' AND {within} "
            "AND id = (SELECT max(id) FROM versions WHERE path = v.path) ORDER BY id DESC LIMIT ?",
            [*cells, limit],
        )
        return [self._version_of(row) for row in rows]

    def at(self, time_ms: int, prefix: str = "") -> list[HistoryVersion]:
        """What the folder held at that time (Unix ms, of this device), in path order, deletions included.

        For each path the last version recorded at or before then: of `prefix` and all below it, or of everything.
        """
        within, cells = _within(prefix)
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM versions WHERE id IN "
            f"(SELECT max(id) FROM versions WHERE {within} AND kept_at <= ? GROUP BY path) ORDER BY path",
            [*cells, time_ms],
        )
        return [self._version_of(row) for row in rows]

    def base(self, path: str, a: Version, b: Version) -> HistoryVersion | None:
        """The newest version of `path` that both `a` and `b` descend from and whose content is held.

        Newest by descent, then by when it was recorded. None if there is no such version.
        """
        return next(iter(self.bases(path, a, b)), None)

    def bases(self, path: str, a: Version, b: Version) -> list[HistoryVersion]:
        """All versions that `base` could name, of which none descends from another; `base`'s is the first.

        There are several where two devices have merged the same edits while more came.
        """
        best: list[tuple[Version, Row]] = []
        looked_at = 0
        for row in self._newest_first(path):
            looked_at += 1
            if best and looked_at > LOOKED_BACK:
                break
            version = unpack_version(row[1])
            if not (a.includes(version) and b.includes(version)):
                continue
            if any(known.includes(version) for known, _ in best) or not self.has(row[2]):
                continue
            below = [place for place, (known, _) in enumerate(best) if version.includes(known)]
            best.insert(below[0] if below else len(best), (version, row))
            best = [one for one in best if one[0] == version or not version.includes(one[0])]
            looked_at = 0
        return [self._version_of(row) for _, row in best]

    def was_deleted(self, path: str, after: Version, a: Version, b: Version) -> bool:
        """Whether `path` was deleted, or a folder, later than `after`, and both `a` and `b` descend from that."""
        rows = self._database.rows(
            "SELECT version FROM versions WHERE path = ? AND hash = x'' ORDER BY id DESC LIMIT ?", (path, LOOKED_BACK)
        )
        ends = [unpack_version(row[0]) for row in rows]
        return any(end.includes(after) and end != after and a.includes(end) and b.includes(end) for end in ends)

    def _newest_first(self, path: str) -> Iterator[Row]:
        """The versions of a path that have a content, the last recorded first."""
        before = MAX_ID
        while rows := self._database.rows(
            f"SELECT {_COLUMNS}, id FROM versions WHERE path = ? AND id < ? AND hash <> x'' ORDER BY id DESC LIMIT ?",
            (path, before, LOOKED_BACK),
        ):
            for row in rows:
                yield row[:-1]
            before = rows[-1][-1]

    def paths_like(self, text: str, limit: int = 50) -> list[str]:
        """Find as you type: paths that have all words of `text` in them, in any case.

        Those whose name begins with it come first, then those with it in the name, then the rest, in path order.
        """
        words = fold(text).split()
        whole = " ".join(words)
        found: list[tuple[int, str]] = []
        for (path,) in self._database.rows("SELECT DISTINCT path FROM versions ORDER BY path"):
            folded = fold(path)
            if all(word in folded for word in words):
                name = name_of(folded)
                rank = 0 if name.startswith(whole) else 1 if all(word in name for word in words) else 2
                found.append((rank, path))
        return [path for _, path in sorted(found)[:limit]]

    def prune(
        self, policy: Retention, now_ms: int, live: AbstractSet[bytes] = frozenset(), *, limit: int = 5_000
    ) -> Pruned:
        """Let old versions go as `policy` says, at most `limit` of them; `Pruned.more` tells whether to go on.

        Never goes: the newest version of a path, the version that the index holds of it, a content that a live
        record has, a version whose content is in `live`. Not inside a transaction: it makes its own, small ones.
        """
        return prune(self._database, self._contents, policy, now_ms, live, limit)

    def _version_of(self, row: Row) -> HistoryVersion:
        path, version, hash, size, modified_at, device, action, kept_at, note = row
        node, name = self._devices.pair_of(device)
        try:
            return HistoryVersion(
                path, unpack_version(version), hash, size, modified_at, node, name, _ACTIONS[action], kept_at, note
            )
        except (KeyError, struct.error) as error:
            raise self._database.damaged("a version in history cannot be read") from error


def _within(prefix: str) -> tuple[str, list[Cell]]:
    """The condition for `prefix` itself and what is below it: '0' is the character after '/'."""
    if not prefix:
        return "TRUE", []
    return "(path = ? OR (path > ? AND path < ?))", [prefix, f"{prefix}/", f"{prefix}0"]
