"""Large files in pieces."""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

import pytest

from tests.unit.vault.kit import OLD_NS, Kit
from vaultsync.errors import DiskFullError, UnstableFileError
from vaultsync.model.manifests import AVERAGE_CHUNK, MAX_CHUNK, MIN_CHUNK, Chunk, ChunkList, Manifest
from vaultsync.vault.actions import Result, WriteFile
from vaultsync.vault.chunks import PartialFile, part_path
from vaultsync.vault.files import DiskRandomFile
from vaultsync.vault.hashing import hash_bytes

CONTENT = random.Random(7).randbytes(20 << 20)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


def _data(content: bytes, chunk: Chunk) -> bytes:
    return content[chunk.offset : chunk.offset + chunk.size]


def test_chunks_cover_the_file_within_their_bounds(kit: Kit) -> None:
    manifest = kit.cut("big.bin", CONTENT)
    assert (manifest.hash, manifest.size) == (hash_bytes(CONTENT), len(CONTENT))
    offset = 0
    for chunk in manifest.chunks:
        assert chunk.offset == offset
        assert chunk.hash == hash_bytes(_data(CONTENT, chunk))
        assert chunk.size <= MAX_CHUNK
        offset += chunk.size
    assert offset == len(CONTENT)
    assert all(chunk.size >= MIN_CHUNK for chunk in list(manifest.chunks)[:-1])
    assert AVERAGE_CHUNK / 2 < len(CONTENT) / len(manifest.chunks) < AVERAGE_CHUNK * 2


def test_an_insertion_changes_few_chunks(kit: Kit) -> None:
    old = kit.cut("old.bin", CONTENT)
    new = kit.cut("new.bin", CONTENT[: 5 << 20] + b"inserted" + CONTENT[5 << 20 :])
    assert len({c.hash for c in new.chunks} - {c.hash for c in old.chunks}) <= 3


def test_a_file_is_put_together_in_any_order_and_across_restarts(kit: Kit) -> None:
    manifest = kit.cut("source.bin", CONTENT)
    order = list(manifest.chunks)
    random.Random(1).shuffle(order)
    half = len(order) // 2
    with PartialFile(kit.fs, manifest) as partial:
        assert list(partial.missing()) == list(manifest.chunks)
        for chunk in order[:half]:
            partial.write(chunk, _data(CONTENT, chunk))
    with PartialFile(kit.fs, manifest) as partial:
        assert set(partial.missing()) == set(order[half:])
        assert partial.unwritten_bytes == sum(c.size for c in order[half:])
        for chunk in order[half:]:
            partial.write(chunk, _data(CONTENT, chunk))
        assert partial.is_whole
        assert list(partial.missing()) == []
        staged = kit.applier.stage_partial(partial, OLD_NS, False)
        assert staged is not None
    action = WriteFile("there.bin", manifest.hash, manifest.size, OLD_NS, False, None, staged)
    (outcome,) = kit.applier.apply([action])
    assert outcome.result is Result.DONE
    assert (kit.root / "there.bin").read_bytes() == CONTENT
    assert kit.temporary() == []


def test_what_was_torn_on_disk_is_missing_again(kit: Kit) -> None:
    manifest = kit.cut("source.bin", CONTENT)
    torn = manifest.chunks[3]
    with PartialFile(kit.fs, manifest) as partial:
        for chunk in list(manifest.chunks)[:6]:
            partial.write(chunk, _data(CONTENT, chunk))
    with open(kit.root / part_path(manifest.hash), "r+b") as file:
        file.seek(torn.offset + 10)
        file.write(b"\0" * 100)
    with PartialFile(kit.fs, manifest) as partial:
        assert set(partial.missing()) == {torn, *list(manifest.chunks)[6:]}


def test_a_partial_file_of_another_size_begins_anew(kit: Kit) -> None:
    manifest = kit.cut("source.bin", CONTENT)
    kit.write(part_path(manifest.hash), b"short")
    with PartialFile(kit.fs, manifest) as partial:
        assert len(list(partial.missing())) == len(manifest.chunks)


def test_a_chunk_with_other_bytes_is_refused(kit: Kit) -> None:
    manifest = kit.cut("source.bin", CONTENT)
    with PartialFile(kit.fs, manifest) as partial:
        with pytest.raises(ValueError, match="another hash"):
            partial.write(manifest.chunks[0], _data(CONTENT, manifest.chunks[1]))
        assert len(list(partial.missing())) == len(manifest.chunks)


def test_a_chunk_that_occurs_twice_is_wanted_once(kit: Kit) -> None:
    content = b"x" * (4 << 20)
    manifest = kit.cut("same.bin", content)
    with PartialFile(kit.fs, manifest) as partial:
        wanted = list(partial.missing())
        assert len(wanted) < len(manifest.chunks)
        for chunk in wanted:
            partial.write(chunk, _data(content, chunk))
        kit.applier.stage_partial(partial, OLD_NS, False)


def test_a_manifest_that_lies_about_the_whole_is_found_out(kit: Kit) -> None:
    honest = kit.cut("source.bin", CONTENT)
    lying = Manifest(hash_bytes(b"something else"), honest.size, honest.chunks)
    partial = PartialFile(kit.fs, lying)
    for chunk in lying.chunks:
        partial.write(chunk, _data(CONTENT, chunk))
    with pytest.raises(UnstableFileError):
        kit.applier.stage_partial(partial, OLD_NS, False)
    assert kit.temporary() == []


def test_an_empty_partial_file_takes_no_room(kit: Kit) -> None:
    size = 10 << 30
    manifest = Manifest(b"h" * 32, size, ChunkList([(b"c" * 32, size)]))
    with PartialFile(kit.fs, manifest) as partial:
        assert (kit.root / partial.path).stat().st_blocks == 0
    with PartialFile(kit.fs, manifest) as partial:
        assert list(partial.missing()) == list(manifest.chunks)
        partial.discard()
    assert kit.temporary() == []


def test_zeros_arrive_as_holes(kit: Kit) -> None:
    content = random.Random(2).randbytes(100_001) + bytes(20 << 20) + b"end"
    manifest = kit.cut("image.bin", content)
    with PartialFile(kit.fs, manifest) as partial:
        for chunk in partial.missing():
            partial.write(chunk, _data(content, chunk))
        staged = kit.applier.stage_partial(partial, OLD_NS, False)
        assert staged is not None
    there = kit.root / staged.path
    assert there.read_bytes() == content
    assert there.stat().st_blocks * 512 <= 2 * MAX_CHUNK


def test_zeros_are_written_over_what_was_torn(kit: Kit) -> None:
    content = os.urandom(1 << 20) + bytes(4 << 20)
    manifest = kit.cut("image.bin", content)
    with PartialFile(kit.fs, manifest) as partial:
        pass
    with open(kit.root / part_path(manifest.hash), "r+b") as file:
        file.seek(3 << 20)
        file.write(b"not zero")
    with PartialFile(kit.fs, manifest) as partial:
        for chunk in partial.missing():
            partial.write(chunk, _data(content, chunk))
        staged = kit.applier.stage_partial(partial, OLD_NS, False)
        assert staged is not None
    assert (kit.root / staged.path).read_bytes() == content


def test_what_comes_twice_is_put_once(kit: Kit) -> None:
    manifest = kit.cut("source.bin", CONTENT)
    with PartialFile(kit.fs, manifest) as partial:
        first = next(partial.missing())
        partial.write(first, _data(CONTENT, first))
        left = partial.unwritten_bytes
        partial.write(first, _data(CONTENT, first))
        assert partial.unwritten_bytes == left == len(CONTENT) - first.size


@pytest.mark.parametrize("call", ["open_random", "write_at"])
def test_a_full_disk_is_told_as_such(kit: Kit, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    manifest = kit.cut("big.bin", CONTENT[: 1 << 20])
    if call == "open_random":
        monkeypatch.setattr(kit.fs, call, full)
        with pytest.raises(DiskFullError):
            PartialFile(kit.fs, manifest)
        return
    with PartialFile(kit.fs, manifest) as partial:
        monkeypatch.setattr(DiskRandomFile, call, full)
        chunk = manifest.chunks[0]
        with pytest.raises(DiskFullError):
            partial.write(chunk, _data(CONTENT, chunk))
