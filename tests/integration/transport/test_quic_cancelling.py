"""A dial that is given up in the very turn of the loop in which it is refused."""

from __future__ import annotations

import asyncio
import socket

import pytest

from vaultsync.errors import CloseCode, WrongPeerError
from vaultsync.transport.base import Address
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, listen


async def begun(endpoint: QuicEndpoint) -> None:
    async with asyncio.timeout(10):
        while not endpoint._connections:
            await asyncio.sleep(0)


async def test_a_refusal_of_a_dial_that_is_being_cancelled_changes_nothing() -> None:
    endpoint = await listen(Identity.generate(), host="127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = Address("127.0.0.1", silent.getsockname()[1])
        dialing = asyncio.create_task(endpoint.connect(Identity.generate().node_id, address))
        await begun(endpoint)
        (connection,) = endpoint._connections
        dialing.cancel()
        connection._refuse(CloseCode.WRONG_PEER, WrongPeerError("somebody else"))
        with pytest.raises(asyncio.CancelledError):
            await dialing
    await endpoint.close()
