"""What there is no room or no place for is shown, holds up nothing else, and comes by itself when there is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from tests.support.cluster import VAULT, Cluster
from vaultsync.daemon.replica.fetch import SPARED
from vaultsync.model.manifests import MAX_FILE, MIN_CHUNK
from vaultsync.protocol.messages import ChangeSet, ManifestPart
from vaultsync.vault.disk import DiskFileSystem

MEGABYTE = 1_000_000


class SmallDisk(DiskFileSystem):
    room = 0
    """For all devices of a test, in bytes."""

    def free_bytes(self) -> int:
        return SPARED + SmallDisk.room


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setattr(SmallDisk, "room", 0)
    return Cluster(tmp_path, 2, file_system=SmallDisk)


def test_a_large_file_waits_for_room_and_notes_do_not(pair: Cluster) -> None:
    a, b = pair.devices
    SmallDisk.room = MEGABYTE
    a.write("film.mp4", Random(1).randbytes(3 * MEGABYTE))
    a.write("note.md", "words\n")
    a.scan()
    pair.connect_all()
    pair.settle()
    assert b.read("note.md") == "words\n"
    assert b.replica.state.troubles == {"film.mp4": "it takes 3.0 MB; there is room for 1.0 MB if 67.1 MB stay free"}
    assert not b.replica.state.transfers
    pair.now_ms += 60_000
    pair.settle()
    assert "film.mp4" in b.replica.state.troubles
    SmallDisk.room = 4 * MEGABYTE
    pair.now_ms += 60_000
    pair.settle()
    pair.assert_equal()
    assert b.replica.state.troubles == {}


def test_two_large_files_do_not_share_the_room_of_one(pair: Cluster) -> None:
    a, b = pair.devices
    SmallDisk.room = 4 * MEGABYTE
    for number in range(2):
        a.write(f"{number}.mp4", Random(number).randbytes(3 * MEGABYTE))
    a.scan()
    pair.connect_all()
    pair.settle()
    assert len(b.replica.state.troubles) == 1
    assert sum(path.endswith(".mp4") for path in b.tree()) == 1


def test_a_part_that_is_here_takes_no_more_room(pair: Cluster) -> None:
    a, b = pair.devices
    SmallDisk.room = 4 * MEGABYTE
    a.write("film.mp4", Random(1).randbytes(3 * MEGABYTE))
    a.scan()
    pair.connect_all()
    while not any(t.partial is not None for t in b.replica.state.transfers.values()):
        assert pair._step()
    pair.settle(limit=10_000)
    parts = list((b.root / ".vaultsync" / "tmp").glob("*"))
    pair.assert_equal()
    assert parts == []


def test_a_file_in_the_way_of_a_folder_is_told(pair: Cluster) -> None:
    """A note in a folder that no record tells of, where this device has a file: nothing told why it never came."""
    a, b = pair.devices
    a.write("n.md", "one\n")
    b.write("f", "a file\n")
    pair.connect_all()
    for device in pair.devices:
        device.scan()
        pair.settle()
    entry = a.replica.state.store.index.get("n.md")
    assert entry is not None
    strange = replace(entry.record, path="f/n.md")
    through = a.replica.state.store.index.sequence + 1
    message = ChangeSet(VAULT, (strange,), through, {strange.hash: b"one\n"})
    pair.carry_out(b, b.replica.receive(a.node, message, b.now_ms))
    for _ in range(4):
        pair.settle()
        pair.now_ms += 10_000
    assert b.replica.state.troubles == {"f/n.md": "“f” is not a folder here, and would have to be one"}
    (b.root / "f").rename(b.root / "g")
    for _ in range(3):
        b.scan()
        pair.now_ms += 10_000
        pair.settle()
    assert b.read("f/n.md") == "one\n"
    assert b.replica.state.troubles == {}


def test_a_manifest_of_more_than_there_is_room_for_is_not_even_listed(pair: Cluster) -> None:
    """The record said that the file is small. A list of what fits no disk would have been put together in memory."""
    a, b = pair.devices
    SmallDisk.room = 4 * MEGABYTE
    a.write("film.mp4", Random(1).randbytes(3 * MEGABYTE))
    a.scan()
    pair.connect_all()
    while not b.replica.state.transfers:
        assert pair._step()
    (transfer,) = b.replica.state.transfers.values()
    part = ManifestPart(VAULT, transfer.want.hash, MAX_FILE, 0, False, ((b"h" * 32, MIN_CHUNK),) * 4_096)
    pair.carry_out(b, b.replica.receive(a.node, part, b.now_ms))
    assert not b.replica.state.transfers
    assert "film.mp4" in b.replica.state.troubles
