"""Tasks that are asked for while their group ends."""

from __future__ import annotations

import asyncio

from vaultsync.daemon.tasks import start_in


async def test_a_group_that_goes_on_does_the_work() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("work")

    async with asyncio.TaskGroup() as tasks:
        assert start_in(tasks, work()) is not None
    assert done == ["work"]


async def test_a_group_that_is_ending_begins_nothing_and_leaves_nothing_behind() -> None:
    answers: list[asyncio.Task[None] | None] = []
    begun: list[str] = []
    waiting = asyncio.Event()

    async def work() -> None:
        begun.append("work")

    async def asks_at_the_end(tasks: asyncio.TaskGroup) -> None:
        try:
            waiting.set()
            await asyncio.Event().wait()
        finally:
            answers.append(start_in(tasks, work()))

    async def run() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asks_at_the_end(tasks))

    running = asyncio.create_task(run())
    await waiting.wait()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert (answers, begun) == ([None], [])


async def test_a_group_that_has_ended_begins_nothing() -> None:
    begun: list[str] = []

    async def work() -> None:
        begun.append("work")

    async with asyncio.TaskGroup() as tasks:
        pass
    assert start_in(tasks, work()) is None
    assert begun == []
