"""The first words on a new connection."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vaultsync.daemon.link import FIRST_WORD_S
from vaultsync.daemon.wire import MessageReader, MessageWriter
from vaultsync.errors import CloseCode, ConnectionLostError, ProtocolError, RefusedError, UnreachableError
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.messages import Bye, Hello, Join, Members, Message, Welcome
from vaultsync.transport.base import Connection

DENIALS: Final = frozenset(
    {
        CloseCode.REFUSED,
        CloseCode.NO_CERTIFICATE,
        CloseCode.BAD_CERTIFICATE,
        CloseCode.WRONG_PEER,
        CloseCode.VERSION,
        CloseCode.REMOVED,
        CloseCode.PAUSED,
    }
)
"""Answers that asking again soon will not change."""


@dataclass(slots=True)
class Opened:
    """A connection's control stream, and the Hello if it has been read from it."""

    reader: MessageReader
    writer: MessageWriter
    hello: Hello | None = None
    joined: bool = False
    """Whether a ticket was used on it: an older connection does not know what is shared now."""


async def open_control(connection: Connection) -> Opened:
    """Open the control stream, as the dialer does. `ConnectionLostError`."""
    sender, receiver = await connection.open_stream()
    return Opened(MessageReader(receiver, StreamKind.CONTROL), MessageWriter(sender))


async def accept_control(connection: Connection) -> tuple[Opened, Message | None]:
    """Wait for the dialer's control stream and its first message.

    Raises `ProtocolError`, `ConnectionLostError`; `TimeoutError` if it says nothing.
    """
    async with asyncio.timeout(FIRST_WORD_S):
        sender, receiver = await connection.accept_stream()
        if sender is None:
            raise ProtocolError(CloseCode.UNEXPECTED, "did not begin with a control stream")
        opened = Opened(MessageReader(receiver, StreamKind.CONTROL), MessageWriter(sender))
        return opened, await opened.reader.read()


async def tell_and_leave(connection: Connection, messages: Sequence[Members]) -> None:
    """Deliver `messages` and go. Returns when the other side has read them; `TransportError` if it did not."""
    try:
        opened = await open_control(connection)
        for message in messages:
            await opened.writer.write(message)
        await opened.writer.write(Bye(int(CloseCode.NORMAL)))
        async with asyncio.timeout(FIRST_WORD_S):
            code, reason, by_peer = await connection.wait_closed()
        if not by_peer or code is not CloseCode.NORMAL:
            raise ConnectionLostError(reason or "It did not listen.", code=code, by_peer=by_peer)
    except TimeoutError:
        raise UnreachableError("It took the call but did not answer.") from None
    finally:
        await connection.close()


async def ask_to_join(connection: Connection, join: Join) -> tuple[Opened, Welcome]:
    """Say that this node holds a ticket, and hear the answer. The connection is closed if it is not a welcome.

    Raises `RefusedError` with the other side's close code, `UnreachableError` if no answer comes.
    """
    try:
        opened = await open_control(connection)
        await opened.writer.write(join)
        async with asyncio.timeout(FIRST_WORD_S):
            answer = await opened.reader.read()
        if not isinstance(answer, Welcome):
            raise ProtocolError(CloseCode.UNEXPECTED, "did not answer the request to join")
        opened.joined = True
        return opened, answer
    except ConnectionLostError as error:
        await connection.close()
        if error.by_peer and error.code is not None and error.code is not CloseCode.TIMEOUT:
            raise RefusedError(error.code, error.message) from error
        raise
    except TimeoutError:
        await connection.close(CloseCode.TIMEOUT)
        raise UnreachableError("It took the call but did not answer.") from None
    except BaseException:
        await connection.close()
        raise


def denial_words(code: CloseCode) -> str:
    """Why the other side does not let this node in, for a person."""
    match code:
        case CloseCode.REMOVED:
            return "This device has been removed from the vault by another member."
        case CloseCode.PAUSED:
            return "Somebody has disconnected this device there. `vaultsync peers connect` there ends that."
        case CloseCode.VERSION:
            return "The two devices run versions of vaultsync that cannot talk to each other."
        case CloseCode.NO_CERTIFICATE | CloseCode.BAD_CERTIFICATE:
            return "It does not accept this device's certificate. Check the date and time on both devices."
        case _:
            return "It does not know this device, or has removed it."
