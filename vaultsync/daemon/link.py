"""One connection to one peer: pumps messages between its streams and the engines of the vaults that both share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from vaultsync.daemon.engine import Engine
from vaultsync.daemon.replica.arrival import Arrival, check_in
from vaultsync.daemon.replica.state import ControlMessage
from vaultsync.daemon.wire import MessageReader, MessageWriter, is_large
from vaultsync.errors import CloseCode, ConnectionLostError, ProtocolError, VaultsyncError, one_of_a_group
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.limits import MAX_VAULTS, PROTOCOL_VERSION
from vaultsync.protocol.messages import (
    Ack,
    Bye,
    ChangeSet,
    Chunks,
    Contents,
    Digest,
    Hello,
    ManifestPart,
    Members,
    Message,
    Resync,
    Want,
)
from vaultsync.transport.base import Connection, ReceiveStream

FIRST_WORD_S: Final = 10.0
"""How long a peer has for its first message."""

LAST_WORDS_S: Final = 1.0
"""How long a removed device has to hear that it is one before the connection ends."""

MAX_CONTROL_QUEUE: Final = 10_000
"""Control messages that wait to be sent. They are small, and a peer that reads none of them is dropped."""

HEARTBEAT_S: Final = 6.0
"""How often it is looked whether anything came; if not, the peer is asked whether it is there."""
ANSWER_S: Final = 7.0
"""How long it has for the answer. A dead path is noticed within 19 s: something may have come right after a look."""

CONTENTS_AHEAD: Final = 8
"""Messages of the content stream, of about 1 MiB each, that are read while the disk is busy with earlier ones: as
many again as are put in place together."""

VaultMessages = (Ack, Digest, Resync, Want, ChangeSet, Contents, ManifestPart, Chunks)


@dataclass(frozen=True, slots=True)
class Access:
    """What the roles in a vault allow on a connection."""

    offers: bool
    """Our records go to the peer: this device is a member."""
    accepts: bool
    """The peer's records are taken: it is a member."""


FULL: Final = Access(offers=True, accepts=True)


class Link:
    """A conversation with a peer. `run` is its only task; it ends with the connection."""

    def __init__(
        self,
        connection: Connection,
        reader: MessageReader,
        writer: MessageWriter,
        engines: Mapping[VaultId, Engine],
        hello: Hello,
        members: Callable[[Members], Awaitable[None]],
        access: Callable[[VaultId], Access],
        rest: Callable[[bool], None],
    ) -> None:
        """`engines` are the vaults that are shared with this peer; `hello` says who we are; `members` takes what the
        peer tells of a vault's members; `access` says what the roles allow; `rest` hears, while it runs, whether
        nothing is left to exchange."""
        self.connection = connection
        self._reader = reader
        self._writer = writer
        self._engines = engines
        self._own_hello = hello
        self._members = members
        self._access = access
        self._rest = rest
        self._busy: set[VaultId] = set()
        self._muted: set[VaultId] = set()
        self.theirs: Hello | None = None
        self.shared: dict[VaultId, Engine] = {}
        self._control: asyncio.Queue[ControlMessage | Members] = asyncio.Queue(MAX_CONTROL_QUEUE)
        self._changes = asyncio.Event()
        self._contents = asyncio.Event()
        self._dropped: asyncio.Future[VaultsyncError] = asyncio.get_running_loop().create_future()

    @property
    def peer(self) -> NodeId:
        return self.connection.peer

    # What the engines ask of it

    def send_control(self, message: ControlMessage | Members) -> None:
        try:
            self._control.put_nowait(message)
        except asyncio.QueueFull:
            self.drop(ProtocolError(CloseCode.TIMEOUT, "reads nothing of what it is sent"))

    def wake(self, *, changes: bool, contents: bool) -> None:
        if changes:
            self._changes.set()
        if contents:
            self._contents.set()

    def at_rest(self, vault: VaultId, whether: bool) -> None:
        if vault not in self.shared or whether == (vault not in self._busy):
            return
        if whether:
            self._busy.discard(vault)
            if not self._busy:
                self._rest(True)
        else:
            self._busy.add(vault)
            self._rest(False)

    def mute(self, vault: VaultId) -> None:
        """Hear nothing more of `vault` from this peer."""
        self._muted.add(vault)

    def drop(self, error: VaultsyncError) -> None:
        if not self._dropped.done():
            self._dropped.set_result(error)

    # Its own life

    async def open(self, theirs: Hello | None = None) -> Hello:
        """Exchange Hellos; `theirs` if it was read already. Returns the peer's.

        Raises `ProtocolError` if there is no version in common.
        """
        hellos = [await engine.attach(self) for engine in self._engines.values()]
        await self._writer.write(
            Hello(
                self._own_hello.protocol,
                self._own_hello.name,
                self._own_hello.hostname,
                self._own_hello.app_version,
                self._own_hello.capabilities,
                tuple(hellos),
            )
        )
        if theirs is None:
            first = await self._first_message()
            for _ in range(MAX_VAULTS):
                if not isinstance(first, Members):
                    break
                # Before it refuses a device that was removed it says so, signed.
                await self._members(first)
                first = await self._first_message()
            if not isinstance(first, Hello):
                raise ProtocolError(CloseCode.UNEXPECTED, "did not begin with a Hello")
            theirs = first
        if theirs.protocol != PROTOCOL_VERSION:
            raise ProtocolError(CloseCode.VERSION, f"speaks version {theirs.protocol}, not {PROTOCOL_VERSION}")
        self.theirs = theirs
        for vault in theirs.vaults:
            if (engine := self._engines.get(vault.vault)) is not None:
                self.shared[vault.vault] = engine
        for vault_id, engine in self._engines.items():
            if vault_id not in self.shared:
                await engine.detach(self)
        return theirs

    async def _first_message(self) -> Message | None:
        """What the peer says first, unless this link is dropped: a better one may be waiting."""
        reading = asyncio.create_task(self._reader.read())
        try:
            waited: set[asyncio.Future[Message | None] | asyncio.Future[VaultsyncError]] = {reading, self._dropped}
            await asyncio.wait(waited, timeout=FIRST_WORD_S, return_when=asyncio.FIRST_COMPLETED)
            if self._dropped.done():
                raise self._dropped.result()
            if not reading.done():
                raise ProtocolError(CloseCode.TIMEOUT, "said nothing")
            return await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def run(self) -> None:
        """Pump until the connection ends, and say why it did.

        Raises `ConnectionLostError`, or the `VaultsyncError` for which this side ended it.
        """
        assert self.theirs is not None
        self._busy = set(self.shared)
        self._rest(not self._busy)
        with one_of_a_group(_most_telling):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._end_when_dropped())
                tasks.create_task(self._end_when_closed())
                tasks.create_task(self._read_control())
                tasks.create_task(self._write_control())
                tasks.create_task(self._accept_streams(tasks))
                tasks.create_task(self._send_changes())
                tasks.create_task(self._send_contents())
                tasks.create_task(self._listen_for_life())
                for vault in self.theirs.vaults:
                    if (engine := self.shared.get(vault.vault)) is not None:
                        await self._restrict(engine)
                        await engine.opened(self.peer, vault)
                self.wake(changes=True, contents=True)

    async def close(self, code: CloseCode, reason: str = "") -> None:
        """Detach from the engines and close the connection."""
        await self.detach()
        await self.connection.close(code, reason)

    async def detach(self) -> None:
        """Take leave of the engines; the connection stays open."""
        for engine in self._engines.values():
            await engine.detach(self)

    async def _restrict(self, engine: Engine) -> None:
        access = self._access(engine.vault)
        if access != FULL:
            await engine.act(
                lambda replica, _: replica.restrict(self.peer, offers=access.offers, accepts=access.accepts)
            )

    async def _end_when_dropped(self) -> None:
        raise await self._dropped

    async def _end_when_closed(self) -> None:
        code, reason, by_peer = await self.connection.wait_closed()
        raise ConnectionLostError(reason or _end_words(code), code=code, by_peer=by_peer)

    async def _listen_for_life(self) -> None:
        """Whoever sends anything is alive; whoever sends nothing is asked."""
        heard = -1
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if heard == (heard := self.connection.bytes_received) and not await self.connection.probe(ANSWER_S):
                raise ConnectionLostError("It does not answer any more.", code=CloseCode.TIMEOUT)

    async def _read_control(self) -> None:
        while (message := await self._reader.read()) is not None:
            if isinstance(message, Bye):
                return
            if isinstance(message, Members):
                await self._members(message)
                continue
            if not isinstance(message, VaultMessages):
                raise ProtocolError(CloseCode.UNEXPECTED, f"sent a {type(message).__name__} in the middle")
            await self._dispatch(message)

    async def _dispatch(
        self, message: Ack | Digest | Resync | Want | ChangeSet | Arrival | Contents | ManifestPart | Chunks
    ) -> None:
        if message.vault in self._muted:
            return
        engine = self.shared.get(message.vault)
        if engine is None:
            raise ProtocolError(CloseCode.NOT_SHARED, "spoke of a vault that is not shared with it")
        if isinstance(message, Arrival):
            await engine.receive_contents(self.peer, message)
        else:
            await engine.receive(self.peer, message)

    async def _write_control(self) -> None:
        while True:
            await self._writer.write(await self._control.get())

    async def _accept_streams(self, tasks: asyncio.TaskGroup) -> None:
        opened: set[StreamKind] = set()
        while True:
            sender, stream = await self.connection.accept_stream()
            if sender is not None:
                raise ProtocolError(CloseCode.UNEXPECTED, "opened a second control stream")
            try:
                async with asyncio.timeout(FIRST_WORD_S):
                    kind = StreamKind.of_preamble(await stream.read_exactly(1))
            except TimeoutError:
                raise ProtocolError(CloseCode.TIMEOUT, "opened a stream and never used it") from None
            if kind in opened:
                raise ProtocolError(CloseCode.UNEXPECTED, f"opened a second {kind.name.lower()} stream")
            opened.add(kind)
            tasks.create_task(self._read_stream(stream, kind, tasks))

    async def _read_stream(self, stream: ReceiveStream, kind: StreamKind, tasks: asyncio.TaskGroup) -> None:
        reader = MessageReader(stream, kind)
        free = asyncio.Semaphore(CONTENTS_AHEAD)
        while (message := await reader.read()) is not None:
            assert isinstance(message, ChangeSet | Contents | ManifestPart | Chunks)
            if kind is not StreamKind.CONTENT:
                await self._dispatch(message)
                await self.shared[message.vault].room_for(self.peer)
                continue
            await free.acquire()
            content = await _checked_in(message) if isinstance(message, Contents) else message
            # The tasks begin in this order, so the engine gets the messages in theirs.
            tasks.create_task(self._dispatch(content)).add_done_callback(lambda _: free.release())

    async def _send_changes(self) -> None:
        stream = await self.connection.open_send_stream()
        await stream.write(StreamKind.CHANGES.preamble)
        writer = MessageWriter(stream)
        while True:
            await self._changes.wait()
            self._changes.clear()
            for engine in self.shared.values():
                while (message := await engine.next_changes(self.peer)) is not None:
                    await writer.write(message)

    async def _send_contents(self) -> None:
        stream = await self.connection.open_send_stream()
        await stream.write(StreamKind.CONTENT.preamble)
        writer = MessageWriter(stream)
        while True:
            await self._contents.wait()
            self._contents.clear()
            for engine in self.shared.values():
                while (message := await engine.next_contents(self.peer)) is not None:
                    await writer.write(message)


async def _checked_in(message: Contents) -> Arrival:
    if is_large(message):
        return await asyncio.to_thread(check_in, message)
    return check_in(message)


def _most_telling(errors: list[VaultsyncError]) -> VaultsyncError:
    """Ours or the peer's breach before the mere end of the connection."""
    return min(errors, key=lambda e: (isinstance(e, ConnectionLostError), getattr(e, "code", None) is None))


def _end_words(code: CloseCode) -> str:
    """What a close code means to a person."""
    match code:
        case CloseCode.NORMAL:
            return "It has stopped."
        case CloseCode.TIMEOUT:
            return "Nothing was heard from it for a while."
        case _:
            return f"The connection was closed ({code.name.lower().replace('_', ' ')})."
