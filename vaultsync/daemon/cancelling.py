"""What `asyncio.TaskGroup` forgets."""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Call in the `except*` of a task group: `CancelledError` if its task is to end.

    A group that has errors to raise raises these and no cancellation, even if it was cancelled at the same moment
    (mended in Python 3.13). Who then goes on after the error goes on for good.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
