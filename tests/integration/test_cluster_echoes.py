"""What the watcher tells of our own writes."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.state import MAX_ECHOES
from vaultsync.model.records import Signature
from vaultsync.vault.scanner import IndexView, Sighting

LONG_AGO_NS = 1_500_000_000_000_000_000


@pytest.fixture
def synced(tmp_path: Path) -> Cluster:
    """Two devices; the second has just been given `f/n.md`, an old note."""
    pair = Cluster(tmp_path, 2)
    a, _ = pair.devices
    a.write("f/n.md", "one\n")
    os.utime(a.root / "f/n.md", ns=(LONG_AGO_NS, LONG_AGO_NS))
    a.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    return pair


def scanned(device: Device, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that its scanner is asked about from now on."""
    asked: list[str] = []
    scanner = device.replica.state.scanner
    look = scanner.look

    def watched(paths: Collection[str], index: IndexView, now_ms: int, *, reads_on: bool) -> Sighting:
        asked.extend(paths)
        return look(paths, index, now_ms, reads_on=reads_on)

    monkeypatch.setattr(scanner, "look", watched)
    return asked


def test_our_own_write_is_not_looked_at_again(synced: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    _, b = synced.devices
    asked = scanned(b, monkeypatch)
    b.look({"f/n.md"})
    assert asked == []
    b.look({"f/n.md"})
    assert asked == ["f/n.md"]  # a second event is no echo


def test_an_edit_right_after_our_own_write_is_seen(synced: Cluster) -> None:
    _, b = synced.devices
    b.write("f/n.md", "two\n")
    os.utime(b.root / "f/n.md", ns=(LONG_AGO_NS, LONG_AGO_NS))
    b.look({"f/n.md"})
    synced.settle()
    assert [device.read("f/n.md") for device in synced.devices] == ["two\n", "two\n"]


def test_a_removal_right_after_our_own_write_is_seen(synced: Cluster) -> None:
    a, b = synced.devices
    (b.root / "f/n.md").unlink()
    b.look({"f/n.md"})
    synced.settle()
    assert not (a.root / "f/n.md").exists()


def test_echoes_that_never_come_take_bounded_memory(synced: Cluster) -> None:
    state = synced.devices[1].replica.state
    for number in range(2 * MAX_ECHOES + 1):
        state.expect_echo(f"{number}.md", Signature(number, 1, 1, 1))
    assert len(state.echoes) <= MAX_ECHOES
