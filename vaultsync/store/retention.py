"""What history lets go, and when."""

# ruff: noqa: A001 (a content's hash is called a hash, here as everywhere)
# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from vaultsync.store.contents import Contents
from vaultsync.store.database import Database

DAY_MS: Final = 86_400_000

BATCH: Final = 500
"""Versions that go in one transaction: other writers wait no longer than that takes."""

VACUUM_PAGES: Final = 2_048
"""Database pages given back to the disk after a batch (8 MiB)."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long versions stay, counted from when they were recorded. The newest of a path always stays."""

    keep_all_days: int = 30
    """Every version stays this long."""
    daily_days: int = 365
    """After that, each path's last one of each day (UTC) stays until it is this old."""
    max_bytes: int = 2 << 30
    """Compressed contents over this go, the oldest first, however young; but the last content of a deleted path
    goes for this reason only when `keep_all_days` have passed since its deletion."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went."""

    count: int
    """Versions."""
    bytes: int
    """Compressed contents."""
    more: bool = False
    """Whether there is more to let go."""


# What the index holds at a path is the base of the next merge there.
_IS_BASE: Final = (
    "EXISTS (SELECT 1 FROM records r WHERE r.path = v.path AND r.deleted = 0 AND r.hash = v.hash) "
    "AND NOT EXISTS (SELECT 1 FROM versions n WHERE n.path = v.path AND n.id > v.id AND n.hash = v.hash)"
)

# Of a deleted path both the deletion and the content before it are its newest: one to show, one to restore.
_HAS_NEWER: Final = (
    "EXISTS (SELECT 1 FROM versions n WHERE n.path = v.path AND n.id > v.id AND (n.hash <> x'' OR v.hash = x''))"
)

_HAS_NEWER_THAT_DAY: Final = (
    "EXISTS (SELECT 1 FROM versions n WHERE n.path = v.path AND n.id > v.id AND (n.hash <> x'' OR v.hash = x'') "
    f"AND n.kept_at / {DAY_MS} = v.kept_at / {DAY_MS})"
)

_TOO_OLD: Final = (
    "SELECT v.id, v.hash FROM versions v WHERE v.id > ? AND v.kept_at < ? "
    f"AND (v.kept_at < ? OR {_HAS_NEWER_THAT_DAY}) AND {_HAS_NEWER} AND NOT ({_IS_BASE}) ORDER BY v.id LIMIT ?"
)

_TOO_MUCH: Final = (
    "SELECT v.id, v.hash FROM versions v WHERE v.id > ? AND v.hash <> x'' "
    "AND EXISTS (SELECT 1 FROM contents WHERE hash = v.hash) "
    f"AND {_HAS_NEWER} AND NOT ({_IS_BASE}) ORDER BY v.id LIMIT ?"
)

_TOO_MUCH_DELETED: Final = (
    "SELECT v.id, v.hash FROM versions v WHERE v.id > ? AND v.hash <> x'' "
    "AND EXISTS (SELECT 1 FROM contents WHERE hash = v.hash) "
    "AND (SELECT n.kept_at FROM versions n WHERE n.path = v.path AND n.id > v.id ORDER BY n.id LIMIT 1) < ? "
    f"AND NOT ({_IS_BASE}) ORDER BY v.id LIMIT ?"
)


def prune(
    database: Database, contents: Contents, policy: Retention, now_ms: int, live: AbstractSet[bytes], limit: int
) -> Pruned:
    """See `History.prune`."""
    assert not database.in_transaction, "pruning makes its own transactions"
    return _Pruning(database, contents, live, limit).run(policy, now_ms)


class _Pruning:
    def __init__(self, database: Database, contents: Contents, live: AbstractSet[bytes], limit: int) -> None:
        self._database = database
        self._contents = contents
        self._live = live
        self._left = limit
        self._size_before = contents.size()
        self._count = 0

    def run(self, policy: Retention, now_ms: int) -> Pruned:
        all_before = now_ms - policy.keep_all_days * DAY_MS
        daily_before = now_ms - policy.daily_days * DAY_MS
        self._let_go(_TOO_OLD, (all_before, min(daily_before, all_before)), down_to=None)
        self._let_go(_TOO_MUCH, (), down_to=policy.max_bytes)
        self._let_go(_TOO_MUCH_DELETED, (all_before,), down_to=policy.max_bytes)
        return Pruned(self._count, self._size_before - self._contents.size(), more=self._left <= 0)

    def _let_go(self, query: str, bounds: tuple[int, ...], down_to: int | None) -> None:
        """Delete what `query` finds, batch by batch, until the contents take no more than `down_to` bytes."""
        after = 0
        while self._left > 0 and (down_to is None or self._contents.size() > down_to):
            rows = self._database.rows(query, (after, *bounds, min(BATCH, self._left)))
            if not rows:
                return
            after = rows[-1][0]
            doomed = [(number, hash) for number, hash in rows if hash not in self._live]
            files = self._delete(doomed, down_to)
            self._contents.unlink(files)
            self._database.give_back(VACUUM_PAGES)

    def _delete(self, doomed: list[tuple[int, bytes]], down_to: int | None) -> list[bytes]:
        """Delete these versions and the contents that only they referred to; gives those that lie in files."""
        files: list[bytes] = []
        with self._database.transaction():
            if down_to is None:
                self._database.run_many("DELETE FROM versions WHERE id = ?", [(number,) for number, _ in doomed])
                files = self._contents.drop([hash for _, hash in doomed if hash])
                self._gone(len(doomed))
                return files
            # One by one: no version goes that need not.
            for number, hash in doomed:
                if self._contents.size() <= down_to:
                    break
                self._database.run("DELETE FROM versions WHERE id = ?", (number,))
                files += self._contents.drop([hash])
                self._gone(1)
        return files

    def _gone(self, count: int) -> None:
        self._count += count
        self._left -= count
