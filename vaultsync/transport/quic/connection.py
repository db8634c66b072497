"""One QUIC connection: feeds aioquic's state machine, and turns its events into streams, waiting and timers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from aioquic.quic import events

from vaultsync.errors import (
    CloseCode,
    ProtocolError,
    RefusedError,
    TransportError,
    UnreachableError,
    WrongPeerError,
)
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.certificates import peer_id_of
from vaultsync.transport.closing import End, clean_reason, lost
from vaultsync.transport.quic.addresses import to_address
from vaultsync.transport.quic.closing import translate
from vaultsync.transport.quic.mutual import Ending, MutualConnection, ending_of
from vaultsync.transport.quic.outbox import Outbox
from vaultsync.transport.quic.settings import QuicSettings
from vaultsync.transport.quic.streams import QuicReceiveStream, QuicSendStream
from vaultsync.transport.quic.table import StreamTable
from vaultsync.transport.quic.udp import Datagram, SocketAddress

_log = logging.getLogger(__name__)


class Wire(Protocol):
    """What a connection asks of its endpoint."""

    @property
    def congested(self) -> bool: ...

    @property
    def unfragmented(self) -> bool: ...

    def send(self, datagrams: list[Datagram]) -> None: ...

    def route(self, cid: bytes, connection: QuicPeerConnection) -> None: ...

    def unroute(self, cid: bytes) -> None: ...

    def authenticated(self, connection: QuicPeerConnection) -> None:
        """An incoming connection has proven who it is."""

    def ended(self, connection: QuicPeerConnection) -> None:
        """The connection is of no use any more; its ids stay routed until `forget`."""

    def forget(self, connection: QuicPeerConnection) -> None:
        """The closing period is over."""


class QuicPeerConnection:
    """An authenticated connection; `established` is done once it is one."""

    def __init__(
        self,
        quic: MutualConnection,
        wire: Wire,
        settings: QuicSettings,
        *,
        expected: NodeId | None,
        wall_clock: Callable[[], float],
    ) -> None:
        self.quic = quic
        self.established: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wire = wire
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._expected = expected
        self._wall_clock = wall_clock
        self._peer: NodeId | None = None
        self._peer_address: SocketAddress | None = None
        self._streams = StreamTable(self)
        self._outbox = Outbox(quic, wire, dialed=expected is not None)
        self._end: asyncio.Future[End] = self._loop.create_future()
        self._wake_pending = False
        self._abandoned = False
        self._timer: asyncio.TimerHandle | None = None
        now = self._loop.time()
        self._heard_at = now
        self._pinged = False
        self._handshake_deadline = now + settings.handshake_timeout_s
        self._probes = 0
        self._probed: dict[int, asyncio.Future[None]] = {}

    # The interface of `base.Connection`

    @property
    def peer(self) -> NodeId:
        if self._peer is None:
            raise RuntimeError("the connection is not authenticated yet")
        return self._peer

    @property
    def dialed(self) -> bool:
        return self._expected is not None

    @property
    def address(self) -> Address:
        raw = self.quic.get_peer_address() or self._peer_address
        if raw is None:
            raise RuntimeError("the connection has no path yet")
        return to_address(raw)

    @property
    def latency_ms(self) -> float | None:
        seconds = self.quic.round_trip_s
        return None if seconds is None else seconds * 1000

    @property
    def bytes_sent(self) -> int:
        return self._outbox.bytes_sent

    @property
    def bytes_received(self) -> int:
        return self._outbox.bytes_received

    @property
    def unread(self) -> int:
        """Received bytes that no reader has taken yet."""
        return self._streams.unread

    async def open_stream(self) -> tuple[QuicSendStream, QuicReceiveStream]:
        self.check_open()
        return self._streams.open()

    async def open_send_stream(self) -> QuicSendStream:
        self.check_open()
        return self._streams.open_sending()

    async def accept_stream(self) -> tuple[QuicSendStream | None, QuicReceiveStream]:
        return await self._streams.accept()

    async def probe(self, timeout_s: float) -> bool:
        if self._end.done():
            return False
        self._probes += 1
        uid, answer = self._probes, self._loop.create_future()
        self._probed[uid] = answer
        try:
            self.quic.send_ping(uid)
            self.wake_soon()
            await asyncio.wait({answer, self._end}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            return answer.done() and not self._end.done()
        finally:
            del self._probed[uid]

    async def close(self, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        self.shut(code, reason)

    async def wait_closed(self) -> End:
        return await asyncio.shield(self._end)

    # What streams use

    def check_open(self) -> None:
        if self._end.done():
            raise lost(self._end.result())

    def wake_soon(self) -> None:
        if not self._wake_pending:
            self._wake_pending = True
            self._loop.call_soon(self.pump)

    def forget_sending(self, stream_id: int) -> None:
        self._streams.forget_sending(stream_id)

    # What the endpoint uses

    @property
    def is_open(self) -> bool:
        return not self._end.done()

    def receive(self, data: bytes, address: SocketAddress, now: float) -> None:
        """Take one datagram. `pump` must follow once all that wait are taken."""
        self._outbox.bytes_received += len(data)
        if self.quic.ending is not None:
            self._outbox.repeat_farewell()
            return
        self._heard_at = now
        self._pinged = False
        try:
            self.quic.receive_datagram(data, address, now)
        except Exception:  # noqa: BLE001 - hostile input in foreign code must not end the endpoint
            _log.exception("a datagram broke the connection")
            self.shut(CloseCode.INTERNAL, "a packet could not be handled")

    def pump(self) -> None:
        """Deliver events, send what is pending once, set the timer."""
        self._wake_pending = False
        if self._abandoned:
            return
        self._take_events()
        if not self._wire.congested:
            self._probe_size()
            self._send_pending()
            # Sending issues connection ids, which must be routed before a packet can carry them.
            self._take_events()
        if self.quic.ending is not None:
            self._finish(self.quic.ending)
        elif self.dialed and self._peer is not None and self.quic.confirmed and not self.established.done():
            self.established.set_result(None)
        self._streams.wake_writers()
        self._set_timer()

    def shut(self, code: CloseCode, reason: str = "") -> None:
        """Close at once, telling the peer; what was not sent yet is dropped."""
        if self._end.done():
            return
        reason = clean_reason(reason)
        self._finish(Ending(int(code), from_application=True, reason=reason, by_peer=False))
        self.quic.close(error_code=int(code), reason_phrase=reason)
        self.pump()

    def give_up(self, error: TransportError) -> None:
        """End a dial that led nowhere."""
        if not self.established.done():
            self.established.set_exception(error)
        self.shut(CloseCode.TIMEOUT)

    def abandon(self) -> None:
        """Drop everything without a word, when the socket is gone."""
        self._abandoned = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._finish(Ending(int(CloseCode.NORMAL), from_application=True, reason="", by_peer=False))

    def moved(self) -> None:
        """This device's own address changed: tell the peer by sending from the new one."""
        if self.is_open:
            self.quic.change_connection_id()
            self.quic.send_ping(0)
            self.pump()

    # Inside

    def _send_pending(self) -> None:
        if self.quic.get_peer_address() is None:
            return
        try:
            datagrams: list[Datagram] = self.quic.datagrams_to_send(self._loop.time())
        except Exception:  # noqa: BLE001 - as above: the connection ends, the endpoint lives
            _log.exception("sending broke the connection")
            self._finish(Ending(int(CloseCode.INTERNAL), from_application=True, reason="", by_peer=False))
            return
        if datagrams:
            self._outbox.send(datagrams)

    def _probe_size(self) -> None:
        if self.established.done() and (probe := self.quic.size_probe(self._loop.time())) is not None:
            self._outbox.send_now([probe])

    def _take_events(self) -> None:
        while (event := self.quic.next_event()) is not None:
            self._take_event(event)

    def _take_event(self, event: events.QuicEvent) -> None:
        if isinstance(event, events.ConnectionIdIssued):
            self._wire.route(event.connection_id, self)
        elif isinstance(event, events.ConnectionIdRetired):
            self._wire.unroute(event.connection_id)
        elif isinstance(event, events.ConnectionTerminated):
            self._finish(ending_of(event, by_peer=False))
            self._wire.forget(self)
        elif self._end.done():
            return
        elif isinstance(event, events.HandshakeCompleted):
            self._authenticate()
        elif isinstance(event, events.PingAcknowledged):
            answer = self._probed.get(event.uid)
            if answer is not None and not answer.done():
                answer.set_result(None)
        else:
            self._streams.take(event)

    def _authenticate(self) -> None:
        """Nothing of the peer is believed, and no byte of its streams delivered, before this."""
        try:
            peer = peer_id_of(self.quic.peer_certificate, self._wall_clock())
        except ProtocolError as error:
            hint = "Check the date and time on both devices."
            self._refuse(error.code, RefusedError(error.code, error.message, hint=hint))
            return
        if self._expected is not None and peer != self._expected:
            message = f"{self.address} is not {self._expected.short}… but {peer.short}…."
            self._refuse(CloseCode.WRONG_PEER, WrongPeerError(message))
            return
        self._peer = peer
        if self._wire.unfragmented:
            self.quic.find_path_size()
        if not self.dialed:
            self.established.set_result(None)
            self._wire.authenticated(self)

    def _refuse(self, code: CloseCode, error: TransportError) -> None:
        _log.info("refused the node at %s: %s", self.address, error.message)
        if self.dialed and not self.established.done():
            # A dial that was given up in this very turn of the loop has ended already.
            self.established.set_exception(error)
        self.shut(code)

    def _finish(self, ending: Ending) -> None:
        if self._end.done():
            return
        code, reason = translate(ending)
        self._peer_address = self.quic.get_peer_address()
        self._end.set_result((code, reason, ending.by_peer))
        if not self.established.done():
            self._fail_dial(code, reason, by_peer=ending.by_peer)
        self._streams.end(discard=not ending.by_peer)
        self._wire.ended(self)

    def _fail_dial(self, code: CloseCode, reason: str, *, by_peer: bool) -> None:
        if not self.dialed:
            self.established.cancel()
        elif by_peer:
            text = f"It answered and refused ({code.name.lower()}{': ' + reason if reason else ''})."
            self.established.set_exception(RefusedError(code, text))
        elif code is CloseCode.TIMEOUT:
            self.established.set_exception(UnreachableError("Nothing answers at this address."))
        elif code is CloseCode.NORMAL:
            self.established.set_exception(lost((code, reason, by_peer)))
        else:
            text = f"It answered, but not as it must ({code.name.lower()}{': ' + reason if reason else ''})."
            self.established.set_exception(RefusedError(code, text))

    # Timers

    def _next_wake(self) -> float | None:
        at = self.quic.get_timer() if self.quic.get_peer_address() is not None else None
        if self._end.done():
            return at
        if not self.established.done():
            return self._handshake_deadline if at is None else min(at, self._handshake_deadline)
        if not self._pinged:
            keep_alive = self._heard_at + self._settings.keep_alive_s
            return keep_alive if at is None else min(at, keep_alive)
        return at

    def _set_timer(self) -> None:
        at = self._next_wake()
        if self._timer is not None:
            # A timer that fires early only looks again, and that is cheaper than a new one for every packet.
            if at is not None and self._timer.when() <= at:
                return
            self._timer.cancel()
            self._timer = None
        if at is not None:
            self._timer = self._loop.call_at(at, self._timer_fired, at)

    def _timer_fired(self, due: float) -> None:
        self._timer = None
        now = max(self._loop.time(), due)
        if not self._end.done():
            if not self.established.done() and now >= self._handshake_deadline:
                self.shut(CloseCode.TIMEOUT, "the handshake took too long")
                return
            if self.established.done() and not self._pinged and now >= self._heard_at + self._settings.keep_alive_s:
                self._pinged = True
                self.quic.send_ping(0)
        at = self.quic.get_timer()
        if at is not None and now >= at:
            self.quic.handle_timer(now)
        self.pump()
