"""Large files are read in slices, and notes go between: neither an edit nor a fetch waits for more than one."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path
from typing import cast

import pytest

from tests.support.cluster import Cluster, Device
from tests.support.nodes import running_node, until
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.events import ChangeObserved
from vaultsync.daemon.replica import fetch, serve
from vaultsync.daemon.replica.state import Effects
from vaultsync.daemon.vaultlink import VaultLink
from vaultsync.errors import CloseCode, ProtocolError, UnstableFileError, VaultsyncError
from vaultsync.model.ids import NodeId
from vaultsync.protocol.framing import StreamKind
from vaultsync.vault import scanner
from vaultsync.vault.chunks import PartialFile
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.longread import LongRead

MIB = 1 << 20
CONTENT = random.Random(3).randbytes(5 * MIB)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    for reader in (scanner, serve, fetch):
        monkeypatch.setattr(reader, "SLICE", MIB)
    return Cluster(tmp_path, 2)


def knows(device: Device, path: str) -> bool:
    entry = device.replica.state.store.index.get(path)
    return entry is not None and not entry.record.deleted


def pass_messages(cluster: Cluster) -> None:
    """All that devices have to say to each other; nobody reads on in a large file."""
    busy = True
    while busy:
        busy = False
        for sender, receiver in cluster.pullable():
            for what in (StreamKind.CHANGES, StreamKind.CONTENT):
                busy = bool(cluster.pull(sender, receiver, what)) or busy
        for channel in cluster.deliverable():
            cluster.deliver(channel)
            busy = True


def test_a_note_is_seen_while_a_large_file_is_read(cluster: Cluster) -> None:
    a = cluster.devices[0]
    a.write("large.bin", CONTENT)
    a.write("note.md", "first\n")
    a.look(["large.bin", "note.md"])
    slices = 0
    while a.replica.has_unread:
        assert knows(a, "note.md")
        assert not knows(a, "large.bin")
        if slices == 2:
            a.write("second.md", "second\n")
            a.look(["second.md", "large.bin"])
            assert knows(a, "second.md")
        a.read_on()
        slices += 1
    assert slices == 5
    entry = a.replica.state.store.index.get("large.bin")
    assert entry is not None
    assert entry.record.hash == hash_bytes(CONTENT)


def test_a_look_through_the_vault_reads_a_large_file_in_steps(cluster: Cluster) -> None:
    a = cluster.devices[0]
    a.write("large.bin", CONTENT)
    a.write("other.bin", CONTENT[::-1])
    steps = sum(1 for _ in a.replica.sweep(a.now_ms))
    assert steps >= 10
    assert knows(a, "large.bin")
    assert knows(a, "other.bin")
    assert not a.replica.has_unread


def test_what_is_written_again_while_it_is_read_is_read_anew(cluster: Cluster) -> None:
    a = cluster.devices[0]
    a.write("large.bin", CONTENT)
    a.look(["large.bin"])
    a.read_on()
    a.write("large.bin", CONTENT[::-1])
    while a.replica.has_unread or a.replica.next_look_ms() is not None:
        cluster.now_ms += 200
        a.read_on()
        a.look_at_dirty()
    entry = a.replica.state.store.index.get("large.bin")
    assert entry is not None
    assert entry.record.hash == hash_bytes(CONTENT[::-1])


@pytest.mark.parametrize("becomes", ["nothing", "small", "unreadable"])
def test_a_large_file_that_is_gone_while_it_is_read_keeps_nobody_waiting(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    a = cluster.devices[0]
    a.write("large.bin", CONTENT)
    a.look(["large.bin"])
    a.read_on()
    if becomes == "nothing":
        (a.root / "large.bin").unlink()
    elif becomes == "small":
        a.write("large.bin", b"small")
    else:

        def refuse(_path: str) -> None:
            raise PermissionError(errno.EACCES, "no")

        monkeypatch.setattr(a.replica.state.fs, "open_read", refuse)
    a.read_on()
    assert not a.replica.has_unread
    assert knows(a, "large.bin") == (becomes == "small")
    assert bool(a.replica.state.troubles) == (becomes == "unreadable")


@pytest.mark.parametrize("edited", [b"edited" + CONTENT, CONTENT[: 2 * MIB] + b"edited" + CONTENT[2 * MIB + 6 :]])
def test_notes_go_between_while_a_large_file_is_copied_together_and_checked(cluster: Cluster, edited: bytes) -> None:
    cluster.connect_all()
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    cluster.settle()
    cluster.now_ms += 60_000
    a.write("large.bin", edited)
    a.scan()
    pass_messages(cluster)
    slices = 0
    while b.replica.has_unread:
        assert (b.root / "large.bin").read_bytes() == CONTENT
        a.write(f"note {slices}.md", "between\n")
        a.look([f"note {slices}.md"])
        pass_messages(cluster)
        assert knows(b, f"note {slices}.md")
        b.read_on()
        pass_messages(cluster)
        slices += 1
    assert slices >= 4
    assert (b.root / "large.bin").read_bytes() == edited


def test_a_lie_that_comes_to_light_in_the_last_slice_ends_the_conversation_and_nothing_else(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.connect_all()
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    cluster.settle()
    cluster.now_ms += 60_000
    a.write("large.bin", CONTENT[: 2 * MIB] + b"edited" + CONTENT[2 * MIB + 6 :])
    a.scan()
    pass_messages(cluster)

    def is_another(partial: PartialFile) -> bool:
        partial.discard()
        raise UnstableFileError("another")

    monkeypatch.setattr(PartialFile, "finish", is_another)
    broken: dict[NodeId, ProtocolError] = {}
    while b.replica.has_unread:
        broken = b.replica.read_on(b.now_ms).broken
    assert [(peer, error.code) for peer, error in broken.items()] == [(a.node, CloseCode.BAD_FIELD)]
    assert not b.replica.state.transfers
    assert (b.root / "large.bin").read_bytes() == CONTENT


async def test_who_has_lied_is_dropped(tmp_path: Path) -> None:
    async with running_node(tmp_path, "lone") as node:
        service = await node.add_vault(tmp_path / "vault")
        await until(lambda: service.engine is not None)
        assert service.engine is not None
        peer, dropped = NodeId(b"p" * 32), []

        class Link:
            def drop(self, error: VaultsyncError) -> None:
                dropped.append(error)

        lie = ProtocolError(CloseCode.BAD_FIELD, "lied")
        service.engine._links[peer] = cast(VaultLink, Link())
        service.engine._carry_out(Effects(broken={peer: lie}))
        del service.engine._links[peer]
        assert dropped == [lie]


def test_a_large_file_that_is_moved_is_moved_elsewhere_too(cluster: Cluster) -> None:
    """Half of a move is a deletion: what may be the other half is read at once."""
    cluster.connect_all()
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    cluster.settle()
    cluster.now_ms += 60_000
    os.renames(a.root / "large.bin", a.root / "folder/moved.bin")
    a.look(["large.bin", "folder"])
    record = a.replica.state.store.index.get("folder/moved.bin")
    assert record is not None
    assert record.record.moved_from == "large.bin"
    sent = cluster.sent_bytes
    cluster.settle()
    cluster.assert_equal()
    assert cluster.sent_bytes - sent < MIB
    assert (b.root / "folder/moved.bin").read_bytes() == CONTENT


def test_a_large_file_that_was_away_when_asked_for_is_asked_for_again_soon(
    cluster: Cluster,
) -> None:
    """Moved and moved back: whoever has it must look at it anew, and has nothing to tell of it."""
    cluster.connect_all()
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    for old, new in (("large.bin", "away.bin"), ("away.bin", "large.bin")):
        os.rename(a.root / old, a.root / new)
    cluster.settle()
    cluster.assert_equal()
    assert (b.root / "large.bin").read_bytes() == CONTENT


def test_what_was_read_to_be_known_is_not_read_again_to_be_sent(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.connect_all()
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    monkeypatch.setattr(LongRead, "go_on", None)
    cluster.settle()
    assert (b.root / "large.bin").read_bytes() == CONTENT


def test_a_note_is_sent_while_a_large_file_is_cut(cluster: Cluster) -> None:
    a, b = cluster.devices
    a.write("large.bin", CONTENT)
    a.scan()
    a.reopen()  # what its pieces are is forgotten
    cluster.connect_all()
    while not (reading := a.replica.state.cutting):
        cluster._step()
    a.write("note.md", "a note\n")
    a.write("picture.png", bytes(100_000))
    a.look(["note.md", "picture.png"])
    while reading:
        cluster._step()
        before = b.tree()
    cluster.settle()
    cluster.assert_equal()
    assert before == {"note.md": b"a note\n", "picture.png": bytes(100_000)}


async def test_an_engine_lets_a_note_pass_a_large_file(tmp_path: Path) -> None:
    """The file has 4 GB, none of them on the disk: the note comes long before it has been read."""
    root = tmp_path / "a"
    root.mkdir()
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(root)
        await until(lambda: service.state == "ready")
        engine = service.engine
        assert engine is not None
        observed: list[str] = []
        emit = engine._emit

        def listen(event: object) -> None:
            if isinstance(event, ChangeObserved):
                observed.append(event.path)
            emit(event)  # type: ignore[arg-type]

        engine._emit = listen
        with open(root / "large.bin", "wb") as file:
            file.truncate(4 << 30)
        await _reading(engine)
        (root / "note.md").write_text("a note\n")
        await until(lambda: "note.md" in observed)
        assert observed == ["note.md"]
        assert engine.replica.has_unread


async def _reading(engine: Engine) -> None:
    while not await engine.read(lambda replica: bool(replica.state.scanner._begun)):
        continue
