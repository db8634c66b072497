from __future__ import annotations

import asyncio

import pytest

from vaultsync.daemon.cancelling import raise_if_cancelled
from vaultsync.errors import VaultError


async def _until_cancelled(lost: asyncio.Event) -> str:
    async def fail() -> None:
        await lost.wait()
        raise VaultError("lost")

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())
    except* VaultError:
        raise_if_cancelled()
    return "goes on"


async def test_a_task_that_is_cancelled_in_the_moment_of_a_loss_ends() -> None:
    """A node that was stopped while a connection was lost dialed again, and never stopped."""
    lost = asyncio.Event()
    task = asyncio.create_task(_until_cancelled(lost))
    await asyncio.sleep(0)
    lost.set()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_task_that_only_lost_something_goes_on() -> None:
    lost = asyncio.Event()
    lost.set()
    assert await _until_cancelled(lost) == "goes on"
