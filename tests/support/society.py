"""Devices on the memory transport and a virtual clock: pairing, peers and mesh as in a node, without notes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.peering import START_MS
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.events import Event
from vaultsync.daemon.joining import Joined, open_join
from vaultsync.daemon.memberships import SOLO, Memberships, SelfDescription
from vaultsync.daemon.mesh import Mesh
from vaultsync.daemon.pairing import Pairing
from vaultsync.daemon.peers import PeerManager, PeerState
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import Hello
from vaultsync.store.vaults import VaultRecord
from vaultsync.tickets.codec import decode
from vaultsync.tickets.ticket import Role, check
from vaultsync.transport.identity import Identity
from vaultsync.transport.memory import MemoryNetwork

VAULT = VaultId(b"v" * 16)


class Household:
    """One device: what `daemon.service.Node` puts together, with a table of roles in the place of vaults."""

    def __init__(
        self, base: Path, network: MemoryNetwork, name: str, database: NodeDatabase, identity: Identity
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.base = base
        self.network = network
        self.name = name
        self.database = database
        self.identity = identity
        self.endpoint = network.endpoint(identity.node_id, name.lower())
        self.roles: dict[VaultId, str] = {}
        self.mesh_switch: dict[VaultId, bool] = {}
        self.events: list[Event] = []
        self.pairing = Pairing(
            self.node_id,
            database,
            name=name,
            hello=self.hello,
            addresses=lambda: self.endpoint.addresses,
            emit=self.events.append,
            now_ms=self.now_ms,
        )
        self.peers = PeerManager(
            self.endpoint,
            database,
            engines={},
            hello=self.hello,
            admit=self.pairing.admit,
            emit=self.events.append,
            now_ms=self.now_ms,
            lot=lambda: 0.5,
        )
        self.memberships = Memberships(
            identity,
            database,
            describe=lambda: SelfDescription(self.name, name.lower(), tuple(str(a) for a in self.endpoint.addresses)),
            introductions=lambda vault: self.mesh_switch.get(vault, True),
            now_ms=self.now_ms,
        )
        self.mesh = Mesh(
            self.memberships,
            database,
            peers=self.peers,
            own_role=lambda vault: self.roles.get(vault, SOLO),
            introductions=lambda vault: self.mesh_switch.get(vault, True),
            on_own_role=self._own_role_changed,
            on_gone=self._gone,
            emit=self.events.append,
            now_ms=self.now_ms,
        )
        self.peers.use(self.mesh)

    @property
    def node_id(self) -> NodeId:
        return self.identity.node_id

    def now_ms(self) -> int:
        return START_MS + int(self._loop.time() * 1000)

    def hello(self) -> Hello:
        return Hello(1, self.name, self.name.lower(), "test")

    async def found(self, vault: VaultId = VAULT) -> None:
        """Have a vault of its own."""
        await self.take_up(vault, "Notes", "member", self.base)
        await self.memberships.found(vault)

    async def ticket(
        self, vault: VaultId = VAULT, *, role: Role = "member", life_s: int = 600, reusable: bool = False
    ) -> str:
        text, _ = await self.pairing.make_ticket(vault, "Notes", role=role, life_s=life_s, reusable=reusable)
        return text

    async def join(self, text: str) -> Joined:
        ticket = decode(text)
        check(ticket, now=self.now_ms() // 1000, own=self.node_id, vault=None)
        opened = await open_join(self, ticket, self.base / str(ticket.vault), (f"{self.name.lower()}:1",))
        return await opened.accept()

    async def invite(self, *guests: Household, vault: VaultId = VAULT, role: Role = "member") -> None:
        """Let others in, and wait until they are connected."""
        for guest in guests:
            await guest.join(await self.ticket(vault, role=role))
            await self.until(lambda guest=guest: linked(self, guest))  # type: ignore[misc]

    def knows(self, *others: Household, vault: VaultId = VAULT) -> bool:
        """Whether all of `others` are peers in `vault`."""
        return all(
            (peer := self.peers.get_peer(other.node_id)) is not None and peer.record.role_in(vault) is not None
            for other in others
        )

    def state_of(self, other: Household) -> PeerState | None:
        return self.peers.get_peer_states().get(other.node_id)

    async def until(self, condition: Callable[[], bool], timeout_s: float = 1000.0) -> None:
        """Wait for `condition`, looking every 50 virtual milliseconds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.05)

    # What joining asks of a node

    async def take_up(self, vault: VaultId, name: str, role: str, root: Path) -> None:
        record = VaultRecord(vault, root / str(vault), name, self.now_ms(), role)
        await self.database.run(lambda store: store.vaults.add(record))
        await self.database.run(lambda store: store.vaults.update(vault, role=role))
        self.roles[vault] = role

    def paired(self, joined: Joined) -> None:
        pass

    async def _gone(self, vault: VaultId, node: NodeId) -> None:
        pass

    async def _own_role_changed(self, vault: VaultId, role: str) -> None:
        self.roles[vault] = role


def linked(*devices: Household) -> bool:
    """Whether each is connected to all the others."""
    return all(one.state_of(other) is PeerState.CONNECTED for one in devices for other in devices if one is not other)


async def lists_are_equal(*those: Household) -> bool:
    """Whether all have the same members in their lists, by the same records."""
    first, *others = [
        sorted(record.payload for record in await device.memberships.roster(VAULT) if record.member.active)
        for device in those
    ]
    return all(other == first for other in others)


class Town:
    """Where the devices live; each can be switched on and off, and keeps its database and its key."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.network = MemoryNetwork()
        self._keys: dict[str, Identity] = {}

    def identity(self, name: str) -> Identity:
        if name not in self._keys:
            self._keys[name] = Identity.from_raw(name.encode().ljust(32, b"."))
        return self._keys[name]

    @asynccontextmanager
    async def device(self, name: str) -> AsyncIterator[Household]:
        """A device that is switched on."""
        database = await NodeDatabase.open(self.base / name / "node.db")
        one = Household(self.base / name, self.network, name, database, self.identity(name))
        for record in await database.run(lambda store: store.vaults.all()):
            one.roles[record.vault_id] = record.role
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(one.peers.run()), tasks.create_task(one.mesh.run())]
                await one.peers.ready.wait()
                try:
                    yield one
                finally:
                    for task in running:
                        task.cancel()
        finally:
            await one.endpoint.close()
            await database.close()

    def change_key(self, name: str, key: Identity) -> None:
        """The next time it is switched on, the device has another key."""
        self._keys[name] = key

    def cut(self, one: Household, other: Household) -> None:
        self.network.cut(one.node_id, other.node_id)
        self.network.drop(one.node_id, other.node_id)
