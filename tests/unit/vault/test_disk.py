"""The real file system: what it finds, what it refuses, what it makes durable."""

from __future__ import annotations

import errno
import os
import socket
import unicodedata
from pathlib import Path

import pytest
from blake3 import blake3

from tests.unit.vault.kit import OLD_NS, Kit
from vaultsync.errors import UnstableFileError
from vaultsync.vault import disk, native
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.files import DiskReadFile
from vaultsync.vault.filesystem import DiskKind

NFD = unicodedata.normalize("NFD", "café.md")
NFC = unicodedata.normalize("NFC", NFD)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


def test_scan_tells_every_kind(kit: Kit) -> None:
    kit.write("a.md")
    (kit.root / "run.sh").write_bytes(b"")
    (kit.root / "run.sh").chmod(0o755)
    (kit.root / "folder").mkdir()
    (kit.root / "link").symlink_to("a.md")
    os.mkfifo(kit.root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(kit.root / "socket"))
        found = {e.name: (e.kind, e.executable) for e in kit.fs.scan("")}
    assert found.pop("folder")[0] is DiskKind.DIR
    assert found.pop(".vaultsync")[0] is DiskKind.DIR
    assert found.pop("link")[0] is DiskKind.LINK
    assert found.pop("socket")[0] is DiskKind.OTHER
    assert found == {
        "a.md": (DiskKind.FILE, False),
        "run.sh": (DiskKind.FILE, True),
        "pipe": (DiskKind.OTHER, False),
    }


def test_stat_is_none_only_when_certainly_nothing_is_there(kit: Kit) -> None:
    kit.write("a.md")
    assert kit.fs.stat("no/where") is None
    assert kit.fs.stat("a.md/below") is None
    (kit.root / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="ymbolic") as caught:
        kit.fs.stat("loop/x")
    assert caught.value.errno == errno.ELOOP


def test_a_file_keeps_the_form_of_its_name(kit: Kit) -> None:
    kit.write("é/" + NFD, "old")
    assert [(e.name, e.disk_name) for e in kit.fs.scan("é")] == [(NFC, NFD)]
    with kit.fs.batch():
        assert kit.fs.stat("é/" + NFC) is not None
        assert kit.fs.read("é/" + NFC)[0] == b"old"
        kit.fs.create("é/ü.md", b"", OLD_NS, executable=False)
        kit.fs.remove("é/" + NFC)
    assert os.listdir(kit.root / "é") == ["ü.md"]


def test_parents_with_another_form_are_found(kit: Kit) -> None:
    folder = unicodedata.normalize("NFD", "Bücher")
    kit.write(f"{folder}/{folder}/note.md", "x")
    assert kit.fs.read("Bücher/Bücher/note.md")[0] == b"x"


def test_the_nfc_twin_is_the_one_that_a_path_means(kit: Kit) -> None:
    kit.write(NFD, "decomposed")
    kit.write(NFC, "composed")
    with kit.fs.batch():
        assert kit.fs.stat("née.md") is None
        assert kit.fs.read(NFC)[0] == b"composed"
    assert kit.fs.read(NFC)[0] == b"composed"


def test_links_are_never_followed(kit: Kit, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (kit.root / "way").symlink_to(outside)
    (kit.root / "direct.md").symlink_to(outside / "secret.md")
    for path in ("way/secret.md", "direct.md"):
        with pytest.raises(OSError, match="ymbolic"):
            kit.fs.read(path)
    for action in (
        lambda: kit.fs.create("way/new.md", b"", OLD_NS, executable=False),
        lambda: kit.fs.remove("way/secret.md"),
        lambda: kit.fs.mkdir("way/sub"),
        lambda: kit.fs.scan("way"),
    ):
        with pytest.raises(OSError, match="ymbolic"):
            action()
    assert os.listdir(outside) == ["secret.md"]


def test_a_fifo_is_refused_and_does_not_block(kit: Kit) -> None:
    os.mkfifo(kit.root / "pipe")
    with pytest.raises(OSError, match="regular"):
        kit.fs.read("pipe")


def test_hash_and_read_agree(kit: Kit) -> None:
    content = os.urandom(3 << 20)
    kit.write("big.bin", content)
    digest, signature = kit.fs.hash("big.bin")
    assert digest == blake3(content).digest()
    assert kit.fs.read("big.bin") == (content, signature)
    assert signature == kit.fs.scan("")[[e.name for e in kit.fs.scan("")].index("big.bin")].signature


@pytest.mark.parametrize("flags", [os.O_APPEND, 0, os.O_TRUNC], ids=["appended", "overwritten", "truncated"])
def test_a_file_that_is_written_meanwhile_is_unstable(kit: Kit, monkeypatch: pytest.MonkeyPatch, flags: int) -> None:
    class WrittenMeanwhile(DiskReadFile):
        def read(self, size: int) -> bytes:
            block = super().read(size)
            fd = os.open(f"/proc/self/fd/{self.fd}", os.O_WRONLY | flags)
            os.write(fd, b"SOME")
            os.close(fd)
            return block

    monkeypatch.setattr(disk, "DiskReadFile", WrittenMeanwhile)
    for call in (kit.fs.read, kit.fs.hash):
        kit.write("a.md", "some text")
        with pytest.raises(UnstableFileError):
            call("a.md")


def test_a_file_that_grows_is_not_read_to_its_end(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0

    class Recorded(DiskReadFile):
        def read(self, size: int) -> bytes:
            nonlocal reads
            reads += 1
            with open(f"/proc/self/fd/{self.fd}", "ab") as recording:
                recording.write(b"one more frame")
            return super().read(size)

    kit.write("film.mp4", bytes(20 << 20))
    monkeypatch.setattr(disk, "DiskReadFile", Recorded)
    with pytest.raises(UnstableFileError):
        kit.fs.hash("film.mp4")
    assert reads == 1


def test_create_leaves_nothing_behind_when_it_fails(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="full"):
        kit.fs.create("a.md", b"text", OLD_NS, executable=False)
    assert not (kit.root / "a.md").exists()


def test_create_never_replaces(kit: Kit) -> None:
    kit.write("a.md", "mine")
    with pytest.raises(FileExistsError):
        kit.fs.create("a.md", b"other", OLD_NS, executable=False)
    assert (kit.root / "a.md").read_text() == "mine"


def test_move_does_not_replace_unless_told(kit: Kit) -> None:
    kit.write("a.md", "a")
    kit.write("b.md", "b")
    with pytest.raises(FileExistsError):
        kit.fs.move("a.md", "b.md")
    assert (kit.root / "b.md").read_text() == "b"
    kit.fs.move("a.md", "b.md", replace=True)
    assert (kit.root / "b.md").read_text() == "a"


def test_move_does_not_replace_without_the_native_call(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "_NATIVE", None)
    kit.write("a.md", "a")
    kit.write("b.md", "b")
    with pytest.raises(FileExistsError):
        kit.fs.move("a.md", "b.md")
    kit.fs.move("a.md", "c.md")
    assert sorted(p.name for p in kit.root.iterdir() if p.is_file()) == ["b.md", "c.md"]
    (kit.root / "folder").mkdir()
    kit.fs.move("folder", "renamed")
    (kit.root / "folder").mkdir()
    with pytest.raises(FileExistsError):
        kit.fs.move("folder", "renamed")
    assert not kit.fs.swap("b.md", "c.md")


def test_swap_exchanges(kit: Kit) -> None:
    kit.write("a.md", "a")
    kit.write("b.md", "b")
    assert kit.fs.swap("a.md", "b.md")
    assert (kit.root / "a.md").read_text() == "b"


def test_copy_is_a_file_of_its_own(kit: Kit) -> None:
    kit.write("a.bin", b"x" * (2 << 20))
    assert kit.fs.copy("a.bin", "b.bin") == blake3(b"x" * (2 << 20)).digest()
    kit.write("a.bin", b"y")
    assert (kit.root / "b.bin").read_bytes() == b"x" * (2 << 20)


def test_a_random_file_knows_its_holes(kit: Kit) -> None:
    with kit.fs.open_random("s.bin", create_size=8 << 20) as file:
        file.write_at(4 << 20, b"data" * 4096)
        assert file.read_at(4 << 20, 4) == b"data"
        assert file.read_at((8 << 20) - 2, 10) == b"\0\0"
        assert file.is_hole(0, 1 << 20)
        assert not file.is_hole(4 << 20, 4096)
    assert os.stat(kit.root / "s.bin").st_blocks * 512 < 1 << 20


@pytest.mark.parametrize("count", [0, 1, 3, 20])
def test_sync_reaches_every_file(kit: Kit, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    synced: list[str] = []
    whole: list[int] = []
    monkeypatch.setattr(disk, "_full_sync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))

    def sync_all(fd: int) -> bool:
        whole.append(fd)
        return True

    monkeypatch.setattr(disk, "sync_file_system", sync_all)
    paths = [f"{n}.md" for n in range(count)]
    for path in paths:
        kit.write(path)
    kit.fs.sync_files(paths)
    if count >= 16:
        assert (len(whole), synced) == (1, [])
    else:
        assert sorted(synced) == sorted(str(kit.root / path) for path in paths)


def test_sync_falls_back_to_single_files(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(disk, "_full_sync", synced.append)
    monkeypatch.setattr(disk, "sync_file_system", lambda fd: False)
    for n in range(20):
        kit.write(f"{n}.md")
    kit.fs.sync_files([f"{n}.md" for n in range(20)])
    assert len(synced) == 20


def test_folders_that_are_gone_need_no_sync(kit: Kit) -> None:
    (kit.root / "there").mkdir()
    kit.fs.sync_folders(["there", "gone", ""])


def test_a_batch_of_many_folders_stays_within_the_descriptors(kit: Kit) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with kit.fs.batch():
        for n in range(400):
            kit.fs.mkdir(f"{n}")
            kit.fs.create(f"{n}/a.md", b"", OLD_NS, executable=False)
            assert len(os.listdir("/proc/self/fd")) < before + 160
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_made_anew_in_a_batch_is_the_new_one(kit: Kit) -> None:
    with kit.fs.batch():
        kit.fs.mkdir("f")
        kit.fs.create("f/a.md", b"", OLD_NS, executable=False)
        kit.fs.remove("f/a.md")
        kit.fs.rmdir("f")
        kit.fs.mkdir("f")
        kit.fs.create("f/b.md", b"", OLD_NS, executable=False)
    assert (kit.root / "f" / "b.md").exists()


def test_deep_trees(kit: Kit) -> None:
    path = "/".join(["deep"] * 64)
    for depth in range(1, 64):
        kit.fs.mkdir("/".join(["deep"] * depth))
    kit.fs.create(path, b"x", OLD_NS, executable=False)
    assert kit.fs.read(path)[0] == b"x"


def test_case_is_not_folded_here(kit: Kit) -> None:
    assert not kit.fs.folds_case
    assert not DiskFileSystem(str(kit.root / "nowhere")).folds_case
    (kit.root / ".VAULTSYNC").mkdir()
    assert not DiskFileSystem(str(kit.root)).folds_case, "that is another folder"


def test_a_disk_that_finds_a_folder_under_a_name_that_it_does_not_list_folds_case(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os.path, "lexists", lambda _path: True)
    assert DiskFileSystem(str(kit.root)).folds_case
