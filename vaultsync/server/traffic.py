"""Measuring what moves: byte counters of the connections, and the large files under way."""

from __future__ import annotations

import time

from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.transfers import Transfer
from vaultsync.daemon.service import Node
from vaultsync.daemon.traffic import TrafficSample, TransferInfo
from vaultsync.errors import VaultsyncError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Connection


class TrafficMeter:
    """Gives what has moved between one call of `sample` and the next."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._counted: dict[Connection, tuple[int, int]] = dict(self._counters())
        self._at_s = time.monotonic()

    async def sample(self) -> TrafficSample:
        """What has moved since the last call, or since the meter was made."""
        transfers = await self._transfers()
        now_s = time.monotonic()
        counters = dict(self._counters())
        sent = received = 0
        for connection, (out, into) in counters.items():
            out_before, into_before = self._counted.get(connection, (0, 0))
            sent += out - out_before
            received += into - into_before
        elapsed_ms = max(1, round((now_s - self._at_s) * 1000))
        self._counted, self._at_s = counters, now_s
        return TrafficSample(time.time_ns() // 1_000_000, elapsed_ms, sent, received, transfers)

    def _counters(self) -> list[tuple[Connection, tuple[int, int]]]:
        links = [peer.link for peer in self._node.peers.get_peers() if peer.link is not None]
        return [(link.connection, (link.connection.bytes_sent, link.connection.bytes_received)) for link in links]

    async def _transfers(self) -> tuple[TransferInfo, ...]:
        found: list[TransferInfo] = []
        for service in list(self._node.vaults.values()):
            engine = service.engine
            # Most of the time there are none, and then the engine is not bothered.
            if engine is None or not engine.replica.state.transfers:
                continue
            try:
                found += await engine.read(_transfers)
            except VaultsyncError:
                # The engine ended while it was asked: nothing is fetched any more.
                continue
        return tuple(found)


def _transfers(replica: Replica) -> list[TransferInfo]:
    state = replica.state
    found = []
    for transfer in state.transfers.values():
        size = transfer.want.size
        path = min(state.offers.waiting_on(transfer.want.hash), default="")
        if path:
            peer = str(NodeId(transfer.peer))
            found.append(TransferInfo(state.vault_text, path, peer, size, _done(transfer, size)))
    return sorted(found, key=lambda info: info.path)


def _done(transfer: Transfer, size: int) -> int:
    if transfer.partial is None:
        return 0
    return max(0, size - transfer.partial.unwritten_bytes)
