"""Both transports behind one fixture: whatever holds for one must hold for the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Connection, Endpoint
from vaultsync.transport.identity import Identity
from vaultsync.transport.memory import MemoryNetwork
from vaultsync.transport.quic import listen

MakeEndpoint = Callable[[], Awaitable[Endpoint]]


@pytest.fixture(params=["memory", "quic"])
async def make_endpoint(request: pytest.FixtureRequest) -> AsyncIterator[MakeEndpoint]:
    """Endpoints of one transport, closed at the end."""
    network = MemoryNetwork()
    made: list[Endpoint] = []

    async def make() -> Endpoint:
        endpoint: Endpoint
        if request.param == "memory":
            endpoint = network.endpoint(NodeId(Identity.generate().node_id.raw))
        else:
            endpoint = await listen(Identity.generate(), host="127.0.0.1")
        made.append(endpoint)
        return endpoint

    yield make
    for endpoint in made:
        await endpoint.close()


@pytest.fixture
async def pair(make_endpoint: MakeEndpoint) -> tuple[Connection, Connection]:
    """A connection's two sides: the dialer's and the acceptor's."""
    dialer, acceptor = await make_endpoint(), await make_endpoint()
    near = await dialer.connect(acceptor.node_id, acceptor.addresses[0])
    return near, await acceptor.accept()
