"""A replica belongs to its engine's thread: nothing touches it while a step runs."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.support.nodes import running_node, until
from vaultsync.daemon.replica.replica import Replica


async def test_what_was_put_off_is_not_taken_in_the_middle_of_a_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken then, a path that the step puts off at that moment would be forgotten."""
    under_way, go_on, torn = threading.Event(), threading.Event(), threading.Event()
    take_dirty = Replica.take_dirty

    def watched_take(replica: Replica, now_ms: int) -> set[str]:
        if under_way.is_set():
            torn.set()
        return take_dirty(replica, now_ms)

    def slow_step(_replica: Replica) -> None:
        under_way.set()
        assert go_on.wait(30)
        under_way.clear()

    monkeypatch.setattr(Replica, "take_dirty", watched_take)
    (tmp_path / "a").mkdir()
    async with running_node(tmp_path, "A") as node:
        service = await node.add_vault(tmp_path / "a")
        await until(lambda: service.state == "ready")
        engine = service.engine
        assert engine is not None
        step = asyncio.create_task(engine.read(slow_step))
        await until(under_way.is_set)
        engine.notice(["other.md"])
        await until(lambda: engine._coalescer.next_due_ms() is None)
        go_on.set()
        await step
    assert not torn.is_set()
