"""The queue of a vault's steps: one at a time, in a worker thread, so that nothing blocks the event loop."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final

from vaultsync.daemon.replica.state import Effects
from vaultsync.errors import ProtocolError, VaultError, VaultsyncError

LIVE: Final = 0
"""Somebody waits for it: what a peer sent, what was saved, what was asked."""
SCAN: Final = 1
"""Looking through the vault, which gives way to everything else."""


@dataclass(order=True, slots=True)
class _Job:
    urgency: int
    number: int
    step: Callable[[], Effects | None] = field(compare=False)
    done: asyncio.Future[None] = field(compare=False)
    on_fault: VaultsyncError = field(compare=False)
    """What to tell who asked for the step if it meets a fault of ours."""


class Steps:
    """Takes steps from anybody and runs them in order of urgency, then of asking. `run` is its only task."""

    def __init__(
        self, worker: Executor, *, carry_out: Callable[[Effects], None], afterwards: Callable[[], None]
    ) -> None:
        """Both are called in the event loop: `carry_out` before who asked for the step goes on, `afterwards` then."""
        self._worker = worker
        self._carry_out = carry_out
        self._afterwards = afterwards
        self._jobs: asyncio.PriorityQueue[_Job] = asyncio.PriorityQueue(maxsize=1_000)
        self._numbers = itertools.count()
        self._stepped = asyncio.Event()
        """Set after every step, and at the end."""
        self.ended: VaultsyncError | None = None
        """Why no more steps are taken."""

    async def run(self) -> None:
        """Run steps until cancelled. Raises what ends it: an error of the vault, or a fault of ours.

        A `ProtocolError` is whoever's who asked for the step, and ends nothing.
        """
        loop = asyncio.get_running_loop()
        while True:
            job = await self._jobs.get()
            if job.done.cancelled():
                continue
            try:
                effects = await loop.run_in_executor(self._worker, job.step)
                if effects is not None:
                    self._carry_out(effects)
            except ProtocolError as error:
                self._finish(job, error)
            except (VaultsyncError, OSError) as error:
                known = error if isinstance(error, VaultsyncError) else VaultError(f"The disk says: {error}.")
                self.ended = known
                self._finish(job, known)
                raise known from error
            except BaseException:
                self._finish(job, job.on_fault)
                raise
            else:
                self._finish(job, None)
            self._afterwards()

    def end(self) -> VaultsyncError:
        """Take no more steps; whoever waits for one is told. Returns why: what `run` raised, if it was that."""
        self.ended = self.ended or VaultError("The vault has stopped.")
        self._stepped.set()
        while not self._jobs.empty():
            self._finish(self._jobs.get_nowait(), self.ended)
        return self.ended

    async def do(
        self, step: Callable[[], Effects | None], urgency: int = LIVE, on_fault: VaultsyncError | None = None
    ) -> None:
        """Return when `step` has run and its effects have been carried out.

        Raises the `ProtocolError` that it raised, `on_fault` if it met a fault of ours, and else the
        `VaultsyncError` with which everything ends.
        """
        if (ended := self.ended) is not None:
            raise ended
        done = asyncio.get_running_loop().create_future()
        job = _Job(urgency, next(self._numbers), step, done, on_fault or VaultError("The vault has stopped."))
        await self._jobs.put(job)
        if self.ended is not None:
            # It ended while the queue was full: nobody takes the job any more.
            self._finish(job, self.ended)
        await job.done

    async def wait_for_next(self) -> None:
        """Until a step has run, or no more are taken."""
        self._stepped.clear()
        await self._stepped.wait()

    def _finish(self, job: _Job, error: Exception | None) -> None:
        self._stepped.set()
        if job.done.done():
            return
        if error is None:
            job.done.set_result(None)
        else:
            job.done.set_exception(error)
