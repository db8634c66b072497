"""What a large file that arrives takes from one that is here."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.unit.vault.kit import OLD_NS, Kit
from vaultsync.errors import UnstableFileError
from vaultsync.model.manifests import Manifest
from vaultsync.vault.chunks import PartialFile
from vaultsync.vault.filling import Filling
from vaultsync.vault.hashing import hash_bytes

MIB = 1 << 20
OLD = random.Random(7).randbytes(20 * MIB)
NEW = OLD[: 5 * MIB] + b"inserted" + OLD[5 * MIB :]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


def _fill(kit: Kit, partial: PartialFile, path: str, manifest: Manifest) -> None:
    filling = Filling(path, manifest)
    while not filling.go_on(kit.fs, partial, MIB):
        continue


def _give(partial: PartialFile, content: bytes) -> int:
    """What a peer sends; how many pieces."""
    pieces = list(partial.missing())
    for chunk in pieces:
        partial.write(chunk, content[chunk.offset : chunk.offset + chunk.size])
    return len(pieces)


def _staged(kit: Kit, partial: PartialFile) -> bytes:
    staged = kit.applier.stage_partial(partial, OLD_NS, False)
    assert staged is not None
    return (kit.root / staged.path).read_bytes()


@pytest.mark.parametrize("early", [False, True], ids=["the peer is late", "the peer is early"])
def test_only_what_differs_has_to_come(kit: Kit, early: bool) -> None:
    old, new = kit.cut("old.bin", OLD), kit.cut("new.bin", NEW)
    with PartialFile(kit.fs, new) as partial:
        filling = Filling("old.bin", old)
        lacking = [chunk for chunk in partial.missing() if not filling.promises(chunk.hash)]
        assert 0 < len(lacking) <= 3
        if early:
            for chunk in lacking:
                partial.write(chunk, NEW[chunk.offset : chunk.offset + chunk.size])
        _fill(kit, partial, "old.bin", old)
        assert list(partial.missing()) == ([] if early else lacking)
        if early:
            assert partial.unhashed_bytes == 0, "what came before its turn is hashed when it is"
        else:
            _give(partial, NEW)
        assert _staged(kit, partial) == NEW


def test_a_slice_is_no_more_than_was_asked_for(kit: Kit) -> None:
    old, new = kit.cut("old.bin", OLD), kit.cut("new.bin", NEW)
    with PartialFile(kit.fs, new) as partial:
        filling = Filling("old.bin", old)
        slices, before = 0, partial.unwritten_bytes
        while not filling.go_on(kit.fs, partial, 4 * MIB):
            assert before - partial.unwritten_bytes <= 6 * MIB
            slices, before = slices + 1, partial.unwritten_bytes
        assert slices >= 3


def test_what_is_not_what_its_manifest_says_has_to_come_after_all(kit: Kit) -> None:
    """It is seen at the end, and only what is wrong is fetched."""
    old, new = kit.cut("old.bin", OLD), kit.cut("new.bin", NEW)
    with open(kit.root / "old.bin", "r+b") as file:
        file.seek(12 * MIB)
        file.write(b"another")
    with PartialFile(kit.fs, new) as partial:
        _fill(kit, partial, "old.bin", old)
        _give(partial, NEW)
        assert partial.is_whole
        assert kit.applier.stage_partial(partial, OLD_NS, False) is None
        assert partial.unwritten_bytes > 0
        assert _give(partial, NEW) == 1
        assert _staged(kit, partial) == NEW


def test_a_lie_about_the_whole_is_found_out(kit: Kit) -> None:
    old = kit.cut("old.bin", OLD)
    partial = PartialFile(kit.fs, Manifest(hash_bytes(b"another"), old.size, old.chunks))
    _fill(kit, partial, "old.bin", old)
    with pytest.raises(UnstableFileError):
        kit.applier.stage_partial(partial, OLD_NS, False)
    assert kit.temporary() == []


def test_whoever_writes_to_the_source_ends_it(kit: Kit) -> None:
    old, new = kit.cut("old.bin", OLD), kit.cut("new.bin", NEW)
    with PartialFile(kit.fs, new) as partial:
        filling = Filling("old.bin", old)
        assert not filling.go_on(kit.fs, partial, MIB)
        left = partial.unwritten_bytes
        kit.write("old.bin", os.urandom(MIB))
        assert filling.go_on(kit.fs, partial, MIB)
        assert partial.unwritten_bytes == left
        _give(partial, NEW)
        assert _staged(kit, partial) == NEW


def test_a_source_that_has_become_shorter_gives_what_it_has(kit: Kit) -> None:
    old = kit.cut("old.bin", OLD)
    os.truncate(kit.root / "old.bin", 3 * MIB)
    with PartialFile(kit.fs, old) as partial:
        _fill(kit, partial, "old.bin", old)
        assert 0 < partial.unwritten_bytes < old.size
        _give(partial, OLD)
        assert _staged(kit, partial) == OLD


def test_what_stands_in_a_file_several_times_is_taken_once(kit: Kit) -> None:
    block = random.Random(3).randbytes(MIB)
    content = block * 3 + bytes(2 * MIB) + block
    manifest = kit.cut("old.bin", content)
    with PartialFile(kit.fs, manifest) as partial:
        _fill(kit, partial, "old.bin", manifest)
        assert _staged(kit, partial) == content
