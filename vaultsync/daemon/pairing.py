"""Tickets given out by this node, and who is let in with them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.events import Event, JoinRequested, PeerPaired
from vaultsync.errors import (
    AskedError,
    CloseCode,
    ExpiredTicketError,
    NotATicketError,
    RefusedError,
    TicketError,
    UsedTicketError,
    VaultsyncError,
)
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import MEMBER
from vaultsync.protocol.messages import Hello, Join, Welcome
from vaultsync.store.node_store import NodeStore
from vaultsync.store.open_tickets import OpenTicket
from vaultsync.store.peers import PeerAddress, PeerRecord
from vaultsync.store.requests import JoinRequest
from vaultsync.sync.allowance import Allowance
from vaultsync.tickets.codec import encode
from vaultsync.tickets.ticket import Role, Ticket
from vaultsync.tickets.words import pairing_words
from vaultsync.transport.base import Address, Connection
from vaultsync.vault.hashing import hash_bytes

TICKET_LIFE_S: Final = 600
"""How long a ticket is good for, unless its maker says otherwise (DESIGN §4)."""

REQUESTS: Final = 5
"""Devices that may ask to be let in at once; one more with every minute."""

MAX_PEERS: Final = 64
"""Other members of one vault."""


class Pairing:
    """Makes tickets and honours them."""

    def __init__(
        self,
        own: NodeId,
        database: NodeDatabase,
        *,
        name: str,
        hello: Callable[[], Hello],
        addresses: Callable[[], Sequence[Address]],
        emit: Callable[[Event], None],
        now_ms: Callable[[], int],
        asks: Callable[[VaultId], bool] = lambda _: False,
    ) -> None:
        """`asks` tells whether a person wants to be asked about devices without a good ticket."""
        self._asks = asks
        self._requests = Allowance(REQUESTS, 1 / 60)
        self._own = own
        self._database = database
        self._name = name
        self._hello = hello
        self._addresses = addresses
        self._emit = emit
        self._now_ms = now_ms

    async def make_ticket(
        self,
        vault: VaultId,
        vault_name: str,
        *,
        role: Role = "member",
        life_s: int = TICKET_LIFE_S,
        reusable: bool = False,
    ) -> tuple[str, Ticket]:
        """A new ticket for a vault of this node, as text and as a value. Only the hash of its secret is stored."""
        secret = secrets.token_bytes(16)
        now_s = self._now_ms() // 1000
        ticket = Ticket(
            node=self._own,
            vault=vault,
            vault_name=vault_name,
            device_name=self._name,
            addresses=tuple(str(address) for address in self._addresses())[:8],
            secret=secret,
            expires_at=now_s + life_s,
            role=role,
            reusable=reusable,
        )

        def remember(store: NodeStore) -> None:
            store.tickets.prune(now_s)
            store.tickets.add(vault, hash_bytes(secret), ticket.expires_at, role, reusable, now_s, "")

        await self._database.run(remember)
        return encode(ticket), ticket

    async def number_of(self, ticket: Ticket) -> int:
        """Under which number a ticket of this node can be revoked; 0 if it is not remembered."""
        return await self._database.run(lambda store: store.tickets.number_of(hash_bytes(ticket.secret))) or 0

    async def admit(self, connection: Connection, join: Join) -> tuple[PeerRecord, Welcome]:
        """Let a node in that holds a ticket. Raises `RefusedError`; whoever holds no ticket of ours learns nothing."""
        node, now_ms = connection.peer, self._now_ms()
        record = PeerRecord(
            node_id=node,
            name=join.name or node.short,
            hostname=join.hostname,
            added_at=now_ms,
            addresses=(
                PeerAddress(str(connection.address), "connection", now_ms),
                *(PeerAddress(address, "ticket") for address in join.addresses),
            ),
        )

        def decide(store: NodeStore) -> tuple[PeerRecord, str, str]:
            with store.transaction():
                vault = store.vaults.get(join.vault)
                if vault is None:
                    raise NotATicketError("It names a vault that this node does not have.")
                others = [p for p in store.peers.of_vault(join.vault) if p.node_id != node]
                request = store.requests.get(join.vault, node)
                answered = request is not None and not request.is_over(now_ms)
                if request is not None and answered and request.role is not None and len(others) < MAX_PEERS:
                    store.requests.remove(join.vault, node)
                    role = _role_given(store, join.vault, node, request.role, request.decided_at or 0)
                    return _added(store, record, join.vault, role), vault.name, role
                ticket = store.tickets.consume(hash_bytes(join.secret), now_ms // 1000, node, vault=join.vault)
                # It may have kept a ticket from before it was removed; only one made since then lets it in again.
                removed_ms = _removed_ms(store, join.vault, node)
                if removed_ms is not None and ticket.created_at <= removed_ms // 1000:
                    raise RefusedError(CloseCode.REMOVED, "")
                if len(others) >= MAX_PEERS:
                    raise RefusedError(CloseCode.PEER_LIMIT, f"The vault has {MAX_PEERS} other devices already.")
                role = _role_given(store, join.vault, node, ticket.role, ticket.created_at * 1000)
                return _added(store, record, join.vault, role), vault.name, role

        try:
            known, vault_name, role = await self._database.run(decide)
        except TicketError as error:
            if await self._ask(connection, join):
                raise RefusedError(CloseCode.ASKED, "") from error
            raise RefusedError(_CODES.get(type(error), CloseCode.REFUSED), "") from error
        words = pairing_words(self._own, node, join.secret)
        self._emit(PeerPaired(str(node), known.name, str(join.vault), words))
        hello = self._hello()
        addresses = tuple(str(address) for address in self._addresses())[:8]
        return known, Welcome(join.vault, vault_name, hello.name, hello.hostname, role, addresses)

    async def _ask(self, connection: Connection, join: Join) -> bool:
        """Put a device without a good ticket before a person, where that is wanted. Whether an answer is awaited."""
        if not self._asks(join.vault):
            return False
        now_ms = self._now_ms()
        address = str(connection.address)
        request = JoinRequest(join.vault, connection.peer, join.name, join.hostname, address, now_ms)
        known = await self._database.run(lambda store: store.requests.get(join.vault, connection.peer))
        if known is None or known.is_over(now_ms):
            known = None
            if not self._requests.take(now_ms / 1000):
                return False
            if not await self._database.run(lambda store: store.requests.ask(request)):
                return False
            self._emit(JoinRequested(str(join.vault), str(connection.peer), join.name, address))
        return known is None or known.decided_at is None

    # What people ask

    async def open_tickets(self, vault: VaultId | None = None) -> list[OpenTicket]:
        """The tickets that can still be used, of one vault or of all, the newest first."""
        now_s = self._now_ms() // 1000
        return await self._database.run(lambda store: store.tickets.open(vault, now_s))

    async def revoke(self, ticket: int) -> bool:
        """Make a ticket useless. Tells whether there was one to revoke."""
        return await self._database.run(lambda store: store.tickets.revoke(ticket))

    async def requests(self, vault: VaultId | None = None) -> list[JoinRequest]:
        """The devices that wait to be let in."""
        return await self._database.run(lambda store: store.requests.waiting(vault))

    async def answer(self, vault: VaultId, node: NodeId, role: Role | None) -> bool:
        """Let a device that asked in as `role`, or deny it (None). Tells whether it had asked."""
        now_ms = self._now_ms()
        return await self._database.run(lambda store: store.requests.answer(vault, node, role, now_ms))


def _role_given(store: NodeStore, vault: VaultId, node: NodeId, role: str, since_ms: int) -> str:
    """What `node` is in `vault` when somebody has decided at `since_ms` that it may come in as `role`. That takes
    nothing from a device that belongs to the vault, and gives nothing to one that was made an observer since."""
    known = next((r.member for r in store.membership.records(vault) if r.member.node == node), None)
    if known is None or not known.active:
        return role
    return MEMBER if role == MEMBER and since_ms > (store.membership.learned_at(vault, node) or 0) else known.role


def _added(store: NodeStore, record: PeerRecord, vault: VaultId, role: str) -> PeerRecord:
    added = store.peers.add(record, vault, role)
    return added if added.role_in(vault) == role else store.peers.set_role(record.node_id, vault, role)


def _removed_ms(store: NodeStore, vault: VaultId, node: NodeId) -> int | None:
    """When this device learned that `node` was removed from `vault`, Unix ms; None if it was not."""
    if not any(r.member.node == node and not r.member.active for r in store.membership.records(vault)):
        return None
    return store.membership.learned_at(vault, node)


_CODES: Final[dict[type[TicketError], CloseCode]] = {
    ExpiredTicketError: CloseCode.TICKET_EXPIRED,
    UsedTicketError: CloseCode.TICKET_USED,
}


def refusal_words(error: RefusedError) -> VaultsyncError:
    """What a person who pasted a ticket is told about the other side's refusal."""
    match error.code:
        case CloseCode.TICKET_EXPIRED:
            return ExpiredTicketError("The other device says that the ticket has expired.")
        case CloseCode.TICKET_USED:
            return UsedTicketError("The other device says that the ticket has been used already, or revoked.")
        case CloseCode.ASKED:
            return AskedError(
                "The ticket is not good any more; the other device shows your request now.",
                hint="Allow it there, then run the same command again.",
            )
        case CloseCode.REMOVED:
            return UsedTicketError(
                "This device was removed from the vault after the ticket was made, or said no to joining it.",
                hint="Ask a member for a new ticket if that was a mistake.",
            )
        case CloseCode.INTERNAL:
            return RefusedError(
                error.code,
                "The other device cannot let anybody in just now.",
                hint="`vaultsync status` there says what is wrong; a full disk is one reason.",
            )
        case CloseCode.PEER_LIMIT:
            return RefusedError(error.code, "The vault has as many devices as it can have.")
        case CloseCode.REFUSED | CloseCode.TICKET_INVALID:
            return TicketError("The other device does not know this ticket.")
        case _:
            return error


def unix_ms() -> int:
    """Now, in ms of Unix time."""
    return time.time_ns() // 1_000_000
