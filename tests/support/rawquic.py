"""QUIC straight on aioquic, for peers that break the rules of our transport."""

from __future__ import annotations

import asyncio

from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from vaultsync.transport.base import Address


class RawPeer(asyncio.DatagramProtocol):
    """A QUIC peer straight on aioquic: a client if it is given an address, else a server for one connection."""

    def __init__(self, configuration: QuicConfiguration) -> None:
        self.configuration = configuration
        self.quic: QuicConnection | None = None
        self.ended: asyncio.Future[events.ConnectionTerminated] = asyncio.get_running_loop().create_future()
        self.handshaken = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport

    async def open(self) -> Address:
        self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )
        return Address(*self._transport.get_extra_info("sockname")[:2])

    def dial(self, address: Address) -> None:
        self.quic = QuicConnection(configuration=self.configuration)
        self.quic.connect((address.host, address.port), self._now())
        self.flush()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.quic is None:
            self.quic = QuicConnection(
                configuration=self.configuration, original_destination_connection_id=data[6 : 6 + data[5]]
            )
        self.quic.receive_datagram(data, addr, self._now())
        self.flush()

    def flush(self) -> None:
        assert self.quic is not None
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, events.HandshakeCompleted):
                self.handshaken.set()
        for data, address in self.quic.datagrams_to_send(self._now()):
            self._transport.sendto(data, address)
        closing = self.quic._close_event
        if closing is not None and not self.ended.done():
            self.ended.set_result(closing)
        if self._timer is not None:
            self._timer.cancel()
        at = self.quic.get_timer()
        self._timer = asyncio.get_running_loop().call_at(at, self._fire) if at is not None else None

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport.close()

    def _fire(self) -> None:
        assert self.quic is not None
        self.quic.handle_timer(self._now())
        self.flush()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
