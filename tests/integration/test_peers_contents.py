"""Contents come from whoever has them, and a peer that vanishes halfway costs nothing but time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.cluster import Cluster


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_peer_that_vanishes_halfway_is_made_up_for_by_another(tmp_path: Path, steps: int) -> None:
    cluster = Cluster(tmp_path, 3)
    first, second, third = cluster.devices
    first.write("large.bin", random.Random(7).randbytes(3_000_000))
    for number in range(40):
        first.write(f"note {number}.md", f"note {number}\n" * 200)
    first.scan()
    cluster.connect(first, second)
    cluster.settle()
    cluster.connect(first, third)
    cluster.connect(second, third)
    for _ in range(steps):
        cluster._step()
    assert third.tree() != first.tree(), "it must be in the middle of it"
    cluster.disconnect(first)
    cluster.settle()
    assert third.tree() == second.tree() == first.tree()
    assert third.digest == second.digest
