"""Replicas in one process on real folders, with messages passed by hand: no sockets, no threads, no waiting."""

from __future__ import annotations

import itertools
import shutil
import unicodedata
from collections import deque
from collections.abc import Callable, Collection
from pathlib import Path

from vaultsync.daemon.events import Event
from vaultsync.daemon.replica.adopt import expect_nothing
from vaultsync.daemon.replica.leftovers import clean_up
from vaultsync.daemon.replica.replica import Replica, VaultMessage
from vaultsync.daemon.replica.rules import load_rules
from vaultsync.daemon.replica.state import Effects, ReplicaState
from vaultsync.model.changes import Author
from vaultsync.model.filters import DEFAULT_CATEGORIES
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.codec import decode, encode, stream_of
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.limits import PROTOCOL_VERSION
from vaultsync.protocol.messages import Hello, VaultHello
from vaultsync.store.vault_store import VaultStore
from vaultsync.sync.session import DIGEST_EVERY_MS
from vaultsync.vault.applier import Applier
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.scanner import Scanner

VAULT = VaultId(b"v" * 16)
START_MS = 1_800_000_000_000

SOON_MS = 3_000
"""What waits longer than this waits for something else to happen."""

Channel = tuple[NodeId, NodeId, StreamKind]
"""Sender, receiver, and which of the connection's streams: each keeps its own order, and no order with the others."""


class Device:
    """One replica and its folder."""

    def __init__(self, cluster: Cluster, base: Path, number: int) -> None:
        self.cluster = cluster
        self.number = number
        self.node = NodeId(bytes([number]) * 32)
        self.root = base / f"device{number}"
        self.name = f"Device {number}"
        self.skew_ms = 0
        """How far this device's clock is from the cluster's."""
        self.categories = DEFAULT_CATEGORIES
        self.events: list[Event] = []
        self._index_folder = base / f"index{number}"
        if not (self.root / ".vaultsync").exists():
            VaultFolder.create(str(self.root), VAULT, "notes")
        self.replica = self._open()

    @property
    def now_ms(self) -> int:
        return self.cluster.now_ms + self.skew_ms

    def _open(self) -> Replica:
        folder = VaultFolder.open(str(self.root))
        fs = self.cluster.file_system(folder.root)
        number = int.from_bytes(self.cluster.new_id(), "big")
        applier = Applier(fs, prefix=f"t{number}")
        store = VaultStore.open(self._index_folder / "index.db", new_index_id=self.cluster.new_id())
        clean_up(fs, applier, store, self.now_ms)
        selection = load_rules(fs, store.history, self.categories)
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

    def crash(self) -> None:
        """What is not durable is gone: nothing is stored on the way out. Then it starts again."""
        self.cluster.cut(self)
        self.replica.state.store.close()
        self.replica = self._open()

    def back_up(self) -> None:
        """Put a copy of the index aside; the device is stopped meanwhile."""
        self.cluster.disconnect(self)
        self.replica.close()
        shutil.rmtree(self._backup, ignore_errors=True)
        shutil.copytree(self._index_folder, self._backup)
        self.replica = self._open()

    @property
    def has_backup(self) -> bool:
        return self._backup.exists()

    def restore(self) -> None:
        """Start again with the index that was put aside, if one was; the folder stays as it is."""
        self.cluster.disconnect(self)
        self.replica.close()
        if self._backup.exists():
            shutil.rmtree(self._index_folder)
            shutil.copytree(self._backup, self._index_folder)
        self.replica = self._open()

    @property
    def _backup(self) -> Path:
        return self._index_folder.with_name(self._index_folder.name + "-backup")

    def bring_back(self, backup: Path) -> None:
        """The folder was lost; a copy from `backup` has taken its place, and a person said that it is the vault."""
        self.cluster.disconnect(self)
        self.replica.close()
        shutil.rmtree(self.root)
        shutil.copytree(backup, self.root, ignore=shutil.ignore_patterns(".vaultsync"))
        store = VaultStore.open(self._index_folder / "index.db", new_index_id=self.cluster.new_id())
        expect_nothing(store)
        store.close()
        VaultFolder.create(str(self.root), VAULT, "notes")
        self.replica = self._open()
        self.replica.adopt(self.now_ms)

    def write(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def scan(self) -> None:
        """Look through the vault, as after a start."""
        self.cluster.now_ms += 10
        for effects in self.replica.sweep(self.now_ms):
            self.cluster.carry_out(self, effects)

    def look(self, paths: Collection[str]) -> None:
        """Look at some paths, as after a hint of the watcher."""
        self.cluster.carry_out(self, self.replica.look(paths, self.now_ms))

    def look_at_dirty(self) -> bool:
        """Look at what the replica has marked as dirty; whether there was anything."""
        dirty = self.replica.take_dirty(self.now_ms)
        if dirty:
            self.look(dirty)
        return bool(dirty)

    def read_on(self) -> bool:
        """Read a slice more of a large file; whether there was one to read."""
        if not self.replica.has_unread:
            return False
        self.cluster.carry_out(self, self.replica.read_on(self.now_ms))
        return True

    def tree(self) -> dict[str, bytes | None]:
        """Every file with its content, every folder with None; names in NFC."""
        found: dict[str, bytes | None] = {}
        for item in sorted(self.root.rglob("*")):
            relative = unicodedata.normalize("NFC", item.relative_to(self.root).as_posix())
            if relative.split("/")[0] != ".vaultsync":
                found[relative] = item.read_bytes() if item.is_file() else None
        return found

    @property
    def digest(self) -> bytes:
        return self.replica.state.store.index.digest


class Cluster:
    """Devices, and the messages on their way between them."""

    def __init__(self, base: Path, size: int, *, file_system: Callable[[str], FileSystem] = DiskFileSystem) -> None:
        self.now_ms = START_MS
        self.file_system = file_system
        self._ids = itertools.count(1)
        self._mail: dict[Channel, deque[bytes]] = {}
        self._connected: set[tuple[NodeId, NodeId]] = set()
        self.sent_bytes = 0
        self._base = base
        self.devices = [Device(self, base, number) for number in range(1, size + 1)]
        self._by_node = {device.node: device for device in self.devices}

    def add(self) -> Device:
        """One more device, with an empty folder."""
        device = Device(self, self._base, len(self._by_node) + 1)
        self.devices.append(device)
        self._by_node[device.node] = device
        return device

    def remove(self, device: Device) -> None:
        """This device stops, and is a member no more."""
        self.disconnect(device)
        device.replica.close()
        self.devices.remove(device)
        for other in self.devices:
            self.carry_out(other, other.replica.forget_peer(device.node, other.now_ms))

    def device(self, node: NodeId) -> Device:
        return self._by_node[node]

    def new_id(self) -> bytes:
        return next(self._ids).to_bytes(16, "big")

    # Connections

    def connect(self, a: Device, b: Device) -> None:
        """Open a connection. Both Hellos are on their way; nothing is delivered yet."""
        assert not self.are_connected(a, b)
        for here, there in ((a, b), (b, a)):
            self._connected.add((here.node, there.node))
            for kind in StreamKind:
                self._mail[here.node, there.node, kind] = deque()
            self._post(here.node, there.node, _hello(here.name, here.replica.connect(there.node)))

    def connect_all(self) -> None:
        for a, b in itertools.combinations(self.devices, 2):
            if not self.are_connected(a, b):
                self.connect(a, b)

    def are_connected(self, a: Device, b: Device) -> bool:
        return (a.node, b.node) in self._connected

    def disconnect(self, device: Device, other: Device | None = None) -> None:
        """Cut the connection to `other`, or every one of `device`; what is on its way is lost."""
        self.cut(device, other, both=True)

    def cut(self, device: Device, other: Device | None = None, *, both: bool = False) -> None:
        """As `disconnect`; without `both`, `device` itself does not get to know of it."""
        pairs = [p for p in sorted(self._connected) if device.node in p and (other is None or other.node in p)]
        for here, there in pairs:
            self._connected.discard((here, there))
            for kind in StreamKind:
                del self._mail[here, there, kind]
            if both or here != device.node:
                self._by_node[here].replica.disconnect(there)

    # Messages

    def carry_out(self, device: Device, effects: Effects) -> None:
        device.events += effects.events
        for peer, message in effects.control:
            self._post(device.node, peer, message)

    def deliverable(self) -> list[Channel]:
        """Channels with a message that can be delivered now: nothing overtakes a Hello."""
        return [
            (sender, receiver, kind)
            for (sender, receiver, kind), mail in self._mail.items()
            if mail and (kind is StreamKind.CONTROL or self._is_open(receiver, sender))
        ]

    def deliver(self, channel: Channel) -> str:
        """Deliver the oldest message of a channel. Returns what it was, in a word."""
        sender, receiver, kind = channel
        message = decode(self._mail[channel].popleft(), kind)
        device = self._by_node[receiver]
        if isinstance(message, Hello):
            (vault,) = message.vaults
            self.carry_out(device, device.replica.opened(sender, vault, device.now_ms))
        else:
            assert isinstance(message, VaultMessage)
            self.carry_out(device, device.replica.receive(sender, message, device.now_ms))
        return type(message).__name__

    def pullable(self) -> list[tuple[Device, Device]]:
        """Pairs of which the first may have records or contents to send to the second."""
        return [
            (self._by_node[here], self._by_node[there])
            for here, there in sorted(self._connected)
            if self._is_open(here, there)
        ]

    def pull(self, sender: Device, receiver: Device, what: StreamKind) -> str:
        """Send the next change set or answer. Returns what it was, in a word; the empty string for nothing."""
        replica = sender.replica
        step = replica.next_changes if what is StreamKind.CHANGES else replica.next_contents
        message, effects = step(receiver.node, sender.now_ms)
        self.carry_out(sender, effects)
        if message is None:
            # It may have read a slice of the file that is asked for.
            is_reading = what is StreamKind.CONTENT and replica.state.sessions[receiver.node.raw].wants
            return "reading" if is_reading else ""
        self._post(sender.node, receiver.node, message)
        return type(message).__name__

    def settle(self, limit: int = 10_000) -> None:
        """Deliver messages, look at dirty paths, and wait for what is to be looked at soon, until nothing is left."""
        for _ in range(limit):
            if self._step():
                continue
            waiting = [at - d.skew_ms for d in self.devices if (at := d.replica.next_look_ms()) is not None]
            if not waiting or min(waiting) > self.now_ms + SOON_MS:
                return
            self.now_ms = max(self.now_ms, min(waiting))
        raise AssertionError("the cluster does not come to rest")

    def tick(self, by_ms: int = DIGEST_EVERY_MS) -> None:
        """Time passes on every device."""
        self.now_ms += by_ms
        for device in self.devices:
            self.carry_out(device, device.replica.tick(device.now_ms))

    def _step(self) -> bool:
        busy = False
        for sender, receiver in self.pullable():
            for what in (StreamKind.CHANGES, StreamKind.CONTENT):
                busy = bool(self.pull(sender, receiver, what)) or busy
        for channel in self.deliverable():
            busy = True
            self.deliver(channel)
        for device in self.devices:
            busy = device.look_at_dirty() or busy
            busy = device.read_on() or busy
        self.now_ms += 1
        return busy

    def _is_open(self, here: NodeId, there: NodeId) -> bool:
        """Whether `here` has had the Hello of `there`."""
        return bool(self._by_node[here].replica.state.sessions[there.raw].peer_index_id)

    def _post(self, sender: NodeId, receiver: NodeId, message: VaultMessage | Hello) -> None:
        if (sender, receiver) in self._connected:
            body = encode(message)
            self.sent_bytes += len(body)
            self._mail[sender, receiver, stream_of(message)].append(body)

    def assert_equal(self) -> None:
        """All trees, and all digests, are the same."""
        first, *others = self.devices
        for other in others:
            assert other.tree() == first.tree()
            assert other.digest == first.digest


def _hello(name: str, vault: VaultHello) -> Hello:
    return Hello(PROTOCOL_VERSION, name, name, "0", (), (vault,))
