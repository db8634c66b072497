"""Two and three devices, message by message."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from vaultsync.daemon.events import ProvenInSync


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 2)


def test_first_sync_brings_every_kind_of_file(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("note.md", "hello\n")
    a.write("empty.md", "")
    a.write("deep/er/still/ünïcødé 🎉.md", "x" * 5000)
    (a.root / "nothing in here").mkdir()
    a.write("big.bin", os.urandom(3 << 20))
    a.scan()
    b.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert b.tree() == a.tree() != {}
    assert any(isinstance(event, ProvenInSync) for event in b.events)


def test_edits_cross_both_ways(pair: Cluster) -> None:
    a, b = pair.devices
    pair.connect_all()
    a.write("a.md", "one\n")
    a.scan()
    pair.settle()
    b.write("a.md", "one\ntwo\n")
    b.write("b.md", "three\n")
    b.scan()
    pair.settle()
    pair.assert_equal()
    assert a.read("a.md") == "one\ntwo\n"
    (a.root / "b.md").unlink()
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert "b.md" not in b.tree()
    assert b.replica.state.store.history.versions("b.md")


def test_what_a_person_wrote_in_the_moment_of_a_replacement_survives_a_power_cut(pair: Cluster) -> None:
    """The swap has put the file among the temporary ones, and the power goes before anybody looks at it."""
    a, _ = pair.devices
    a.write("note.md", "one\n")
    a.write("other.md", "two\n")
    a.scan()
    temporary = a.root / ".vaultsync" / "tmp"
    temporary.mkdir(exist_ok=True)
    for name in ("note.md", "other.md"):
        (a.root / name).rename(temporary / f"broken-{name}")
    (temporary / "broken-note.md").write_text("one, and a word more\n")
    a.write("note.md", "from the peer\n")
    a.write("other.md", "from the peer\n")
    a.reopen()
    assert a.read("note (rescued 1).md") == "one, and a word more\n"
    assert a.read("note.md") == "from the peer\n"
    assert "other (rescued 1).md" not in a.tree(), "its content is in history"
    assert not list(temporary.iterdir())
