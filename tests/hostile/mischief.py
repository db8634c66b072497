"""A member that says anything the codec lets through, from a seed, to a replica that it shares with an honest one.

python -m tests.hostile.mischief --seeds 1000
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.support.cluster import START_MS, VAULT, Cluster, Device
from vaultsync.daemon.replica.state import ControlMessage, on_disk
from vaultsync.errors import ProtocolError
from vaultsync.model.differences import Told
from vaultsync.model.ids import NodeId
from vaultsync.model.manifests import MAX_CHUNK, MAX_FILE
from vaultsync.model.paths import parents_of
from vaultsync.model.records import EMPTY_HASH, FileRecord, Kind
from vaultsync.model.versions import MAX_COUNTER, Version
from vaultsync.protocol.codec import decode, encode, stream_of
from vaultsync.protocol.limits import INLINE_CONTENT
from vaultsync.protocol.messages import (
    Ack,
    ChangeSet,
    ChunkRef,
    Chunks,
    Contents,
    Digest,
    ManifestPart,
    Message,
    Resync,
    VaultHello,
    Want,
)
from vaultsync.vault.hashing import hash_bytes

MALLORY = NodeId(b"\x66" * 32)
PATHS = (
    "a", "a/b", "a/b/c.md", "a.md", "A.md", "b.md", "p.pdf", "x/y/z.md", "x", ".obsidian/app.json", ".git/config",
    "link/x.md", ".vaultsyncignore", "a (conflict 2027-01-15 0800 M).md", "board.canvas", "é.md", "big.bin",
)  # fmt: skip
CONTENTS = (b"", b"x\n", b"x\ny\n", b"z\n" * 9, b"*.pdf\n", b"[\n", b"{}", b"\xff\xfe", b"q" * 70_000, bytes(3 << 20))
COUNTERS = (1, 2, 5, START_MS, START_MS + 10**9, MAX_COUNTER - 1, MAX_COUNTER)


class Mallory:
    """Connected to one device; remembers what it was asked for."""

    def __init__(self, victim: Device, lot: random.Random) -> None:
        self.victim = victim
        self.breaches: list[str] = []
        self._lot = lot
        self._through = 0
        self._asked: list[Want] = []
        self._connected = False

    def act(self) -> None:
        """Say one thing, and take what the device has to say. A refusal ends the connection, as it must."""
        if not self._connected:
            self._connect()
        try:
            self._say(self._anything())
            self._listen()
        except ProtocolError as error:
            self.breaches.append(error.message)
            self.leave()

    def leave(self) -> None:
        if self._connected:
            self.victim.replica.disconnect(MALLORY)
            self._connected = False
            self._asked.clear()

    def _connect(self) -> None:
        replica, lot = self.victim.replica, self._lot
        mine = replica.connect(MALLORY)
        index_id = bytes([lot.randrange(2)]) * 16
        self._through = lot.choice([0, 0, 5, 1_000])
        theirs = VaultHello(VAULT, index_id, self._through, lot.choice([b"", mine.index_id]), lot.choice([0, 0, 1, 99]))
        self._connected = True
        self._hear(replica.opened(MALLORY, theirs, self.victim.now_ms).control)

    def _say(self, message: Message) -> None:
        there = decode(encode(message), stream_of(message))
        assert isinstance(there, Ack | Digest | Resync | Want | ChangeSet | Contents | ManifestPart | Chunks)
        self._hear(self.victim.replica.receive(MALLORY, there, self.victim.now_ms).control)

    def _listen(self) -> None:
        replica, now_ms = self.victim.replica, self.victim.now_ms
        for pull in (replica.next_changes, replica.next_contents):
            for _ in range(30):
                message, effects = pull(MALLORY, now_ms)
                self._hear(effects.control)
                if message is None:
                    break
                decode(encode(message), stream_of(message))

    def _hear(self, messages: list[tuple[NodeId, ControlMessage]]) -> None:
        for peer, message in messages:
            if peer == MALLORY:
                decode(encode(message), stream_of(message))
                if isinstance(message, Want):
                    self._asked.append(message)
            else:
                self.victim.cluster._post(self.victim.node, peer, message)

    def _anything(self) -> Message:
        lot = self._lot
        if self._asked and lot.random() < 0.6:
            return self._answer(self._asked.pop(lot.randrange(len(self._asked))))
        kinds: list[Callable[[], Message]] = [
            self._changes, self._ack, self._digest, lambda: Resync(VAULT), self._want, self._unasked,
        ]  # fmt: skip
        return lot.choices(kinds, [12, 1, 1, 1, 2, 1])[0]()

    def _changes(self) -> ChangeSet:
        lot = self._lot
        records = [self._record() for _ in range(lot.randint(0, 6))]
        self._through += lot.choice([0, 1, len(records), len(records), 10])
        contents = {}
        for content in CONTENTS:
            needed = any(record.hash == hash_bytes(content) for record in records)
            if len(content) <= INLINE_CONTENT and lot.random() < (0.6 if needed else 0.05):
                contents[hash_bytes(content)] = content
        return ChangeSet(VAULT, tuple(records), self._through, contents)

    def _record(self) -> FileRecord:
        lot = self._lot
        deleted = lot.random() < 0.2
        kind = Kind.DIR if lot.random() < 0.2 else Kind.FILE
        content = lot.choice(CONTENTS)
        bare = deleted or kind is Kind.DIR
        devices = [MALLORY.raw, *(device.node.raw for device in self.victim.cluster.devices), b"\x09" * 32]
        crowd = range(1_000, 1_000 + lot.choice([0, 0, 0, 0, 0, 150, 251]))
        named = {device: lot.choice(COUNTERS) for device in lot.sample(devices, lot.randint(1, 4))}
        named |= {(number + lot.choice([0, 500])).to_bytes(32, "big"): 7 for number in crowd}
        size = 0 if bare else len(content)
        if not bare and lot.random() < 0.1:
            size = lot.choice([0, 1, len(content) + 1, 2 << 20, 2**53])
        return FileRecord(
            path=lot.choice(PATHS),
            kind=kind,
            hash=b"" if bare else hash_bytes(content),
            size=size,
            mtime_ns=lot.choice([0, -(2**63), 2**63 - 1, START_MS * 1_000_000]),
            executable=lot.random() < 0.3,
            version=Version.of(named),
            deleted=deleted,
            modified_by=lot.choice(devices),
            modified_name=lot.choice(["M", "", "..", "a/b", "\u202egnp", "n" * 128]),
            modified_at=lot.choice([0, START_MS, 2**53]),
            moved_to=lot.choice(PATHS) if lot.random() < 0.15 else None,
            moved_from=lot.choice(PATHS) if lot.random() < 0.15 else None,
        )

    def _answer(self, want: Want) -> Message:
        """To what was asked: the truth, mostly."""
        lot = self._lot
        known = {hash_bytes(content): content for content in CONTENTS}
        if want.manifests:
            file = want.manifests[0]
            content = known.get(file, bytes(100_000))
            pieces = [content[at : at + MAX_CHUNK] for at in range(0, len(content), MAX_CHUNK)]
            if lot.random() < 0.2:
                pieces = [lot.choice([piece, piece[::-1] + b"!", piece[:-1]]) or b"?" for piece in pieces] or [b"?"]
            chunks = tuple((hash_bytes(piece[:MAX_CHUNK]), len(piece[:MAX_CHUNK])) for piece in pieces)
            size = len(content) if lot.random() < 0.9 else lot.choice([0, 5, 2**53])
            told: tuple[Told, ...] = chunks
            if lot.random() < 0.1:
                told = ((lot.choice([0, 2**40]), lot.choice([1, 2**53])), *chunks)
            return ManifestPart(VAULT, file, size, lot.choice([0] * 9 + [3]), lot.random() < 0.9, told)
        if want.chunks and lot.random() < 0.9:
            pieces_ = []
            for ref in want.chunks[:3]:
                content = known.get(ref.file, bytes(ref.offset + ref.size))
                data = content[ref.offset : ref.offset + ref.size].ljust(ref.size, b"\0")
                pieces_.append((ref, data if lot.random() < 0.95 else bytes(reversed(data))))
            return Chunks(VAULT, tuple(pieces_))
        there = {hash_: known[hash_] for hash_ in want.contents if hash_ in known and len(known[hash_]) <= 1 << 20}
        if lot.random() < 0.05 and there:
            there[next(iter(there))] = b"a lie"
        return Contents(VAULT, there, tuple(hash_ for hash_ in want.contents if hash_ not in there))

    def _unasked(self) -> Message:
        hash_ = hash_bytes(self._lot.choice(CONTENTS))
        said: list[Message] = [
            Contents(VAULT, {}, (hash_,)),
            ManifestPart(VAULT, hash_, 0, 0, True, ()),
            Chunks(VAULT, ((ChunkRef(hash_, 0, 1), b"x"),)),
        ]
        return self._lot.choice(said)

    def _ack(self) -> Ack:
        return Ack(VAULT, self._lot.choice([0, 1, 3, 2**53]))

    def _digest(self) -> Digest:
        sequence = self.victim.replica.state.store.index.sequence
        return Digest(VAULT, self._through, self._lot.choice([0, sequence]), bytes(32))

    def _want(self) -> Want:
        lot = self._lot
        hashes = tuple(hash_bytes(lot.choice(CONTENTS)) for _ in range(lot.randint(0, 9)))
        refs = tuple(ChunkRef(hash_, lot.choice([0, 2**53]), lot.choice([1, MAX_CHUNK])) for hash_ in hashes)
        return Want(VAULT, hashes, hashes[:2], refs[:3])


def play(base: Path, seed: int, steps: int) -> list[str]:
    """One history. Returns why Mallory was refused, each time; `AssertionError` if the honest ones suffer."""
    lot = random.Random(seed)
    (base / "secret.txt").write_text("outside")
    cluster = Cluster(base, 2)
    victim, _ = cluster.devices
    (victim.root / "link").symlink_to(base)
    (victim.root / "mine.md").write_text("the victim's own\n")
    victim.scan()
    cluster.connect_all()
    cluster.settle()
    mallory = Mallory(victim, lot)
    for number in range(steps):
        mallory.act()
        if lot.random() < 0.15:
            _edit(lot, lot.choice(cluster.devices), number)
        if lot.random() < 0.2:
            cluster.settle()
        victim.look_at_dirty()
        cluster.now_ms += lot.choice([1, 100, 5_000])
    mallory.leave()
    for device in cluster.devices:
        device.look_at_dirty()
        device.scan()
    cluster.settle()
    for _ in range(15):
        # Whatever was put off comes to its end.
        cluster.tick(61_000)
        cluster.settle()
        for device in cluster.devices:
            device.scan()
        cluster.settle()
    check(base, cluster)
    return mallory.breaches


def check(base: Path, cluster: Cluster) -> None:
    """Nothing happened outside, and the honest devices agree and can still tell each other news."""
    victim, friend = cluster.devices
    assert (base / "secret.txt").read_text() == "outside"
    assert not (base / "x.md").exists()
    assert (victim.root / "mine.md").read_text() == "the victim's own\n"
    for device in cluster.devices:
        assert not (device.root / ".git").exists()
    out_of_reach = _out_of_reach(victim, friend) | _out_of_reach(friend, victim)
    assert out_of_reach or victim.digest == friend.digest, "the indexes differ"
    (friend.root / "news.md").write_text("news\n")
    friend.look(["news.md"])
    cluster.settle()
    assert victim.read("news.md") == "news\n"


def _out_of_reach(device: Device, other: Device) -> set[str]:
    """What `device` wants and nobody who is still here has: Mallory took the content away with her."""
    offers = device.replica.state.offers
    found = {
        path
        for path in offers.paths()
        for offer in offers.of(path)
        if obtainable(other, offer.record) and not leads_through_a_file(device, path)
    }
    assert not found, f"{device.name} never settles {sorted(found)}"
    return set(offers.paths())


def obtainable(device: Device, record: FileRecord) -> bool:
    if record.size > MAX_FILE:
        return False  # it is shown as blocked, whatever its content is
    if record.hash == EMPTY_HASH or record.deleted or record.kind is Kind.DIR:
        return True
    entries = device.replica.state.store.index.with_hash(record.hash)
    return any(on_disk(entry) for entry in entries)


def leads_through_a_file(device: Device, path: str) -> bool:
    """No honest device says that there is a file and something below it."""
    above = device.replica.state.store.index.get_many(parents_of(path)).values()
    return any(entry.record.kind is Kind.FILE and not entry.record.deleted for entry in above)


def _edit(lot: random.Random, device: Device, number: int) -> None:
    """An honest person at work among Mallory's files."""
    path = lot.choice([path for path in PATHS if not path.startswith((".git", "link", ".vaultsync"))])
    target = device.root / path
    try:
        if lot.random() < 0.7:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(f"{number} by {device.name}\n")
        else:
            target.unlink()
    except OSError:
        return  # a folder where the file would be, or the other way round
    device.look([path])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.mischief", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    options = parser.parse_args()
    refused = 0
    for seed in range(options.first, options.first + options.seeds):
        with tempfile.TemporaryDirectory(prefix="vaultsync-mischief-") as base:
            try:
                refused += len(play(Path(base), seed, options.steps))
            except BaseException:
                print(f"seed {seed}:", flush=True)
                raise
    print(f"{options.seeds} histories of {options.steps} steps, {refused} refusals: nobody else suffered.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
