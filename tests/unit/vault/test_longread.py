"""Large files read in slices: the same as in one go, whatever the slices, and nothing if it changes meanwhile."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fastcdc import fastcdc

from tests.unit.vault.kit import Kit
from vaultsync.errors import UnstableFileError
from vaultsync.model.manifests import ChunkList, Manifest
from vaultsync.model.records import EMPTY_HASH
from vaultsync.vault import longread
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.longread import LongRead

CONTENT = random.Random(7).randbytes(5 << 20)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


def read(kit: Kit, most: int) -> tuple[Manifest, int]:
    """What there is to read in `big.bin`, and how many slices that took."""
    reading, slices = LongRead("big.bin"), 1
    while (found := reading.go_on(kit.fs, most)) is None:
        slices += 1
    manifest, signature = found
    stat = kit.fs.stat("big.bin")
    assert stat is not None
    assert stat.signature == signature
    return manifest, slices


@pytest.mark.parametrize("window", [2 << 20, 700_001])
def test_the_chunks_depend_neither_on_the_slices_nor_on_the_window(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    kit.write("big.bin", CONTENT)
    whole, slices = read(kit, len(CONTENT))
    assert (whole.hash, whole.size, slices) == (hash_bytes(CONTENT), len(CONTENT), 1)
    monkeypatch.setattr(longread, "_WINDOW", window)
    assert read(kit, 1 << 20) == (whole, 5)
    assert read(kit, 654_321) == (whole, 9)


@pytest.mark.parametrize(
    "edited",
    [
        b"inserted" + CONTENT,
        CONTENT[: 2 << 20] + b"another" + CONTENT[(2 << 20) + 7 :],
        CONTENT[: 1 << 20] + CONTENT[3 << 20 :],
        CONTENT[3 << 20 :] + CONTENT[: 3 << 20],
        CONTENT[: (3 << 20) + 1],
        CONTENT + b"more",
        CONTENT * 2,
        CONTENT[::-1],
        bytes(2 << 20) + CONTENT + bytes(2 << 20),
    ],
    ids=["inserted", "overwritten", "removed", "moved", "cut off", "longer", "doubled", "another", "zeros"],
)
def test_what_is_remembered_of_an_earlier_version_changes_nothing(kit: Kit, edited: bytes) -> None:
    kit.write("big.bin", CONTENT)
    before, _ = read(kit, len(CONTENT))
    kit.write("big.bin", edited)
    plain, _ = read(kit, len(edited))
    reading = LongRead("big.bin", before.chunks)
    while (found := reading.go_on(kit.fs, 1 << 20)) is None:
        continue
    assert found[0] == plain


def test_where_to_cut_is_looked_for_only_where_something_has_changed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("big.bin", CONTENT)
    before, _ = read(kit, len(CONTENT))
    edited = CONTENT[: 2 << 20] + b"another" + CONTENT[(2 << 20) + 7 :]
    kit.write("big.bin", edited)
    looked = []

    def look(*args: object) -> object:
        looked.append(1)
        return fastcdc(*args)

    monkeypatch.setattr(longread, "fastcdc", look)
    found = LongRead("big.bin", before.chunks).go_on(kit.fs, len(edited))
    assert found is not None
    assert found[0].hash == hash_bytes(edited)
    assert 0 < len(looked) <= 4


def test_an_empty_file_has_no_chunks(kit: Kit) -> None:
    kit.write("big.bin", b"")
    assert read(kit, 1) == (Manifest(EMPTY_HASH, 0, ChunkList()), 1)


@pytest.mark.parametrize("change", ["longer", "shorter", "written"])
def test_a_file_that_changes_between_two_slices_is_not_believed(kit: Kit, change: str) -> None:
    kit.write("big.bin", CONTENT)
    reading = LongRead("big.bin")
    assert reading.go_on(kit.fs, 1 << 20) is None
    with open(kit.root / "big.bin", "r+b") as file:
        if change == "shorter":
            file.truncate(2 << 20)
        else:
            file.seek(0, 2 if change == "longer" else 0)
            file.write(b"other")
    with pytest.raises(UnstableFileError):
        reading.go_on(kit.fs, 1 << 20)
