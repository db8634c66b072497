"""An ignore file that was changed while the device was stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    a, _ = cluster.devices
    a.write("h/note.md", "one\ntwo\nthree\n")
    a.scan()
    cluster.settle()
    return cluster


def test_what_is_left_out_and_removed_meanwhile_is_deleted_nowhere(pair: Cluster) -> None:
    a, b = pair.devices
    b.write(".vaultsyncignore", "h/\n")
    b.reopen()
    b.scan()
    (b.root / "h/note.md").unlink()
    b.write(".vaultsyncignore", "\n")
    b.scan()
    pair.connect_all()
    for device in pair.devices:
        device.scan()
        pair.settle()
    pair.assert_equal()
    assert a.read("h/note.md") == "one\ntwo\nthree\n"


def test_edits_of_what_is_left_out_are_not_merged_where_nobody_would_have_the_outcome(pair: Cluster) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    b.write("h/note.md", "one\ntwo\nthree, and more\n")
    b.scan()
    b.write(".vaultsyncignore", "h/\n")
    b.reopen()
    a.write("h/note.md", "one, and more\ntwo\nthree\n")
    a.scan()
    everything = a.replica.state.selection
    a.replica.select(everything.with_categories(DEFAULT_CATEGORIES - {Category.NOTES}), a.now_ms)
    pair.connect_all()
    pair.settle()
    b.write(".vaultsyncignore", "\n")
    b.scan()
    pair.carry_out(a, a.replica.select(everything, a.now_ms))
    for device in (b, a, b):
        device.scan()
        pair.settle()
    pair.assert_equal()
    assert a.read("h/note.md") == "one, and more\ntwo\nthree, and more\n"
