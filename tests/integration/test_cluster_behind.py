"""Programs that read a note, and write it back after another device's edit has come in between."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.behind import BEHIND_MS
from vaultsync.errors import ContentError
from vaultsync.model.records import Signature
from vaultsync.vault import disk, files

BEFORE = "one\n"
SLACK_MS = 50
"""More than the devices take to settle."""


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    """Two devices with `n.md`; an edit of the first has just come to the second."""
    pair = Cluster(tmp_path, 2)
    a, b = pair.devices
    a.write("n.md", BEFORE)
    a.scan()
    pair.connect_all()
    pair.settle()
    comes(pair, "one\ncame\n")
    assert b.read("n.md") == "one\ncame\n"
    return pair


@pytest.fixture
def change_time(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The times (ns) of last changes that the disk tells, which nobody can set: the last of these, or the file's."""
    times: list[int] = []
    signature_of = files.signature_of

    def signature(status: os.stat_result) -> Signature:
        return replace(signature_of(status), ctime_ns=times[-1] if times else status.st_mtime_ns)

    for module in (files, disk):
        monkeypatch.setattr(module, "signature_of", signature)
    return times


def comes(pair: Cluster, content: str) -> None:
    """The first device writes `content`; it arrives."""
    pair.now_ms += 10
    writes(pair.devices[0], content)
    pair.settle()


def writes(device: Device, content: str, after_ms: int = 0) -> None:
    """A program writes so long after now."""
    device.write("n.md", content)
    mtime_ns = (device.now_ms + after_ms) * 1_000_000
    os.utime(device.root / "n.md", ns=(mtime_ns, mtime_ns))
    device.look({"n.md"})


def outcome(pair: Cluster) -> str:
    pair.settle()
    pair.assert_equal()
    assert list(pair.devices[0].tree()) == ["n.md"]
    return pair.devices[0].read("n.md")


def test_what_came_in_between_is_merged_with_what_is_written(pair: Cluster) -> None:
    writes(pair.devices[1], "mine\none\n")
    assert pair.devices[1].read("n.md") == "mine\none\ncame\n", "at once, whoever is connected"
    assert outcome(pair) == "mine\none\ncame\n"


def test_however_many_edits_came_in_between(pair: Cluster) -> None:
    comes(pair, "one\ncame\nmore\n")
    writes(pair.devices[1], "mine\none\n")
    assert outcome(pair) == "mine\none\ncame\nmore\n"


def test_only_what_came_after_the_program_had_read_is_brought_back(pair: Cluster) -> None:
    comes(pair, "one\ncame\nmore\n")
    writes(pair.devices[1], "mine\none\ncame\n")
    assert outcome(pair) == "mine\none\ncame\nmore\n"


def test_a_merge_that_was_made_here_is_what_came(pair: Cluster) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    pair.now_ms += 1_000
    writes(a, "one\ncame\nfrom a\n")
    writes(b, "from b\none\ncame\n")
    pair.connect_all()
    pair.settle()
    assert b.read("n.md") == "from b\none\ncame\nfrom a\n"
    writes(b, "from b\nmine\none\ncame\n")
    assert outcome(pair) == "from b\nmine\none\ncame\nfrom a\n"


def test_who_takes_back_what_came_has_seen_it(pair: Cluster) -> None:
    writes(pair.devices[1], BEFORE)
    assert outcome(pair) == BEFORE


def test_who_writes_later_has_seen_it(change_time: list[int], pair: Cluster) -> None:
    writes(pair.devices[1], "mine\none\n", BEHIND_MS + SLACK_MS)
    assert outcome(pair) == "mine\none\n"


def test_who_gives_it_the_time_of_another_file_writes_it_now_all_the_same(
    change_time: list[int], pair: Cluster
) -> None:
    """As `cp -p`, `rsync -t` and archives do."""
    change_time.append((pair.now_ms + 100) * 1_000_000)
    writes(pair.devices[1], "mine\none\n", -3_600_000)
    assert outcome(pair) == "mine\none\ncame\n"


def test_a_change_time_that_does_not_change_says_nothing(change_time: list[int], pair: Cluster) -> None:
    """As on Windows, where it is the time of creation."""
    entry = pair.devices[1].replica.state.store.index.get("n.md")
    assert entry is not None
    assert entry.signature is not None
    change_time.append(entry.signature.ctime_ns)
    writes(pair.devices[1], "mine\none\n", BEHIND_MS + SLACK_MS)
    assert outcome(pair) == "mine\none\n"


def test_an_edit_of_this_device_is_no_edit_that_came(pair: Cluster) -> None:
    _, b = pair.devices
    pair.now_ms += 1_000
    writes(b, "one\ncame\nmine\n")
    writes(b, "one\ncame\nother\n")
    assert outcome(pair) == "one\ncame\nother\n"


def test_a_damaged_content_is_nothing_to_go_by(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(_hash: bytes) -> bytes:
        raise ContentError("It is damaged.")

    with monkeypatch.context() as patch:
        patch.setattr(pair.devices[1].replica.state.store.history, "read", damaged)
        writes(pair.devices[1], "mine\none\n")
    assert outcome(pair) == "mine\none\n"


def test_what_came_late_because_the_machine_was_busy_has_just_come_all_the_same(pair: Cluster) -> None:
    """The time of an arrival is noted when its step begins; the file system knows when it was put in place."""
    b = pair.devices[1]
    entry = b.replica.state.store.index.get("n.md")
    assert entry is not None
    assert entry.signature is not None
    b.write("n.md", "mine\none\n")
    os.utime(b.root / "n.md", ns=(0, entry.signature.ctime_ns + 1_000_000))
    b.look({"n.md"})
    assert outcome(pair) == "mine\none\ncame\n"
