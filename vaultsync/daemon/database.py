"""The node's database behind a thread of its own, so that no fsync blocks the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from vaultsync.store.node_store import NodeStore

T = TypeVar("T")


class NodeDatabase:
    """Runs queries on the `NodeStore` one after the other."""

    def __init__(self, store: NodeStore, thread: ThreadPoolExecutor) -> None:
        self._store = store
        self._thread = thread

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
        return await asyncio.get_running_loop().run_in_executor(self._thread, query, self._store)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()
