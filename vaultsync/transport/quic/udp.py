"""UDP: one socket, drained in batches, with the kernel's segmentation offload where there is one.

`UDP_SEGMENT` lets one system call send a run of equal datagrams, `UDP_GRO` lets one receive such a run (Linux 4.18
and 5.0, udp(7)); both are probed and done without where they are missing.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import struct
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
"""What the socket module gives for IPv4 and for IPv6 addresses."""

Datagram = tuple[bytes, SocketAddress]

MAX_BATCH: Final = 256
MAX_BATCH_BYTES: Final = 1 << 20
"""Bounds of what one wake-up reads, so that its handling stays well under 20 ms."""

_MAX_UDP: Final = 65_507
_MAX_SEGMENTS: Final = 64
_SOL_UDP: Final = 17
_UDP_SEGMENT: Final = 103
_UDP_GRO: Final = 104
_IP_RECVERR: Final = 11
_IPV6_RECVERR: Final = 25
_IP_MTU_DISCOVER: Final = 10
_IPV6_MTU_DISCOVER: Final = 23
_PMTUDISC_PROBE: Final = 3
"""From linux/udp.h, linux/in.h and linux/in6.h; the socket module does not have them."""

_UNREACHABLE: Final = frozenset(
    {errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
)

_log = logging.getLogger(__name__)


class DatagramHandler(Protocol):
    """What the owner of a socket does with what happens on it."""

    def datagrams_received(self, batch: list[Datagram]) -> None: ...

    def address_unreachable(self, address: SocketAddress, error: OSError) -> None: ...

    def sending_resumed(self) -> None: ...


class DatagramIO(Protocol):
    """A bound UDP socket in an event loop."""

    @property
    def congested(self) -> bool:
        """Whether datagrams wait for the socket to take them; hold back until `sending_resumed`."""

    @property
    def unfragmented(self) -> bool:
        """Whether datagrams are never sent in fragments: what is too large is lost."""

    @property
    def family(self) -> int: ...

    @property
    def local_address(self) -> SocketAddress: ...

    def send(self, datagrams: Iterable[Datagram]) -> None: ...

    def close(self) -> None: ...


def bind(host: str | None, port: int, buffer_size: int) -> socket.socket:
    """A non-blocking UDP socket; without a `host` for all addresses, IPv6 and IPv4 where the system has both.

    Raises `OSError` if it cannot be bound.
    """
    if host is None:
        try:
            return _bind(socket.AF_INET6, ("::", port), buffer_size)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise
            return _bind(socket.AF_INET, ("0.0.0.0", port), buffer_size)  # noqa: S104 - peers are on other hosts
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    return _bind(family, address, buffer_size)


def _bind(family: int, address: tuple[object, ...], buffer_size: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            _try_option(sock, socket.SOL_SOCKET, option, buffer_size)
        if sys.platform == "linux":
            # Makes the kernel report "port unreachable" and its like, with the address, on the error queue.
            _try_option(sock, socket.IPPROTO_IP, _IP_RECVERR, 1)
            if family == socket.AF_INET6:
                _try_option(sock, socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _try_option(sock: socket.socket, level: int, option: int, value: int) -> bool:
    try:
        sock.setsockopt(level, option, value)
    except OSError as error:
        _log.debug("socket option %d/%d is not available: %s", level, option, error)
        return False
    return True


def _forbid_fragments(sock: socket.socket) -> bool:
    """Set "don't fragment", and have the system neither learn a path's MTU nor go by it (ip(7)): QUIC probes it."""
    levels = [(socket.IPPROTO_IP, _IP_MTU_DISCOVER)]
    if sock.family == socket.AF_INET6:
        levels.append((socket.IPPROTO_IPV6, _IPV6_MTU_DISCOVER))
    return all(_try_option(sock, level, option, _PMTUDISC_PROBE) for level, option in levels)


def attach(sock: socket.socket, handler: DatagramHandler, *, offload: bool = True) -> DatagramIO:
    """Put the bound socket into the running event loop."""
    return SelectorIO(sock, handler, asyncio.get_running_loop(), offload=offload)


class SelectorIO:
    """Reads everything that waits at each wake-up; writes until the socket has enough."""

    def __init__(
        self,
        sock: socket.socket,
        handler: DatagramHandler,
        loop: asyncio.AbstractEventLoop,
        *,
        offload: bool = True,
    ) -> None:
        self._sock = sock
        self._handler = handler
        self._loop = loop
        self._waiting: deque[Datagram] = deque()
        self._buffer = bytearray(65_536)
        self._view = memoryview(self._buffer)
        self.unfragmented = sys.platform == "linux" and _forbid_fragments(sock)
        linux = sys.platform == "linux" and offload
        self._coalesced = linux and _try_option(sock, _SOL_UDP, _UDP_GRO, 1)
        # Setting the default to "no segmentation" changes nothing and tells whether the kernel knows the option.
        self._segmented = linux and _try_option(sock, _SOL_UDP, _UDP_SEGMENT, 0)
        loop.add_reader(sock.fileno(), self._readable)

    @property
    def congested(self) -> bool:
        return bool(self._waiting)

    @property
    def family(self) -> int:
        return self._sock.family

    @property
    def local_address(self) -> SocketAddress:
        address: SocketAddress = self._sock.getsockname()
        return address

    def close(self) -> None:
        if self._sock.fileno() < 0:
            return
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._waiting.clear()
        self._sock.close()

    # Receiving

    def _readable(self) -> None:
        batch: list[Datagram] = []
        size = 0
        while len(batch) < MAX_BATCH and size < MAX_BATCH_BYTES:
            try:
                size += self._receive_into(batch)
            except BlockingIOError:
                break
            except OSError as error:
                _log.debug("receiving failed: %s", error)
                break
        if not batch:
            self._read_errors()
        else:
            self._handler.datagrams_received(batch)

    def _receive_into(self, batch: list[Datagram]) -> int:
        if not self._coalesced:
            size, address = self._sock.recvfrom_into(self._buffer)
            batch.append((bytes(self._view[:size]), address))
            return size
        size, ancillary, _, address = self._sock.recvmsg_into([self._buffer], 64)
        segment = size
        for level, kind, value in ancillary:
            if level == _SOL_UDP and kind == _UDP_GRO:
                segment = int.from_bytes(value[:4], sys.byteorder)
        if segment >= size:
            batch.append((bytes(self._view[:size]), address))
        else:
            view = self._view
            batch.extend((bytes(view[at : min(at + segment, size)]), address) for at in range(0, size, segment))
        return size

    def _read_errors(self) -> None:
        if sys.platform != "linux":
            return
        for _ in range(MAX_BATCH):
            try:
                _, ancillary, _, address = self._sock.recvmsg(1, 512, socket.MSG_ERRQUEUE)
            except OSError:
                # The queue is empty, or this system has none.
                return
            for _level, _kind, value in ancillary:
                if len(value) >= 4:
                    number = int.from_bytes(value[:4], sys.byteorder)
                    if number in _UNREACHABLE:
                        self._handler.address_unreachable(address, OSError(number, os.strerror(number)))

    # Sending

    def send(self, datagrams: Iterable[Datagram]) -> None:
        """Send now, or as soon as the socket takes more. What cannot be sent at all is dropped: QUIC sends again."""
        if self._waiting:
            self._waiting.extend(datagrams)
            return
        for run in self._runs(datagrams):
            if self._waiting or not self._send_run(run):
                if not self._waiting:
                    self._loop.add_writer(self._sock.fileno(), self._writable)
                self._waiting.extend(run)

    def _writable(self) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        for run in self._runs(waiting):
            if self._waiting or not self._send_run(run):
                self._waiting.extend(run)
        if not self._waiting:
            self._loop.remove_writer(self._sock.fileno())
            self._handler.sending_resumed()

    def _runs(self, datagrams: Iterable[Datagram]) -> Iterator[list[Datagram]]:
        """Group what one system call can send: same address, equal sizes, only the last may be shorter."""
        if not self._segmented:
            for datagram in datagrams:
                yield [datagram]
            return
        run: list[Datagram] = []
        total = size = 0
        for datagram in datagrams:
            length = len(datagram[0])
            if run and (
                datagram[1] != run[0][1]
                or length > size
                or len(run[-1][0]) < size
                or total + length > _MAX_UDP
                or len(run) >= _MAX_SEGMENTS
            ):
                yield run
                run = []
            if not run:
                total, size = 0, length
            run.append(datagram)
            total += length
        if run:
            yield run

    def _send_run(self, run: list[Datagram]) -> bool:
        """Whether the run is dealt with; False if the socket takes no more for now."""
        address = run[0][1]
        try:
            self._send_now(run, address)
        except BlockingIOError:
            return False
        except OSError as error:
            if len(run) > 1:
                # Also what an interface without the offload says; one by one tells the two apart. EINVAL may mean no
                # more than that the segments are too large for it.
                if error.errno in (errno.EIO, errno.EOPNOTSUPP):
                    self._segmented = False
                return all(self._send_run([datagram]) for datagram in run)
            _log.debug("sending to %s failed: %s", address[0], error)
            if error.errno in _UNREACHABLE:
                self._loop.call_soon(self._handler.address_unreachable, address, error)
        return True

    def _send_now(self, run: list[Datagram], address: SocketAddress) -> None:
        for final in (False, True):
            try:
                if len(run) == 1:
                    self._sock.sendto(run[0][0], address)
                else:
                    segment = struct.pack("=H", len(run[0][0]))
                    self._sock.sendmsg([data for data, _ in run], [(_SOL_UDP, _UDP_SEGMENT, segment)], 0, address)
            except OSError as error:
                # The first may be an earlier datagram's fate, to another address: the error queue has that.
                if final or error.errno not in _UNREACHABLE:
                    raise
            else:
                return
