"""A disk that does not read what is to be replaced."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.simulation.disk import SimulatedDisk
from tests.support.cluster import Cluster


@pytest.mark.parametrize("size", [100, (1 << 20) + 10])
def test_a_file_that_cannot_be_read_is_not_replaced_until_it_can(tmp_path: Path, size: int) -> None:
    cluster = Cluster(tmp_path, 2, file_system=SimulatedDisk)
    a, b = cluster.devices
    cluster.connect_all()
    a.write("picture.png", random.Random(1).randbytes(size))
    a.scan()
    cluster.settle()
    disk = b.replica.state.fs
    assert isinstance(disk, SimulatedDisk)
    disk.bad.add("picture.png")
    (a.root / "picture.png").unlink()
    a.scan()
    cluster.settle()
    assert "picture.png" in b.tree()
    assert "cannot be read" in b.replica.state.troubles["picture.png"]
    disk.bad.clear()
    cluster.tick(61_000)
    b.scan()
    cluster.settle()
    b.look_at_dirty()
    cluster.settle()
    cluster.assert_equal()
    assert b.tree() == {}
    assert b.replica.state.troubles == {}
