"""What a connection sends: counted, and bounded where anybody could have asked for it."""

from __future__ import annotations

from typing import Final, Protocol

from vaultsync.transport.quic.mutual import MutualConnection
from vaultsync.transport.quic.udp import Datagram

MAX_AMPLIFICATION: Final = 3
"""Bytes for each one that came from an address that is not proven (RFC 9000 §8.1)."""

MAX_FAREWELLS: Final = 16
"""How often the close is repeated to a peer that goes on sending (RFC 9000 §10.2.1 asks for a bound)."""

REKEY_AFTER: Final = 1 << 22
"""Datagrams under one key; AES-GCM allows 2^23 packets (RFC 9001 §6.6)."""


class Sender(Protocol):
    """What takes datagrams to the network."""

    def send(self, datagrams: list[Datagram]) -> None: ...


class Outbox:
    """The datagrams of one connection on their way out."""

    def __init__(self, quic: MutualConnection, sender: Sender, *, dialed: bool) -> None:
        self.bytes_sent = 0
        self.bytes_received = 0
        self._quic = quic
        self._sender = sender
        self._dialed = dialed
        self._datagrams_sent = 0
        self._farewell: list[Datagram] = []
        self._farewells = 0

    def send(self, datagrams: list[Datagram]) -> None:
        """Send, unless it would be too much for an address that is not proven. What closes is kept for `repeat`."""
        if self._quic.ending is not None:
            self._farewell = datagrams
        if not self._dialed and not self._quic.address_proven:
            # aioquic keeps to this itself, but for the packet that closes.
            size = sum(len(data) for data, _ in datagrams)
            if self.bytes_sent + size > MAX_AMPLIFICATION * self.bytes_received:
                return
        self.send_now(datagrams)

    def send_now(self, datagrams: list[Datagram]) -> None:
        """Send whatever it is: the connection stands."""
        self.bytes_sent += sum(len(data) for data, _ in datagrams)
        before = self._datagrams_sent
        self._datagrams_sent += len(datagrams)
        if before // REKEY_AFTER != self._datagrams_sent // REKEY_AFTER:
            self._quic.request_key_update()
        self._sender.send(datagrams)

    def repeat_farewell(self) -> None:
        """Close once more towards a peer that goes on sending; a few times."""
        if self._farewell and self._farewells < MAX_FAREWELLS:
            self._farewells += 1
            self.send(self._farewell)
