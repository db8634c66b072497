"""What happens around this node: peers that appear on the local network, and the network that changes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from vaultsync.daemon.network import NetworkChange, NetworkMonitor
from vaultsync.daemon.peers import PeerManager
from vaultsync.daemon.status import MDNS_OFF
from vaultsync.errors import TransportError
from vaultsync.transport.base import Endpoint
from vaultsync.transport.discovery import Discovery

_log = logging.getLogger(__name__)


class Surroundings:
    """Keeps the endpoint and the peers up with the network. `run` is its only task."""

    def __init__(
        self,
        endpoint: Endpoint,
        peers: PeerManager,
        moved: Callable[[], Awaitable[None]],
        *,
        mdns: bool,
        listen_host: str | None,
    ) -> None:
        """`moved` is awaited when this device has other addresses. `listen_host`: a node that listens on one address
        looks for peers on that interface alone."""
        self._endpoint = endpoint
        self._peers = peers
        self._moved = moved
        self._mdns = mdns
        self._interfaces = None if listen_host is None else [listen_host]
        self._discovery: Discovery | None = None
        self.mdns_problem = ""
        """Why peers on the local network are not found by themselves, in words; empty if they are."""

    async def run(self) -> None:
        """Watch and look until cancelled."""
        try:
            await self._look()
            await NetworkMonitor(self._changed).run()
        finally:
            await self._stop_looking()

    async def _changed(self, change: NetworkChange) -> None:
        if change.addresses or change.slept:
            try:
                await self._endpoint.rebind()
            except TransportError as error:
                _log.warning("no socket after the network changed: %s", error.message)
        await self._peers.network_changed()
        if change.addresses:
            await self._moved()
            await self._stop_looking()
            await self._look()

    async def _look(self) -> None:
        if not self._mdns:
            self.mdns_problem = MDNS_OFF
            return
        discovery = Discovery(self._endpoint.node_id, self._peers.sighted, interfaces=self._interfaces)
        try:
            await discovery.start(self._endpoint.addresses)
        except TransportError as error:
            self.mdns_problem = error.message
            _log.warning("%s", error.message)
            return
        self._discovery, self.mdns_problem = discovery, ""

    async def _stop_looking(self) -> None:
        discovery, self._discovery = self._discovery, None
        if discovery is not None:
            await discovery.stop()
