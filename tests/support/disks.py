"""Disks of the node's database that fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from vaultsync.daemon.database import NodeDatabase
from vaultsync.errors import VaultsyncError
from vaultsync.store.node_store import NodeStore

T = TypeVar("T")


@asynccontextmanager
async def write_protected(database: NodeDatabase) -> AsyncIterator[None]:
    """Let every write be refused by SQLite itself; reading works."""

    await database.run(lambda store: store._database.rows("PRAGMA query_only = ON"))
    try:
        yield
    finally:
        await database.run(lambda store: store._database.rows("PRAGMA query_only = OFF"))


@asynccontextmanager
async def broken(database: NodeDatabase, error: VaultsyncError) -> AsyncIterator[None]:
    """Let every read and write end in `error`."""

    def fail(query: Callable[[NodeStore], T]) -> tuple[T, bool]:
        raise error from OSError("injected")

    database._execute = fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        del database._execute
