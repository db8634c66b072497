"""Reaching a peer that may be at any of several addresses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from vaultsync.errors import RefusedError, TransportError, UnreachableError, WrongPeerError
from vaultsync.model.ids import NodeId
from vaultsync.sync.reconnect import STAGGER_S
from vaultsync.transport.base import Address, Connection, Endpoint

Report = Callable[[str, str, str], None]
"""Takes an address, how the attempt went in a stable word, and why in a sentence."""


async def dial(endpoint: Endpoint, peer: NodeId, addresses: Sequence[str], report: Report) -> Connection:
    """Connect to `peer` at the first of `addresses` that answers.

    Attempts start 300 ms apart and run side by side, so that a dead address costs no more than that. Raises the
    error that says most: a refusal before a wrong peer before silence.
    """
    if not addresses:
        raise UnreachableError("No address of it is known.", hint="Start vaultsync on the other device.")
    winner: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
    failed = asyncio.Event()
    errors: list[TransportError] = []

    async def attempt(address: str) -> None:
        try:
            connection = await endpoint.connect(peer, _parsed(address))
        except TransportError as error:
            report(address, _outcome(error), error.message)
            errors.append(error)
            failed.set()
            return
        report(address, "connected", "")
        if winner.done():
            await connection.close()
        else:
            winner.set_result(connection)

    attempts: list[asyncio.Task[None]] = []
    try:
        for address in addresses:
            attempts.append(asyncio.create_task(attempt(address)))
            failed.clear()
            await _first_of(STAGGER_S, winner, failed.wait())
            if winner.done():
                return winner.result()
        while len(errors) < len(attempts) and not winner.done():
            failed.clear()
            await _first_of(None, winner, failed.wait())
        if winner.done():
            return winner.result()
        raise min(errors, key=lambda e: (not isinstance(e, RefusedError), not isinstance(e, WrongPeerError)))
    finally:
        for task in attempts:
            task.cancel()
        await asyncio.gather(*attempts, return_exceptions=True)


def _parsed(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        raise UnreachableError(f"“{text}” is no address.") from None


async def _first_of(
    timeout_s: float | None, winner: asyncio.Future[Connection], failure: Coroutine[None, None, bool]
) -> None:
    waiting = asyncio.create_task(failure)
    try:
        waited: set[asyncio.Future[Connection] | asyncio.Task[bool]] = {winner, waiting}
        await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def _outcome(error: TransportError) -> str:
    match error:
        case RefusedError():
            return "refused"
        case WrongPeerError():
            return "wrong peer"
        case _:
            return "no answer"
