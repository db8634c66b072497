"""Reno as aioquic has it, that tells the path's size what becomes of large datagrams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aioquic.quic.congestion.base import register_congestion_control
from aioquic.quic.congestion.reno import RenoCongestionControl
from aioquic.quic.packet_builder import QuicSentPacket

from vaultsync.transport.quic.pathsize import PathSize

ALGORITHM: Final = "vaultsync"
"""The name under which a `QuicConfiguration` asks for it."""


class WatchedReno(RenoCongestionControl):
    """The loss of a probe says nothing of congestion (RFC 8899 §3, requirement 7)."""

    def __init__(self, *, max_datagram_size: int) -> None:
        super().__init__(max_datagram_size=max_datagram_size)
        self.path: PathSize | None = None

    def use_datagram_size(self, size: int) -> None:
        self._max_datagram_size = size

    def on_packet_acked(self, *, now: float, packet: QuicSentPacket) -> None:
        if self.path is not None and packet.sent_bytes > self.path.base:
            self.path.large_arrived()
        super().on_packet_acked(now=now, packet=packet)

    def on_packets_lost(self, *, now: float, packets: Iterable[QuicSentPacket]) -> None:
        path, lost = self.path, list(packets)
        if path is not None:
            probes = [packet for packet in lost if packet.sent_bytes > path.size]
            if probes:
                self.on_packets_expired(packets=probes)
                lost = [packet for packet in lost if packet.sent_bytes <= path.size]
            if any(packet.sent_bytes > path.base for packet in lost):
                path.doubt(now)
        if lost:
            super().on_packets_lost(now=now, packets=lost)


register_congestion_control(ALGORITHM, WatchedReno)
