"""The node: everything that runs on this device, put together, started and stopped in order."""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from vaultsync import __version__
from vaultsync.daemon.bus import EventBus
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.events import PeerPaired
from vaultsync.daemon.joining import Joined as Joined
from vaultsync.daemon.joining import OpenJoin, open_join
from vaultsync.daemon.memberships import SOLO, Memberships, SelfDescription
from vaultsync.daemon.mesh import Mesh
from vaultsync.daemon.pairing import Pairing
from vaultsync.daemon.peers import PeerManager
from vaultsync.daemon.settings import STRANGERS_ASK
from vaultsync.daemon.shelf import Shelf
from vaultsync.daemon.surroundings import Surroundings
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import (
    DiskFullError,
    NodeError,
    StoreError,
    VaultError,
    VaultsyncError,
)
from vaultsync.model.changes import Author
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.limits import MAX_NAME, PROTOCOL_VERSION
from vaultsync.protocol.messages import Hello
from vaultsync.tickets.codec import decode
from vaultsync.tickets.ticket import Role, Ticket, check
from vaultsync.transport.base import Endpoint
from vaultsync.transport.identity import Identity
from vaultsync.transport.limited import LimitedEndpoint, Limits
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.placing import resolved, vault_at

_log = logging.getLogger(__name__)


class Node:
    """A device's node. Made by `opening.open_node`, which also ends it."""

    def __init__(
        self,
        places: Places,
        config: Config,
        identity: Identity,
        database: NodeDatabase,
        endpoint: Endpoint,
        *,
        command: str,
        now_ms: Callable[[], int],
    ) -> None:
        self.places = places
        self.config = config
        self.started_ms = now_ms()
        self.bus = EventBus(first=self.started_ms)
        self._limits = Limits()
        self.endpoint = endpoint = LimitedEndpoint(endpoint, self._limits)
        self._limit(config)
        self.database = database
        self._identity = identity
        self._now_ms = now_ms
        self._engines: dict[VaultId, Engine] = {}
        self._changing_settings = asyncio.Lock()
        self.stopping = asyncio.Event()
        self.pairing = Pairing(
            self.node_id,
            database,
            name=config.name,
            hello=self.hello,
            addresses=lambda: endpoint.addresses,
            emit=self.bus.emit,
            now_ms=now_ms,
            asks=self._asks,
        )
        self.peers = PeerManager(
            endpoint,
            database,
            engines=self._engines,
            hello=self.hello,
            admit=self.pairing.admit,
            emit=self.bus.emit,
            now_ms=now_ms,
            lot=random.random,
        )
        self.memberships = Memberships(
            identity, database, describe=self._describe, introductions=self._introductions, now_ms=now_ms
        )
        self.shelf = Shelf(
            places,
            database,
            self.bus,
            command=command,
            now_ms=now_ms,
            author=self.author,
            members=self._members_of,
            found=self.memberships.found,
            on_engine=self._engine_changed,
        )
        self.vaults = self.shelf.services
        self.mesh = Mesh(
            self.memberships,
            database,
            peers=self.peers,
            own_role=self._own_role,
            introductions=self._introductions,
            on_own_role=self._own_role_changed,
            on_gone=self._member_gone,
            emit=self.bus.emit,
            now_ms=now_ms,
        )
        self.peers.use(self.mesh)
        self.surroundings = Surroundings(
            endpoint, self.peers, self._announce_self, mdns=config.mdns, listen_host=config.listen_host
        )

    @property
    def node_id(self) -> NodeId:
        return self._identity.node_id

    async def author(self) -> Author:
        """As this device signs its edits. Raises `StoreError`."""
        peers = await self.database.run(lambda store: store.peers.all())
        return Author.among(self.node_id, self.config.name[: MAX_NAME - 5], [peer.name for peer in peers])

    def now_ms(self) -> int:
        """Unix time in ms."""
        return self._now_ms()

    async def run(self) -> None:
        """Serve the vaults and the peers until `stopping` is set."""
        async with asyncio.TaskGroup() as tasks:
            await self.shelf.start(tasks)
            await self._announce_self()
            running = [tasks.create_task(part.run()) for part in (self.peers, self.mesh, self.surroundings)]
            await self.stopping.wait()
            for task in running:
                task.cancel()
            self.shelf.stop()

    # Vaults

    async def add_vault(self, root: Path, name: str | None = None) -> VaultService:
        """Serve the folder at `root`. Raises as `Shelf.add` does."""
        return await self.shelf.add(root, name)

    def find_vault(self, root: Path) -> VaultService:
        """The service of the vault at `root`. `NodeError` if this node does not serve it."""
        return self.shelf.find(root)

    def _members_of(self, vault: VaultId) -> list[NodeId]:
        """The other members, connected or not."""
        return [peer.record.node_id for peer in self.peers.get_peers() if peer.record.role_in(vault) is not None]

    def _own_role(self, vault: VaultId) -> str:
        service = self.vaults.get(vault)
        return SOLO if service is None else service.record.role

    def _introductions(self, vault: VaultId) -> bool:
        service = self.vaults.get(vault)
        return service is None or service.settings.mesh

    def _asks(self, vault: VaultId) -> bool:
        service = self.vaults.get(vault)
        return service is not None and service.record.role == "member" and service.settings.strangers == STRANGERS_ASK

    async def _own_role_changed(self, vault: VaultId, role: str) -> None:
        service = self.vaults.get(vault)
        if service is None:
            return
        try:
            stored = await self.database.run(lambda store: store.vaults.get(vault))
        except (StoreError, DiskFullError):
            # What follows from it must not wait for a disk.
            stored = None
        service.record = replace(stored or service.record, role=role)
        for peer in self.peers.get_peers():
            if peer.record.role_in(vault) is not None:
                self.peers.refresh(peer.record.node_id)

    async def _member_gone(self, vault: VaultId, node: NodeId) -> None:
        service = self.vaults.get(vault)
        if service is not None and service.engine is not None:
            # An engine that ends forgets nothing wrong: the peer is not talked to any more.
            with suppress(VaultsyncError):
                await service.engine.act(lambda replica, now_ms: replica.forget_peer(node, now_ms))

    async def leave_vault(self, service: VaultService) -> None:
        """Share a vault with nobody any more. If another member has removed this device: take note of that."""
        await self.mesh.leave(service.vault)
        if service.record.removed_at is not None:
            service.record = await self.database.run(
                lambda store: store.vaults.update(service.vault, removed_by=None, removed_at=None)
            )

    async def forget_vault(self, service: VaultService) -> None:
        """Serve a vault no more. The folder and its notes stay; index and history are put aside.

        The index must not outlive that: in another folder, or in an older copy of this one, it would take everything
        that is not there for deleted. `NodeError` if other devices belong to the vault: they would go on calling.
        """
        vault, name = service.vault, service.record.name
        if self._members_of(vault):
            raise NodeError(f"Other devices have “{name}” too.", hint="Leave it first: `vaultsync leave FOLDER`.")
        await self.shelf.put_away(vault)

    async def _announce_self(self) -> None:
        try:
            for vault, service in list(self.vaults.items()):
                if service.record.role == "member":
                    await self.memberships.found(vault)
            await self.mesh.announce([vault for vault in list(self.vaults) if self._own_role(vault) != SOLO])
        except (StoreError, DiskFullError) as error:
            _log.warning("the others are not told where this device is: %s", error.message)

    async def change_vault_settings(self, service: VaultService, changes: dict[str, object]) -> None:
        """Store other settings for a vault, and go by them from now on. `ConfigError` names the key that is wrong."""
        async with self._changing_settings:
            settings = service.settings.changed(changes)
            record = await self.database.run(
                lambda store: store.vaults.update(service.vault, settings_json=settings.to_json())
            )
            await service.apply_settings(record)
            self._engine_changed(service.vault, service.engine)

    def follow(self, config: Config) -> None:
        """The stored settings of this device have changed: go by those that can change while it runs."""
        self.config = replace(
            self.config,
            upload_limit_kb_s=config.upload_limit_kb_s,
            download_limit_kb_s=config.download_limit_kb_s,
        )
        self._limit(self.config)

    def _limit(self, config: Config) -> None:
        self._limits.sending.limit(config.upload_limit_kb_s * 1000)
        self._limits.receiving.limit(config.download_limit_kb_s * 1000)

    def _engine_changed(self, vault: VaultId, engine: Engine | None) -> None:
        if engine is None:
            self._engines.pop(vault, None)
            return
        service = self.vaults.get(vault)
        if service is not None and not service.settings.sync:
            if self._engines.pop(vault, None) is not None:
                for peer in self.peers.get_peers():
                    if peer.record.role_in(vault) is not None:
                        self.peers.refresh(peer.record.node_id)
            return
        self._engines[vault] = engine
        for peer in self.peers.get_peers():
            knows_it = peer.link is not None and peer.link.shared.get(vault) is engine
            if peer.record.role_in(vault) is not None and not knows_it:
                self.peers.refresh(peer.record.node_id)

    async def withheld(self, service: VaultService, limit: int = 1000) -> list[str]:
        """Paths that this device has changed and, being an observer, keeps to itself."""
        if service.engine is None or service.record.role != "observer":
            return []
        members = [
            peer.record.node_id for peer in self.peers.get_peers() if peer.record.role_in(service.vault) == "member"
        ]
        return await service.engine.read(lambda replica: replica.withheld(members, limit))

    # Pairing

    async def make_ticket(
        self, service: VaultService, *, role: Role, life_s: int, reusable: bool
    ) -> tuple[str, Ticket]:
        """A ticket for one of this node's vaults."""
        record = service.record
        if record.role != "member":
            raise NodeError(
                f"“{record.name}” is not shared with anybody."
                if record.role == SOLO
                else f"This device only receives “{record.name}”; a member can invite others."
            )
        return await self.pairing.make_ticket(record.vault_id, record.name, role=role, life_s=life_s, reusable=reusable)

    async def join(self, text: str, root: Path) -> Joined:
        """Use a ticket: pair with the device that made it, and sync its vault into `root`.

        Raises a `TicketError`, `VaultError` or `TransportError`; then nothing has changed on either side, except
        that the other may hold this device for a member; the same ticket makes it one.
        """
        return await (await self.open_join(text, root)).accept()

    async def open_join(self, text: str, root: Path) -> OpenJoin:
        """Use a ticket, and go no further: `look` at what would come together, then `accept` or `leave`."""
        ticket = decode(text)
        root = await asyncio.to_thread(resolved, root)
        check(ticket, now=self._now_ms() // 1000, own=self.node_id, vault=vault_at(root))
        served = self.vaults.get(ticket.vault)
        if served is not None and served.record.root != root:
            raise VaultError(f"This device has that vault already, at {served.record.root}.")
        if served is None:
            self.shelf.check_place(root)
        return await open_join(self, ticket, root, self._describe().addresses[:8])

    async def take_up(self, vault: VaultId, name: str, role: str, root: Path) -> None:
        """Serve a vault that this device was let into. Raises `VaultError`."""
        served = self.vaults.get(vault)
        if served is None:
            if vault_at(root) is None:
                VaultFolder.create(str(root), vault, name)
            served = await self.shelf.register(root, vault, name, role)
        elif served.record.role != role:
            served.record = await self.database.run(
                lambda store: store.vaults.update(vault, role=role, removed_by=None, removed_at=None)
            )
        await served.tried.wait()

    def paired(self, joined: Joined) -> None:
        """Tell whoever listens that a ticket was used."""
        self.bus.emit(PeerPaired(str(joined.peer), joined.peer_name, str(joined.vault), joined.words))

    def _describe(self) -> SelfDescription:
        addresses = tuple(str(address) for address in self.endpoint.addresses)
        return SelfDescription(self.config.name[:MAX_NAME], socket.gethostname()[:64], addresses)

    def hello(self) -> Hello:
        return Hello(PROTOCOL_VERSION, self.config.name, socket.gethostname()[:64], __version__)
