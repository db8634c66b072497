"""Finding peers on the local network by multicast DNS service discovery (RFC 6762, RFC 6763).

What is announced is the node id and the port, and nothing else: no name of a device, a person or a vault.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

from vaultsync.errors import TransportError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address

if TYPE_CHECKING:
    from zeroconf import ServiceStateChange, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

SERVICE_TYPE: Final = "_vaultsync._udp.local."
RESOLVE_MS: Final = 3_000
"""How long an announced node's address is asked for."""
MAX_NODES: Final = 256
"""Nodes on the local network that are kept track of; anybody there can announce as many as they like."""
MAX_ADDRESSES: Final = 8
"""Addresses of one node that are believed."""

_log = logging.getLogger(__name__)


class Discovery:
    """Announces this node and reports the others: `found(node, addresses)`, with no addresses when one has gone."""

    def __init__(
        self,
        node: NodeId,
        found: Callable[[NodeId, Sequence[str]], None],
        *,
        interfaces: Sequence[str] | None = None,
    ) -> None:
        """`interfaces` are addresses of the interfaces to use; None: all."""
        self._node = node
        self._found = found
        self._interfaces = interfaces
        self._zeroconf: AsyncZeroconf | None = None
        self._browser: AsyncServiceBrowser | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._nodes: set[NodeId] = set()

    async def start(self, addresses: Sequence[Address]) -> None:
        """Announce that this node listens at `addresses`, and begin to look. `TransportError` if it can't be done."""
        # A tenth of this process's memory, for those who switched it off.
        from zeroconf import Error, InterfaceChoice, IPVersion
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

        if not addresses:
            raise TransportError("This node has no address to announce.")
        hosts = [_packed(address.host) for address in addresses]
        info = AsyncServiceInfo(
            SERVICE_TYPE,
            f"{self._node}.{SERVICE_TYPE}",
            port=addresses[0].port,
            addresses=[host for host in hosts if host is not None],
            # The host's own name would tell who is there.
            server=f"{self._node}.local.",
        )
        try:
            interfaces = list(self._interfaces) if self._interfaces is not None else InterfaceChoice.All
            zeroconf = AsyncZeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
        except (OSError, Error) as error:
            raise TransportError(f"Devices on this network cannot be looked for: {error}.") from error
        self._zeroconf = zeroconf
        try:
            await self._announce(zeroconf, info)
            self._browser = AsyncServiceBrowser(zeroconf.zeroconf, SERVICE_TYPE, handlers=[self._changed])
        except (OSError, Error) as error:
            await self.stop()
            raise TransportError(f"Devices on this network cannot be looked for: {error}.") from error

    async def stop(self) -> None:
        """Say goodbye and close. Idempotent."""
        zeroconf, self._zeroconf = self._zeroconf, None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if zeroconf is None:
            return
        if self._browser is not None:
            await self._browser.async_cancel()
            self._browser = None
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()

    async def _announce(self, zeroconf: AsyncZeroconf, info: AsyncServiceInfo) -> None:
        # The name is a public key: nobody else can want it, so nobody needs to be asked first (RFC 6762 §8.1).
        broadcast = await zeroconf.async_register_service(info, cooperating_responders=True)
        self._keep(broadcast)

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        """zeroconf calls this, with these names, in the event loop."""
        from zeroconf import ServiceStateChange

        try:
            node = NodeId.parse(name.removesuffix(f".{service_type}"))
        except ValueError:
            return
        if node == self._node:
            return
        if state_change is ServiceStateChange.Removed:
            self._nodes.discard(node)
            self._found(node, ())
        elif node in self._nodes or len(self._nodes) < MAX_NODES:
            self._nodes.add(node)
            self._keep(self._resolve(zeroconf, node, name))

    async def _resolve(self, zeroconf: Zeroconf, node: NodeId, name: str) -> None:
        from zeroconf import IPVersion
        from zeroconf.asyncio import AsyncServiceInfo

        info = AsyncServiceInfo(SERVICE_TYPE, name)
        if not await info.async_request(zeroconf, RESOLVE_MS) or not info.port:
            return
        hosts = info.parsed_scoped_addresses(IPVersion.All)[:MAX_ADDRESSES]
        self._found(node, [str(Address(host, info.port)) for host in hosts])

    def _keep(self, work: Awaitable[None]) -> None:
        async def watch() -> None:
            try:
                await work
            except Exception:  # noqa: BLE001 - a malformed answer on the network must not end anything here
                _log.warning("looking for devices on this network failed", exc_info=True)

        task = asyncio.create_task(watch())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _packed(host: str) -> bytes | None:
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return socket.inet_pton(socket.AF_INET if ip.version == 4 else socket.AF_INET6, str(ip))
