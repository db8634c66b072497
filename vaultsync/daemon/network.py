"""Noticing that this machine's place on the network has changed, or that it has slept."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import ifaddr

POLL_S: Final = 2.0
"""How often the addresses are looked at where the system does not tell of changes, and the clocks everywhere."""

TOLD_POLL_S: Final = 60.0
"""How often they are where it does: a look takes a millisecond, and some containers promise to tell and never do."""

SETTLE_S: Final = 0.3
"""A change comes in several steps (link, address, route); the last one is waited for."""

SLEPT_S: Final = 5.0
"""Wall time that passed beside the loop's, from which on the machine has slept."""

_RTMGRP: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR and _IPV6_ROUTE of linux/rtnetlink.h."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """What has changed; at least one of the three."""

    addresses: bool = False
    """This device has other addresses than before."""
    links: bool = False
    """The system says that an interface, an address or a route came, went or changed."""
    slept: bool = False


def local_addresses() -> frozenset[str]:
    """The addresses of this machine's interfaces, loopback left out, as `interface address`."""
    found = set()
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            host = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            if host != "::1" and not host.startswith("127."):
                found.add(f"{adapter.name} {host}")
    return frozenset(found)


class NetworkMonitor:
    """Tells of changes. `run` is its only task."""

    def __init__(
        self,
        changed: Callable[[NetworkChange], Awaitable[None]],
        *,
        addresses: Callable[[], frozenset[str]] = local_addresses,
        wall_s: Callable[[], float] = time.time,
        system_tells: bool = sys.platform == "linux",
    ) -> None:
        """`changed` is awaited for every change. `wall_s` is Unix time in seconds, which goes on in sleep."""
        self._changed = changed
        self._addresses = addresses
        self._wall_s = wall_s
        self._system_tells = system_tells
        self._hint = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled."""
        loop = asyncio.get_running_loop()
        known, looked_s = self._addresses(), loop.time()
        async with self._hints() as told:
            while True:
                slept = await self._wait()
                links = self._hint.is_set()
                if links:
                    await asyncio.sleep(SETTLE_S)
                    self._hint.clear()
                elif told and not slept and loop.time() - looked_s < TOLD_POLL_S:
                    continue
                now, looked_s = self._addresses(), loop.time()
                change = NetworkChange(now != known, links, slept)
                known = now
                if change != NetworkChange():
                    _log.info("the network has changed: %s", change)
                    await self._changed(change)

    async def _wait(self) -> bool:
        """Until there is a hint, or for `POLL_S`. Returns whether the machine slept meanwhile."""
        loop = asyncio.get_running_loop()
        ahead_s = self._wall_s() - loop.time()
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_S):
                await self._hint.wait()
        return self._wall_s() - loop.time() - ahead_s > SLEPT_S

    @asynccontextmanager
    async def _hints(self) -> AsyncIterator[bool]:
        """Let the system say that something happened, where it can (rtnetlink(7)). What it was is not read.

        Gives whether it can.
        """
        if not self._system_tells:
            yield False
            return
        try:
            sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        except OSError as error:
            _log.info("the system does not tell of changes of the network: %s", error)
            yield False
            return
        with sock:
            sock.bind((0, _RTMGRP))
            loop = asyncio.get_running_loop()
            loop.add_reader(sock, self._drain, sock)
            try:
                yield True
            finally:
                loop.remove_reader(sock)

    def _drain(self, sock: socket.socket) -> None:
        while True:
            try:
                sock.recv(65_536)
            except BlockingIOError:
                break
            except OSError as error:
                # ENOBUFS: more happened than fits; that is a hint as well.
                _log.debug("netlink: %s", error)
                break
        self._hint.set()
