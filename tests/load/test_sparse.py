"""A large file of which most is holes: only what is not zero crosses the network, and the holes stay."""

from __future__ import annotations

import filecmp
from pathlib import Path

import pytest

from tests.load.sparse import allocated_mb, make_image, sparse
from tests.support.cluster import Cluster
from vaultsync.model.manifests import MAX_CHUNK

SIZE = 200 << 20
REAL = 8 << 20


def test_a_file_with_holes_is_killed_in_the_middle_and_arrives_with_holes(tmp_path: Path) -> None:
    pair = Cluster(tmp_path, 2)
    a, b = pair.devices
    make_image(a.root / "disk.img", SIZE, REAL)
    a.scan()
    pair.connect_all()
    while pair.sent_bytes < REAL // 3:
        assert pair._step()
    b.crash()
    pair.connect_all()
    pair.settle()
    assert filecmp.cmp(a.root / "disk.img", b.root / "disk.img", shallow=False)
    assert pair.sent_bytes < REAL + 40 * MAX_CHUNK, "zeros come once, and what was there before the crash is used"
    assert allocated_mb(b.root / "disk.img") < (REAL + 4 * MAX_CHUNK) / 1e6


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_ten_gigabytes(tmp_path: Path) -> None:
    sparse(tmp_path, 10 << 30, 640 << 20, lambda what, numbers: print(what, numbers))
