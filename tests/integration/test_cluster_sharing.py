"""A large file that is replaced goes into history as it lies on the disk, and nothing of it is ever in doubt."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.hashing import hash_bytes

OLD = random.Random(5).randbytes(3 << 20)
NEW = b"inserted" + OLD


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    _write(cluster, cluster.devices[0], OLD)
    return cluster


def _write(cluster: Cluster, device: Device, content: bytes | None) -> None:
    cluster.now_ms += 60_000
    if content is None:
        (device.root / "film.bin").unlink()
    else:
        device.write("film.bin", content)
    device.scan()
    cluster.settle()


def _held(device: Device, content: bytes) -> bool:
    return device.replica.state.store.history.read(hash_bytes(content)) == content


def _history(device: Device) -> list[Path]:
    folder = device.replica.state.store._database.path.parent / "history"
    return sorted(item for item in folder.rglob("*") if item.is_file())


@pytest.mark.parametrize("becomes", [NEW, None], ids=["replaced", "removed"])
def test_it_is_not_copied(cluster: Cluster, becomes: bytes | None) -> None:
    a, b = cluster.devices
    inode = (b.root / "film.bin").stat().st_ino
    _write(cluster, a, becomes)
    assert b.tree() == a.tree()
    [kept] = _history(b)
    assert kept.stat().st_ino == inode
    assert kept.stat().st_nlink == 1
    assert _held(b, OLD)
    assert b.replica.history_bytes == len(OLD)


def test_what_shrinks_is_compressed(cluster: Cluster) -> None:
    a, b = cluster.devices
    _write(cluster, a, b"words " * (1 << 19))
    _write(cluster, a, NEW)
    assert b.replica.history_bytes < len(OLD) + (1 << 20)
    assert _held(b, b"words " * (1 << 19))


def test_a_file_with_another_name_elsewhere_is_copied(cluster: Cluster, tmp_path: Path) -> None:
    """Whoever has the other name may write to it for ever."""
    a, b = cluster.devices
    os.link(b.root / "film.bin", tmp_path / "mine.bin")
    b.scan()
    _write(cluster, a, NEW)
    (tmp_path / "mine.bin").write_bytes(b"mine")
    assert _held(b, OLD)


def test_two_of_one_content_are_both_safe(cluster: Cluster) -> None:
    """One may turn out to be another by the time at which the other is replaced."""
    a, b = cluster.devices
    a.write("second.bin", OLD)
    _write(cluster, a, OLD)
    a.write("second.bin", NEW)
    _write(cluster, a, NEW)
    assert b.tree() == a.tree()
    assert _held(b, OLD)
    assert {kept.suffix for kept in _history(b)} <= {".raw", ".zst"}


def test_where_no_second_name_can_be_given_it_is_copied(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_fs: DiskFileSystem, path: str, _outside: str) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)

    monkeypatch.setattr(DiskFileSystem, "give_name", refuse)
    a, b = cluster.devices
    _write(cluster, a, NEW)
    assert [kept.suffix for kept in _history(b)] == [".zst"]
    assert _held(b, OLD)


def test_a_program_that_writes_meanwhile_gets_its_file_back(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it writes is an edit, which makes a conflict; history never says that it has what it has not."""
    a, b = cluster.devices
    plain = DiskFileSystem.swap
    theirs = b"theirs" + OLD[6:]

    def edit(fs: DiskFileSystem, first: str, second: str) -> bool:
        if fs.root == str(b.root):
            monkeypatch.setattr(DiskFileSystem, "swap", plain)
            with open(b.root / second, "r+b") as file:
                file.write(b"theirs")
        return plain(fs, first, second)

    monkeypatch.setattr(DiskFileSystem, "swap", edit)
    _write(cluster, a, NEW)
    assert not b.replica.state.store.history.has(hash_bytes(OLD))
    cluster.now_ms += 60_000
    b.look_at_dirty()
    cluster.settle()
    for device in cluster.devices:
        assert {NEW, theirs} <= set(device.tree().values())


class Died(BaseException):
    """The process has ended."""


@pytest.mark.parametrize("call", ["swap", "remove"])
def test_a_crash_on_either_side_of_the_exchange_loses_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    a, b = cluster.devices

    def die(fs: DiskFileSystem, *_: str) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(DiskFileSystem, call, die)
        with pytest.raises(Died):
            _write(cluster, a, NEW)
    replaced = call == "remove"
    assert ((b.root / "film.bin").read_bytes() == NEW) == replaced
    b.crash()
    assert all(kept.suffix == ".raw" for kept in _history(b)) == replaced or not _history(b)
    assert _held(b, OLD) == replaced
    with open(b.root / "film.bin", "r+b") as file:
        file.write(b"in place")  # whatever history has is out of reach of that
    assert _held(b, OLD) == replaced


def test_what_a_program_wrote_between_a_crash_and_the_next_start_is_not_taken_for_the_old(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = cluster.devices

    def die(fs: DiskFileSystem, *_: str) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(DiskFileSystem, "swap", die)
        with pytest.raises(Died):
            _write(cluster, a, NEW)
    with open(b.root / "film.bin", "r+b") as file:
        file.write(b"in place")
    (b.root / "film.bin").unlink()
    b.crash()
    assert not b.replica.state.store.history.has(hash_bytes(OLD))
    assert _history(b) == []
