"""A device dies between the disk and the index: at the next start it knows its own work from a person's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica import execute
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.records import Entry
from vaultsync.store.intents import Intents


class DeathError(BaseException):
    """The process is gone."""


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 2)


def agree(cluster: Cluster) -> None:
    cluster.connect_all()
    for _ in range(3):
        for device in cluster.devices:
            device.scan()
            cluster.settle()
    cluster.assert_equal()


def die_before_the_commit(cluster: Cluster, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes next for `device` reaches its disk, and its index never hears of it."""

    real = execute._commit

    def die(state: ReplicaState, work: execute.Work, commit: execute._Commit, now_ms: int) -> set[str]:
        if commit.entries:
            raise DeathError
        return real(state, work, commit, now_ms)

    with monkeypatch.context() as patch:
        patch.setattr(execute, "_commit", die)
        with pytest.raises(DeathError):
            cluster.settle()
    device.crash()


def entry_of(device: Device, path: str) -> Entry:
    entry = device.replica.state.store.index.get(path)
    assert entry is not None
    return entry


def test_a_file_that_its_author_deletes_meanwhile_does_not_come_back(
    pair: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = pair.devices
    a.write("n.md", "one\n")
    a.write("p.png", "picture")
    a.scan()
    pair.connect_all()
    die_before_the_commit(pair, b, monkeypatch)
    assert {"n.md", "p.png"} <= set(b.tree())
    (a.root / "n.md").unlink()
    (a.root / "p.png").unlink()
    agree(pair)
    assert "n.md" not in a.tree()
    assert "p.png" not in a.tree()
    assert b.replica.state.store.intents.all() == []


def test_an_edit_is_the_authors(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair.devices
    a.write("n.md", "one\n")
    agree(pair)
    a.write("n.md", "one\ntwo\n")
    a.scan()
    die_before_the_commit(pair, b, monkeypatch)
    assert entry_of(b, "n.md").record == entry_of(a, "n.md").record
    history = b.replica.state.store.history
    assert history.read(entry_of(b, "n.md").record.hash) == b"one\ntwo\n", "the base of the next merge"
    agree(pair)


def test_what_a_person_wrote_over_it_is_an_edit(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair.devices
    a.write("n.md", "one\n")
    agree(pair)
    a.write("n.md", "one\ntwo\n")
    a.scan()
    die_before_the_commit(pair, b, monkeypatch)
    b.reopen()
    b.write("n.md", "one\ntwo\nthree\n")
    agree(pair)
    assert a.read("n.md") == "one\ntwo\nthree\n"


def test_a_move_and_deletions_are_the_authors_too(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a few deletions would have been held as if this disk had lost them."""
    a, b = pair.devices
    a.write("old.md", "some words to be moved\n")
    for number in range(60):
        a.write(f"many/{number}.md", f"{number}\n")
    agree(pair)
    (a.root / "old.md").rename(a.root / "new.md")
    for number in range(60):
        (a.root / f"many/{number}.md").unlink()
    (a.root / "many").rmdir()
    a.scan()
    a.replica.approve_deletions(None, a.now_ms)
    die_before_the_commit(pair, b, monkeypatch)
    assert "new.md" in b.tree()
    agree(pair)
    assert b.replica.state.store.index.counts().held == 0
    assert set(a.tree()) == {"new.md"}
    assert entry_of(b, "new.md").record.modified_by == a.node.raw


def test_what_was_only_intended_is_not_taken_for_done(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair.devices
    a.write("n.md", "one\n")
    agree(pair)
    a.write("n.md", "one\ntwo\n")
    a.write("m.md", "new\n")
    a.scan()
    real = Intents.put

    def put_and_die(intents: Intents, entries: list[Entry]) -> None:
        real(intents, entries)
        raise DeathError

    with monkeypatch.context() as patch:
        patch.setattr(Intents, "put", put_and_die)
        with pytest.raises(DeathError):
            pair.settle()
    b.crash()
    assert b.read("n.md") == "one\n"
    agree(pair)
    assert b.read("n.md") == "one\ntwo\n"
    assert b.read("m.md") == "new\n"
