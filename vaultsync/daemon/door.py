"""Where others knock: what a dialer says before its Hello decides whether it is let in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from vaultsync.daemon.exchange import Admission, MemberExchange
from vaultsync.daemon.greeting import Opened, accept_control
from vaultsync.daemon.link import FIRST_WORD_S, LAST_WORDS_S
from vaultsync.daemon.refusals import Refusals
from vaultsync.errors import CloseCode, ConnectionLostError, ProtocolError, RefusedError, VaultsyncError
from vaultsync.model.ids import NodeId
from vaultsync.protocol.limits import MAX_VAULTS
from vaultsync.protocol.messages import Bye, Hello, Join, Members
from vaultsync.store.peers import PeerRecord
from vaultsync.transport.base import Connection

_log = logging.getLogger(__name__)

MAX_STRANGERS: Final = 32
"""Connections of nodes that have not said yet what they want."""


class Door:
    """Lets peers in, and whoever holds a ticket or belongs to a vault; refuses all others without a word more."""

    def __init__(
        self,
        admit: Admission,
        *,
        is_peer: Callable[[NodeId], bool],
        let_in: Callable[[PeerRecord], object],
        refusals: Refusals,
    ) -> None:
        """`let_in` is called with whoever has become a peer at the door."""
        self._admit = admit
        self._is_peer = is_peer
        self._let_in = let_in
        self._refusals = refusals
        self._strangers = 0
        self.exchange: MemberExchange | None = None

    async def answer(self, connection: Connection) -> Opened | None:
        """Hear a dialer's first words. None if it is not let in: it is told why, and the connection is closed."""
        if self._strangers >= MAX_STRANGERS:
            await self._turn_away(connection, CloseCode.REFUSED)
            return None
        self._strangers += 1
        try:
            return await self._first_words(connection)
        except TimeoutError:
            await self._turn_away(connection, CloseCode.TIMEOUT)
            return None
        except VaultsyncError as error:
            found = getattr(error, "code", None)
            # What is wrong with this device's own disk is not for others to read.
            code, why = (found, error.message) if isinstance(found, CloseCode) else (CloseCode.INTERNAL, "")
            await self._turn_away(connection, code, "" if code is CloseCode.NORMAL else why)
            return None
        except Exception as error:  # noqa: BLE001 - what one dialer sets off must not stop the node
            _log.critical("answering %s has failed", connection.peer.short, exc_info=error)
            await self._turn_away(connection, CloseCode.INTERNAL)
            return None
        finally:
            self._strangers -= 1

    async def _turn_away(self, connection: Connection, code: CloseCode, why: str = "") -> None:
        if code is not CloseCode.NORMAL:
            self._refusals.count(connection.peer if self._is_peer(connection.peer) else None, code.name.lower())
        await connection.close(code, why)

    async def _first_words(self, connection: Connection) -> Opened:
        opened, first = await accept_control(connection)
        for _ in range(MAX_VAULTS):
            if not isinstance(first, Members):
                break
            await self._take_credentials(connection, opened, first)
            async with asyncio.timeout(FIRST_WORD_S):
                first = await opened.reader.read()
        if isinstance(first, Bye):
            raise ConnectionLostError("It said what it wanted to say.", code=CloseCode.NORMAL)
        if isinstance(first, Join):
            record, welcome = await self._admit(connection, first)
            if self.exchange is not None:
                welcome = replace(welcome, members=tuple(await self.exchange.admitted(first.vault, record)))
            self._let_in(record)
            await opened.writer.write(welcome)
            opened.joined = True
            async with asyncio.timeout(FIRST_WORD_S):
                first = await opened.reader.read()
        elif not self._is_peer(connection.peer):
            raise await self._refusal(connection.peer)
        if not isinstance(first, Hello):
            raise ProtocolError(CloseCode.UNEXPECTED, "did not begin with a Hello")
        opened.hello = first
        return opened

    async def _take_credentials(self, connection: Connection, opened: Opened, message: Members) -> None:
        """What a dialer says of itself before its Hello. Raises `RefusedError` for a stranger's that are not good."""
        node = connection.peer
        if self.exchange is not None and self._is_peer(node):
            await self.exchange.receive(node, message)
            return
        record = None if self.exchange is None else await self.exchange.recognise(node, message)
        if record is None:
            if self.exchange is not None and (farewell := await self.exchange.farewell(node, message.vault)):
                for last in farewell:
                    await opened.writer.write(last)
                # It hangs up itself when it has read that.
                with suppress(TimeoutError):
                    async with asyncio.timeout(LAST_WORDS_S):
                        await connection.wait_closed()
            raise await self._refusal(node)
        self._let_in(record)

    async def _refusal(self, node: NodeId) -> RefusedError:
        removed = self.exchange is not None and await self.exchange.was_removed(node)
        return RefusedError(CloseCode.REMOVED if removed else CloseCode.REFUSED, "")
