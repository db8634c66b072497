"""The node's database behind a thread of its own, so that no fsync blocks the event loop."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from vaultsync.errors import DiskFullError, StoreError
from vaultsync.store.node_store import NodeStore

T = TypeVar("T")

_log = logging.getLogger(__name__)


class NodeDatabase:
    """Runs queries on the `NodeStore` one after the other."""

    def __init__(self, store: NodeStore, thread: ThreadPoolExecutor) -> None:
        self._store = store
        self._thread = thread
        self._closed = False
        self.problem = ""
        """Why what this node learns of its peers can't be stored, in words; empty if it can, as far as is known."""

    @classmethod
    async def open(cls, path: Path) -> NodeDatabase:
        """Open or create the database. Raises `StoreError`."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="node-db")
        try:
            store = await asyncio.get_running_loop().run_in_executor(thread, NodeStore.open, path)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(store, thread)

    async def run(self, query: Callable[[NodeStore], T]) -> T:
        """The result of `query`; its errors come out here."""
        try:
            result, wrote = await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, query)
        except (StoreError, DiskFullError) as error:
            self._met(error)
            raise
        self._worked(wrote)
        return result

    def later(self, write: Callable[[NodeStore], None]) -> None:
        """Store something that the node can do without: nobody waits for it, and its failure is shown, not raised."""
        if self._closed:
            return
        written = asyncio.get_running_loop().run_in_executor(self._thread, self._execute, write)
        written.add_done_callback(self._written)

    async def close(self) -> None:
        """Write what waits to be written, and close the file."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()

    def _execute(self, query: Callable[[NodeStore], T]) -> tuple[T, bool]:
        """In the thread: the result, and whether anything was written."""
        before = self._store.changes
        result = query(self._store)
        return result, self._store.changes != before

    def _written(self, written: asyncio.Future[tuple[None, bool]]) -> None:
        if written.cancelled():
            return
        error = written.exception()
        if error is None:
            self._worked(written.result()[1])
        elif isinstance(error, StoreError | DiskFullError):
            self._met(error)
        else:
            _log.critical("a write to the node's database has failed", exc_info=error)

    def _worked(self, wrote: bool) -> None:
        # A full or write-protected disk can be read all the same.
        if wrote and self.problem:
            _log.info("the node's database can be written again")
            self.problem = ""

    def _met(self, error: StoreError | DiskFullError) -> None:
        if not isinstance(error.__cause__, sqlite3.Error | OSError):
            return  # what was asked makes no sense; the disk is well
        problem = f"{error.message} {error.hint}".strip()
        if problem != self.problem:
            _log.warning("the node's database: %s", problem)
            self.problem = problem
