"""The dashboard's ear: finds the node, listens to it, and finds it again when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from textual.message import Message

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import Places, Status, TimedEvent
from vaultsync.errors import NodeNotRunningError, VaultsyncError, one_of_a_group
from vaultsync.tui.messages import EventsCame, LookCame, NodeFound, NodeLost, StatusCame, TrafficCame
from vaultsync.tui.state import asks_for_a_look, asks_for_status, ids_in

RETRY_S: Final = 0.5
"""How often a node that is gone is looked for."""
GATHER_S: Final = 0.05
"""Events that come this close together are told together: thousands may."""
STATUS_GAP_S: Final = 0.25
"""The least time between two status requests."""
LOOK_GAP_S: Final = 2.0
"""The least time between two looks at what waits for a person: each goes through a vault's whole index."""
STATUS_EVERY_S: Final = 10.0
"""A status is asked for this often even if nothing happens: latencies change."""


class Feed:
    """Posts what it hears. `run` never returns."""

    def __init__(self, places: Places, post: Callable[[Message], object]) -> None:
        self._places = places
        self._post = post
        self._heard_to: int | None = None
        """The number of the last event, of the node run that is meant by `_run`."""
        self._run: tuple[int, int] | None = None
        self._gathered: list[TimedEvent] = []
        self._arrived = asyncio.Event()
        self._stale = asyncio.Event()
        self._look_at: set[str] = set()
        self._look = asyncio.Event()
        self._named: set[str] = set()
        """Vaults and devices whose names have been told."""

    def refresh(self) -> None:
        """Something was done that no event tells of: ask for the status."""
        self._stale.set()

    def look(self, vault: str) -> None:
        """Something was decided in a vault: look again at what waits there."""
        self._look_at.add(vault)
        self._look.set()

    async def run(self) -> None:
        """Follow whatever node runs, until cancelled."""
        while True:
            try:
                client = RecoveryClient.find(self._places)
                with one_of_a_group():
                    async with client:
                        await self._follow(client)
            except VaultsyncError as error:
                self._post(NodeLost(error))
            await asyncio.sleep(RETRY_S)

    async def _follow(self, client: RecoveryClient) -> None:
        run = (client.descriptor.pid, client.descriptor.started)
        if run != self._run:
            # Another node, or another run of it: its numbers begin anew.
            self._run, self._heard_to = run, None
        self._post(NodeFound(client))
        status = await self._tell_status(client)
        self._gathered.clear()
        self._stale.set()
        for vault in status.vaults:
            self.look(vault.id)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(client))
            tasks.create_task(self._tell(client))
            tasks.create_task(self._ask(client))
            tasks.create_task(self._measure(client))
            tasks.create_task(self._look_around(client))

    async def _listen(self, client: RecoveryClient) -> None:
        async for timed in client.timed_events(self._heard_to or 0):
            self._gathered.append(timed)
            self._arrived.set()
        raise NodeNotRunningError("The node stopped.")

    async def _tell_status(self, client: RecoveryClient) -> Status:
        status = await client.status()
        self._named |= {vault.id for vault in status.vaults} | {peer.id for peer in status.peers}
        self._post(StatusCame(status, await client.requests()))
        return status

    async def _tell(self, client: RecoveryClient) -> None:
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHER_S)
            self._arrived.clear()
            events, self._gathered = self._gathered, []
            if not events:
                continue
            if unknown := {each for timed in events for each in ids_in(timed.event)} - self._named:
                # What happens is told with names, and a vault or device that is new has told none yet.
                await self._tell_status(client)
                self._named |= unknown
            self._post(EventsCame(events))
            self._heard_to = events[-1].number
            if any(asks_for_status(timed.event) for timed in events):
                self._stale.set()
            for timed in events:
                if (vault := asks_for_a_look(timed.event)) is not None:
                    self.look(vault)

    async def _ask(self, client: RecoveryClient) -> None:
        while True:
            try:
                async with asyncio.timeout(STATUS_EVERY_S):
                    await self._stale.wait()
            except TimeoutError:
                pass
            self._stale.clear()
            await self._tell_status(client)
            await asyncio.sleep(STATUS_GAP_S)

    async def _look_around(self, client: RecoveryClient) -> None:
        while True:
            await self._look.wait()
            self._look.clear()
            vaults, self._look_at = self._look_at, set()
            for vault in sorted(vaults):
                try:
                    held, conflicts = await client.held_deletions(vault), await client.conflicts(vault)
                except NodeNotRunningError:
                    raise
                except VaultsyncError:
                    # It is offline, which the status tells; it is looked at when it is ready again.
                    continue
                self._post(LookCame(vault, held, conflicts))
            await asyncio.sleep(LOOK_GAP_S)

    async def _measure(self, client: RecoveryClient) -> None:
        async for sample in client.traffic():
            self._post(TrafficCame(sample))
