"""Tasks that may be asked for in the moment in which their group ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

_T = TypeVar("_T")


def start_in(tasks: asyncio.TaskGroup, work: Coroutine[None, None, _T]) -> asyncio.Task[_T] | None:
    """Start `work` in the group; None if the group is ending, and then nothing of it is done."""
    try:
        return tasks.create_task(work)
    except RuntimeError:  # all that `create_task` raises, and only if the group takes no more
        work.close()
        return None
