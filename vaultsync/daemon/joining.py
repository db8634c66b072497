"""Using a ticket: pairing with the device that made it, and bringing its vault and a folder together."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.greeting import Opened
from vaultsync.daemon.memberships import Memberships
from vaultsync.daemon.mesh import Mesh
from vaultsync.daemon.pairing import refusal_words
from vaultsync.daemon.peers import PeerManager
from vaultsync.daemon.previewing import own_record, read_folder, read_index
from vaultsync.errors import CloseCode, RefusedError, TransportError, VaultError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import Bye, Hello, Join, Members, Welcome
from vaultsync.store.peers import PeerAddress, PeerRecord
from vaultsync.sync.preview import Preview, compare_folders
from vaultsync.tickets.ticket import Ticket
from vaultsync.transport.base import Connection


@dataclass(frozen=True, slots=True)
class Joined:
    """What came of using a ticket."""

    vault: VaultId
    vault_name: str
    peer: NodeId
    peer_name: str
    root: Path
    role: str
    words: tuple[str, ...]
    """Six words that the other screen shows too."""


class JoinHost(Protocol):
    """What joining asks of the node."""

    database: NodeDatabase
    peers: PeerManager
    memberships: Memberships
    mesh: Mesh

    @property
    def node_id(self) -> NodeId: ...

    def hello(self) -> Hello: ...

    def now_ms(self) -> int: ...

    async def take_up(self, vault: VaultId, name: str, role: str, root: Path) -> None:
        """Serve the vault from `root`, in this role; returns once opening it was tried."""

    def paired(self, joined: Joined) -> None:
        """Tell whoever listens."""


class OpenJoin:
    """A ticket was used and this device is let in; nothing is written here yet.

    One of `accept` and `leave` follows. The connection is held meanwhile.
    """

    def __init__(
        self,
        host: JoinHost,
        ticket: Ticket,
        root: Path,
        connection: Connection,
        opened: Opened,
        welcome: Welcome,
    ) -> None:
        self._host = host
        self._ticket = ticket
        self._root = root
        self._connection = connection
        self._opened = opened
        self._welcome = welcome
        self._used = False
        self.preview: Preview | None = None
        """How folder and vault compare, once `look` has been called."""

    @property
    def vault_name(self) -> str:
        return self._welcome.vault_name

    @property
    def peer_name(self) -> str:
        return self._welcome.name or self._ticket.device_name

    @property
    def words(self) -> tuple[str, ...]:
        """Six words that the other screen shows too."""
        return self._ticket.words(self._host.node_id)

    async def look(self) -> Preview:
        """Compare the folder with the vault. Raises `TransportError` or `ProtocolError` if the peer can't be read."""
        self._used = True
        there = await read_index(
            self._connection, self._opened, self._host.hello(), self._ticket.vault, secrets.token_bytes(16)
        )
        here = await asyncio.to_thread(read_folder, self._root)
        self.preview = compare_folders(here, there)
        return self.preview

    async def accept(self) -> Joined:
        """Go on: serve the vault from the folder, and sync. Raises a `VaultError` if the folder can't be used,
        `ProtocolError` if the other device tells of members what nobody has signed."""
        host, ticket, welcome = self._host, self._ticket, self._welcome
        now_ms = host.now_ms()
        addresses = dict.fromkeys((*ticket.addresses, *welcome.addresses))
        record = PeerRecord(
            node_id=ticket.node,
            name=self.peer_name,
            hostname=welcome.hostname,
            added_at=now_ms,
            addresses=(
                PeerAddress(str(self._connection.address), "connection", now_ms),
                *(PeerAddress(address, "ticket") for address in addresses),
            ),
        )
        try:
            # A lie ends it while nothing is written.
            host.memberships.check(welcome.members)
            # Whoever let this device in is stored before the folder is marked: after a death in between, a folder that
            # is this vault finds its way to the others by itself.
            taken_back = await host.memberships.joined(ticket.vault, ticket.node)
            before = await host.database.run(lambda store: store.peers.get(ticket.node))
            stored = await host.database.run(lambda store: store.peers.add(record, ticket.vault, "member"))
            try:
                await host.take_up(ticket.vault, welcome.vault_name, welcome.role, self._root)
            except (VaultError, OSError):
                if before is None or before.role_in(ticket.vault) is None:
                    await host.database.run(lambda store: store.peers.remove(ticket.node, ticket.vault))
                raise
        except BaseException:
            await self._connection.close()
            raise
        if self._used:
            # This conversation was about an index that there never was.
            await self._connection.close()
            host.peers.known(stored)
            host.peers.connect_to_peer(ticket.node)
            host.peers.refresh(ticket.node)
        else:
            host.peers.adopt(stored, self._connection, self._opened)
        await host.mesh.act(taken_back)
        await host.mesh.introduced(ticket.vault, ticket.node, welcome.members)
        joined = Joined(
            ticket.vault, welcome.vault_name, ticket.node, stored.name, self._root, welcome.role, self.words
        )
        host.paired(joined)
        return joined

    async def leave(self) -> None:
        """Do not join after all; the other device is told, and forgets this one."""
        vault = self._ticket.vault
        try:
            if self.preview is not None and (own := await own_record(self._opened, vault, self._host.node_id)):
                leaving = self._host.memberships.sign_leave(own.member)
                await self._opened.writer.write(Members(vault, (leaving,)))
                await self._opened.writer.write(Bye(int(CloseCode.NORMAL), "not joining"))
                async with asyncio.timeout(5.0):
                    await self._connection.wait_closed()
        except (TransportError, TimeoutError):
            pass  # it keeps a member that never comes; a person there can remove it
        finally:
            await self._connection.close()


async def open_join(host: JoinHost, ticket: Ticket, root: Path, addresses: tuple[str, ...]) -> OpenJoin:
    """Use `ticket`. Raises `TicketError` or `TransportError` in words for the person who pasted it."""
    hello = host.hello()
    request = Join(ticket.vault, ticket.secret, hello.name, hello.hostname, addresses)
    try:
        connection, opened, welcome = await host.peers.join(ticket.node, ticket.addresses, request)
    except RefusedError as error:
        raise refusal_words(error) from error
    except TransportError as error:
        error.hint = error.hint or (
            f"Is vaultsync running on “{ticket.device_name}”, and are both devices on the same network?"
        )
        raise
    return OpenJoin(host, ticket, root, connection, opened, welcome)
