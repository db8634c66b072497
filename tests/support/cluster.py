"""Replicas in one process on real folders, with messages passed by hand: no sockets, no threads, no waiting."""

from __future__ import annotations

import itertools
from collections import deque
from pathlib import Path

from vaultsync.daemon.events import Event
from vaultsync.daemon.replica.replica import Replica, VaultMessage
from vaultsync.daemon.replica.state import Effects, ReplicaState
from vaultsync.model.changes import Author
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.codec import decode, encode, stream_of
from vaultsync.protocol.framing import StreamKind
from vaultsync.store.vault_store import VaultStore
from vaultsync.vault.applier import Applier
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.scanner import Scanner
from vaultsync.vault.selection import Selection

VAULT = VaultId(b"v" * 16)
START_MS = 1_800_000_000_000


class Device:
    """One replica and its folder."""

    def __init__(self, cluster: Cluster, base: Path, number: int) -> None:
        self.cluster = cluster
        self.node = NodeId(bytes([number]) * 32)
        self.root = base / f"device{number}"
        self._database = base / f"index{number}" / "index.db"
        self.name = f"Device {number}"
        self.events: list[Event] = []
        if not (self.root / ".vaultsync").exists():
            VaultFolder.create(str(self.root), VAULT, "notes")
        self.replica = self._open()

    def _open(self) -> Replica:
        folder = VaultFolder.open(str(self.root))
        fs = DiskFileSystem(folder.root)
        applier = Applier(fs)
        applier.clean_up(self.cluster.now_ms)
        selection = Selection.load(fs)
        store = VaultStore.open(self._database, new_index_id=self.cluster.new_id())
        return Replica(
            ReplicaState(
                vault=VAULT,
                author=Author(self.node.raw, self.name),
                folder=folder,
                fs=fs,
                store=store,
                scanner=Scanner(fs, selection),
                applier=applier,
                selection=selection,
            )
        )

    def reopen(self) -> None:
        """Stop and start this device."""
        self.cluster.disconnect(self)
        self.replica.close()
        self.replica = self._open()

    def write(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def scan(self) -> None:
        """Look through the vault, as after a start, and wait out what must be looked at again."""
        self.cluster.now_ms += 10
        for effects in self.replica.sweep(self.cluster.now_ms):
            self.cluster.carry_out(self, effects)

    def tree(self) -> dict[str, bytes | None]:
        """Every file with its content, every folder with None."""
        found: dict[str, bytes | None] = {}
        for item in sorted(self.root.rglob("*")):
            relative = item.relative_to(self.root).as_posix()
            if relative.split("/")[0] != ".vaultsync":
                found[relative] = item.read_bytes() if item.is_file() else None
        return found

    @property
    def digest(self) -> bytes:
        return self.replica.state.store.index.digest


class Cluster:
    """Devices, and the messages on their way between them."""

    def __init__(self, base: Path, size: int) -> None:
        self.now_ms = START_MS
        self._ids = itertools.count(1)
        self._mail: dict[tuple[NodeId, NodeId], deque[tuple[StreamKind, bytes]]] = {}
        self.sent_bytes = 0
        self.devices = [Device(self, base, number) for number in range(1, size + 1)]
        self._by_node = {device.node: device for device in self.devices}

    def new_id(self) -> bytes:
        return next(self._ids).to_bytes(16, "big")

    def connect(self, a: Device, b: Device) -> None:
        mine, theirs = a.replica.connect(b.node), b.replica.connect(a.node)
        self._mail[a.node, b.node] = deque()
        self._mail[b.node, a.node] = deque()
        self.carry_out(a, a.replica.opened(b.node, theirs, self.now_ms))
        self.carry_out(b, b.replica.opened(a.node, mine, self.now_ms))

    def connect_all(self) -> None:
        for a, b in itertools.combinations(self.devices, 2):
            if (a.node, b.node) not in self._mail:
                self.connect(a, b)

    def disconnect(self, device: Device) -> None:
        """Cut every connection of `device`; what is on its way is lost."""
        for pair in [pair for pair in self._mail if device.node in pair]:
            del self._mail[pair]
            self._by_node[pair[0]].replica.disconnect(pair[1])

    def carry_out(self, device: Device, effects: Effects) -> None:
        device.events += effects.events
        for peer, message in effects.control:
            self._post(device.node, peer, message)

    def settle(self, limit: int = 10_000) -> None:
        """Deliver messages, and look at dirty paths, until nothing is left to do."""
        for _ in range(limit):
            if not self._step():
                return
        raise AssertionError("the cluster does not come to rest")

    def _step(self) -> bool:
        busy = False
        for sender, receiver in list(self._mail):
            device = self._by_node[sender]
            for pull in (device.replica.next_changes, device.replica.next_contents):
                message, effects = pull(receiver, self.now_ms)
                self.carry_out(device, effects)
                if message is not None:
                    self._post(sender, receiver, message)
                    busy = True
        for (sender, receiver), mail in list(self._mail.items()):
            if mail:
                busy = True
                kind, body = mail.popleft()
                self._deliver(sender, receiver, kind, body)
        for device in self.devices:
            if dirty := device.replica.take_dirty(self.now_ms):
                busy = True
                self.carry_out(device, device.replica.look(dirty, self.now_ms))
        self.now_ms += 1
        return busy

    def _post(self, sender: NodeId, receiver: NodeId, message: VaultMessage) -> None:
        if (sender, receiver) in self._mail:
            body = encode(message)
            self.sent_bytes += len(body)
            self._mail[sender, receiver].append((stream_of(message), body))

    def _deliver(self, sender: NodeId, receiver: NodeId, kind: StreamKind, body: bytes) -> None:
        message = decode(body, kind)
        device = self._by_node[receiver]
        assert isinstance(message, VaultMessage)
        self.carry_out(device, device.replica.receive(sender, message, self.now_ms))

    def assert_equal(self) -> None:
        """All trees, and all digests, are the same."""
        first, *others = self.devices
        for other in others:
            assert other.tree() == first.tree()
            assert other.digest == first.digest
