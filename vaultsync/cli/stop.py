"""`vaultsync stop`: end the running node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.waiting import wait_for
from vaultsync.errors import NodeError, NodeNotRunningError, VaultLockedError

if TYPE_CHECKING:
    from vaultsync.daemon.config import Places

ENDS_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.05


def stop(as_json: Json = False) -> None:
    """Stop the running node, and wait until it has stopped. The notes stay; they sync when it is started again."""
    process = wait_for(_stop())
    if as_json:
        print_json({"stopped": process})
    else:
        say(console(), f"vaultsync (process {process}) has stopped.")


async def _stop() -> int:
    """Its process."""
    import asyncio

    from vaultsync.client.client import NodeClient
    from vaultsync.daemon.config import Places

    places = Places.find()
    async with NodeClient.find(places) as client:
        asked = client.descriptor
        try:
            await client.stop()
        except NodeNotRunningError:
            asked.remove(places)
            raise
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            while await asyncio.to_thread(_holds_its_lock, places):  # noqa: ASYNC110 (it is another process's)
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise NodeError(
            f"It was told to, but process {asked.pid} has not stopped for {ENDS_WITHIN_S:.0f} seconds.",
            hint="It may wait for a slow disk. Look again in a while, or end the process.",
        ) from None
    return asked.pid


def _holds_its_lock(places: Places) -> bool:
    """Whether a node still has the data folder, which it gives up last."""
    from vaultsync.daemon.opening import LOCK_FILE
    from vaultsync.vault.lock import FileLock

    lock = FileLock(str(places.data / LOCK_FILE))
    try:
        lock.acquire("vaultsync stop")
    except VaultLockedError:
        return True
    lock.release()
    return False
