"""An endpoint whose streams of data keep to a rate that a person has set.

Only unidirectional streams wait: they carry change sets and contents. The control stream is small, and tells that a
peer is alive.
"""

from __future__ import annotations

import asyncio
from typing import Final

from vaultsync.errors import CloseCode
from vaultsync.model.ids import NodeId
from vaultsync.sync.allowance import Budget
from vaultsync.transport.base import Address, Connection, Endpoint, ReceiveStream, SendStream

PIECE: Final = 16 << 10
"""Bytes that are written or read at once under a limit, so that streams take turns."""


class Rate:
    """A number of bytes per second that all streams in one direction share."""

    def __init__(self) -> None:
        self._budget: Budget | None = None
        self._changed = asyncio.Event()

    @property
    def limited(self) -> bool:
        return self._budget is not None

    def limit(self, bytes_per_s: int) -> None:
        """Keep to this from now on; 0: to nothing. Who waits goes by it at once."""
        self._budget = Budget(bytes_per_s, burst=max(PIECE, bytes_per_s // 4)) if bytes_per_s else None
        self._changed.set()

    async def take(self, size: int) -> None:
        """Wait until `size` bytes may pass."""
        loop = asyncio.get_running_loop()
        while (budget := self._budget) is not None:
            wait_s = budget.wait_s(loop.time())
            if wait_s <= 0:
                budget.spend(size)
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                continue


class Limits:
    """How fast this device sends and receives; 0: as fast as it goes."""

    def __init__(self) -> None:
        self.sending = Rate()
        self.receiving = Rate()


class LimitedEndpoint:
    """`inner`, with streams that keep to `limits`."""

    def __init__(self, inner: Endpoint, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    @property
    def node_id(self) -> NodeId:
        return self._inner.node_id

    @property
    def addresses(self) -> tuple[Address, ...]:
        return self._inner.addresses

    async def connect(self, peer: NodeId, address: Address) -> Connection:
        return _LimitedConnection(await self._inner.connect(peer, address), self._limits)

    async def accept(self) -> Connection:
        return _LimitedConnection(await self._inner.accept(), self._limits)

    async def rebind(self) -> None:
        await self._inner.rebind()

    async def close(self) -> None:
        await self._inner.close()


class _LimitedConnection:
    def __init__(self, inner: Connection, limits: Limits) -> None:
        self._inner = inner
        self._limits = limits

    @property
    def peer(self) -> NodeId:
        return self._inner.peer

    @property
    def dialed(self) -> bool:
        return self._inner.dialed

    @property
    def address(self) -> Address:
        return self._inner.address

    @property
    def latency_ms(self) -> float | None:
        return self._inner.latency_ms

    @property
    def bytes_sent(self) -> int:
        return self._inner.bytes_sent

    @property
    def bytes_received(self) -> int:
        return self._inner.bytes_received

    async def open_stream(self) -> tuple[SendStream, ReceiveStream]:
        return await self._inner.open_stream()

    async def open_send_stream(self) -> SendStream:
        return _LimitedSend(await self._inner.open_send_stream(), self._limits.sending)

    async def accept_stream(self) -> tuple[SendStream | None, ReceiveStream]:
        sender, receiver = await self._inner.accept_stream()
        return sender, receiver if sender is not None else _LimitedReceive(receiver, self._limits.receiving)

    async def probe(self, timeout_s: float) -> bool:
        return await self._inner.probe(timeout_s)

    async def close(self, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        await self._inner.close(code, reason)

    async def wait_closed(self) -> tuple[CloseCode, str, bool]:
        return await self._inner.wait_closed()


class _LimitedSend:
    def __init__(self, inner: SendStream, rate: Rate) -> None:
        self._inner = inner
        self._rate = rate

    async def write(self, data: bytes) -> None:
        if not self._rate.limited:
            await self._inner.write(data)
            return
        for start in range(0, len(data), PIECE):
            piece = data[start : start + PIECE]
            await self._rate.take(len(piece))
            await self._inner.write(piece)

    async def finish(self) -> None:
        await self._inner.finish()

    def reset(self, code: CloseCode) -> None:
        self._inner.reset(code)


class _LimitedReceive:
    def __init__(self, inner: ReceiveStream, rate: Rate) -> None:
        self._inner = inner
        self._rate = rate

    async def read(self, limit: int) -> bytes:
        if not self._rate.limited:
            return await self._inner.read(limit)
        data = await self._inner.read(min(limit, PIECE))
        await self._rate.take(len(data))
        return data

    async def read_exactly(self, size: int) -> bytes:
        data = await self._inner.read_exactly(size)
        await self._rate.take(size)
        return data

    def stop(self, code: CloseCode) -> None:
        self._inner.stop(code)
