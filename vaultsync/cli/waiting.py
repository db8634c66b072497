"""How a verb waits for what takes time."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end, as `asyncio.run` does. asyncio is loaded only then: the help has no need of it."""
    import asyncio

    return asyncio.run(work)
