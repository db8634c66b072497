"""Histories that once went wrong, found by the simulator and made short."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.protocol.framing import StreamKind


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 2)


@pytest.fixture
def trio(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 3)


def agree(cluster: Cluster) -> None:
    """Everybody looks at everything and tells everything."""
    cluster.connect_all()
    for _ in range(3):
        for device in cluster.devices:
            device.scan()
            cluster.settle()
    cluster.assert_equal()


def share(cluster: Cluster, files: dict[str, str]) -> None:
    """All devices have these files, and each knows that the others have them."""
    for path, content in files.items():
        cluster.devices[0].write(path, content)
    agree(cluster)


def leftovers(device: Device) -> list[object]:
    state = device.replica.state
    return [
        len(state.offers),
        len(state.wants),
        state.contents,
        state.staged,
        state.transfers,
        list((device.root / ".vaultsync" / "tmp").glob("*")),
    ]


def test_a_file_that_nobody_has_seen_where_a_folder_should_be(pair: Cluster) -> None:
    """An edit came for a note in a folder that a person had just replaced by a file: it was tried again for ever."""
    a, b = pair.devices
    share(pair, {"f/n.md": "one\n"})
    a.write("f/n.md", "one\ntwo\n")
    shutil.rmtree(b.root / "f")
    b.write("f", "a file\n")
    a.scan()
    pair.settle(200)
    agree(pair)
    assert a.read("f/n.md") == "one\ntwo\n"
    (copy,) = [path for path in a.tree() if path.startswith("f (conflict ")]
    assert a.read(copy) == "a file\n"


def test_contents_that_nobody_needs_any_more_are_let_go(pair: Cluster) -> None:
    """The content of an edit stayed in memory when the next edit arrived before it was used."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    a.write("n.md", "one\ntwo\n")
    a.scan()
    b.write("n.md", "one\nthree, and nobody has looked at it\n")
    assert pair.pull(a, b, StreamKind.CHANGES)
    (channel,) = [c for c in pair.deliverable() if c[2] is StreamKind.CHANGES]
    pair.deliver(channel)
    assert b.replica.state.contents, "kept for when the disk has been looked at"
    a.write("n.md", "one\ntwo\nfour\n")
    a.scan()
    agree(pair)
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_what_a_lost_peer_offered_first_does_not_hold_up_the_next(trio: Cluster) -> None:
    """Two peers offered one path; the first one left, and the offer of the second was never looked at."""
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    a.scan()
    trio.connect(a, b)
    trio.settle()
    for other in (a, b):
        trio.connect(other, c)
        for channel in trio.deliverable():
            trio.deliver(channel)
        assert trio.pull(other, c, StreamKind.CHANGES)
        for channel in trio.deliverable():
            if channel[1] == c.node and channel[2] is StreamKind.CHANGES:
                trio.deliver(channel)
    assert len(c.replica.state.offers.of("n.md")) == 2
    trio.disconnect(a)
    trio.settle()
    assert c.tree() == b.tree()


def test_a_content_that_was_missing_for_a_moment_is_asked_for_again(pair: Cluster) -> None:
    """The peer could not read its file just then; it never said more, and the file never came."""
    a, b = pair.devices
    a.write("n.png", "one\n")
    a.scan()
    pair.connect(a, b)
    for channel in pair.deliverable():
        pair.deliver(channel)
    assert pair.pull(a, b, StreamKind.CHANGES)
    for channel in pair.deliverable():
        pair.deliver(channel)
    (a.root / "n.png").rename(a.root / "away")
    for channel in pair.deliverable():
        pair.deliver(channel)
    assert pair.pull(a, b, StreamKind.CONTENT) == "Contents"
    (a.root / "away").rename(a.root / "n.png")
    pair.settle()
    assert b.tree() == a.tree()
    assert leftovers(b) == [0, 0, {}, {}, {}, []]
