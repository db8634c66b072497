"""The list of a large file's chunks is told as the difference to the last one, where both devices have that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.protocol import codec
from vaultsync.protocol.limits import MAX_MANIFEST_PART
from vaultsync.protocol.messages import ManifestPart, Want

SIZE = 24 << 20
LISTED = SIZE // (64 << 10) * 34
"""About how many bytes a whole manifest takes."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[ManifestPart]:
    """The parts of manifests that were sent."""
    parts: list[ManifestPart] = []
    encode = codec.encode

    def listen(message: object) -> bytes:
        if isinstance(message, ManifestPart):
            parts.append(message)
        return encode(message)  # type: ignore[arg-type]

    monkeypatch.setattr("tests.support.cluster.encode", listen)
    return parts


@pytest.fixture
def pair(tmp_path: Path, heard: list[ManifestPart]) -> Cluster:
    """Both have a large file."""
    cluster = Cluster(tmp_path, 2)
    cluster.devices[0].write("large.bin", Random(1).randbytes(SIZE))
    cluster.devices[0].scan()
    cluster.connect_all()
    cluster.settle()
    cluster.assert_equal()
    assert sum(len(part.chunks) for part in heard) > SIZE // (128 << 10)
    heard.clear()
    return cluster


def edit(cluster: Cluster, device: Device, change: Callable[[bytes], bytes]) -> None:
    path = device.root / "large.bin"
    path.write_bytes(change(path.read_bytes()))
    cluster.now_ms += 10_000
    device.look(["large.bin"])
    cluster.settle()
    cluster.assert_equal()


def overwritten(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + b"overwritten" + content[half + 11 :]


@pytest.mark.parametrize(
    "change",
    [
        overwritten,
        lambda content: b"inserted" + content,
        lambda content: content + b"appended" * 100,
        lambda content: content[: len(content) // 3] + content[len(content) // 2 :],
        lambda content: content[len(content) // 2 :] + content[: len(content) // 2],
    ],
    ids=["overwritten", "inserted", "appended", "cut out", "turned round"],
)
def test_an_edit_is_told_in_a_few_words(
    pair: Cluster, heard: list[ManifestPart], change: Callable[[bytes], bytes]
) -> None:
    for device in (*pair.devices, pair.devices[0]):
        sent = pair.sent_bytes
        edit(pair, device, change)
        assert sum(len(part.chunks) for part in heard) <= 12
        assert pair.sent_bytes - sent < LISTED // 12 + 6 * (256 << 10)
        heard.clear()


def test_a_difference_that_takes_more_than_one_part(
    pair: Cluster, heard: list[ManifestPart], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaultsync.daemon.replica.serve.MAX_MANIFEST_PART", 2)
    edit(pair, pair.devices[0], overwritten)
    assert len(heard) > 1
    assert all(len(part.chunks) <= 2 < MAX_MANIFEST_PART for part in heard)


@pytest.mark.parametrize("forgets", [0, 1], ids=["the sender", "the receiver"])
def test_a_device_that_was_restarted_tells_or_is_told_everything(
    pair: Cluster, heard: list[ManifestPart], forgets: int
) -> None:
    pair.devices[forgets].reopen()
    pair.connect_all()
    pair.settle()
    edit(pair, pair.devices[0], overwritten)
    assert sum(len(part.chunks) for part in heard) > SIZE // (128 << 10)
    assert not any(isinstance(what, int) for part in heard for what, _ in part.chunks)


def test_a_device_that_knows_of_no_bases_tells_everything(
    pair: Cluster, heard: list[ManifestPart], monkeypatch: pytest.MonkeyPatch
) -> None:
    decode = codec.decode

    def deaf(body: bytes, kind: object) -> object:
        message = decode(body, kind)  # type: ignore[arg-type]
        if isinstance(message, Want):
            return Want(message.vault, message.contents, message.manifests, message.chunks)
        return message

    monkeypatch.setattr("tests.support.cluster.decode", deaf)
    edit(pair, pair.devices[0], overwritten)
    assert not any(isinstance(what, int) for part in heard for what, _ in part.chunks)
