"""What the scanner sees, and what it must not believe."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from tests.unit.vault.kit import OLD_NS, FakeIndex, Kit, merged, seen
from vaultsync.errors import VaultOfflineError
from vaultsync.model.records import Entry, State
from vaultsync.vault.filesystem import DirEntry
from vaultsync.vault.scanner import OPEN_WAIT_MS
from vaultsync.vault.selection import Selection
from vaultsync.vault.survey import LOOK_AGAIN_MS

NFD = unicodedata.normalize("NFD", "café.md")
NFC = unicodedata.normalize("NFC", NFD)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


def _refuse_to_read(*_: object) -> None:
    raise AssertionError("nothing was to be read")


def test_first_sweep_sees_everything_once(kit: Kit) -> None:
    kit.write("a.md", "text")
    kit.write("empty", "")
    kit.write("sub/b.md")
    (kit.root / "none").mkdir()
    sightings = kit.sweep()
    assert merged(sightings) == {"a.md": "file", "empty": "file", "sub": "dir", "sub/b.md": "file", "none": "dir"}
    (observation,) = [o for s in sightings for o in s.observations if o.path == "a.md"]
    assert observation.hash == blake3(b"text").digest()
    assert (observation.size, observation.mtime_ns, observation.content) == (4, OLD_NS, b"text")
    assert merged(kit.sweep()) == {}


def test_an_unchanged_vault_is_not_read(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("a.md")
    kit.write("sub/b.md")
    kit.sweep()
    monkeypatch.setattr(kit.fs, "read", _refuse_to_read)
    monkeypatch.setattr(kit.fs, "hash", _refuse_to_read)
    assert merged(kit.sweep()) == {}
    assert seen(kit.look("a.md", "sub", "sub/b.md")) == {}


def test_large_files_come_without_content(kit: Kit) -> None:
    kit.write("big.bin", b"x" * ((1 << 20) + 1))
    (observation,) = kit.look("big.bin").observations
    assert observation.content is None
    assert observation.hash == blake3(b"x" * ((1 << 20) + 1)).digest()


def test_edit_deletion_and_touch(kit: Kit) -> None:
    kit.write("a.md", "one")
    kit.write("b.md", "two")
    kit.write("c.md", "three")
    kit.sweep()
    kit.write("a.md", "1!!")
    (kit.root / "b.md").unlink()
    os.utime(kit.root / "c.md", ns=(OLD_NS + 1, OLD_NS + 1))
    sighting = kit.look("a.md", "b.md", "c.md")
    assert seen(sighting) == {"a.md": "file", "b.md": "gone"}
    assert [path for path, _ in sighting.touched] == ["c.md"]
    assert kit.sweep()[0].touched == []


def test_the_executable_bit_is_an_edit(kit: Kit) -> None:
    kit.write("run.sh", "#!").chmod(0o644)
    kit.sweep()
    (kit.root / "run.sh").chmod(0o755)
    (observation,) = kit.look("run.sh").observations
    assert observation.executable


def test_a_same_size_edit_within_one_tick_is_noticed(kit: Kit) -> None:
    # The disk counts mtimes in steps of 2 s and has no ctime of its own, as on FAT.
    tick_ns = kit.now_ms // 2_000 * 2_000 * 1_000_000
    kit.write("a.md", "aaaa", mtime_ns=tick_ns)
    kit.sweep()
    kit.write("a.md", "bbbb", mtime_ns=tick_ns)
    there = kit.fs.stat("a.md")
    assert there is not None
    kit.index.entries["a.md"] = replace(kit.index.entries["a.md"], signature=there.signature)
    assert seen(kit.look("a.md")) == {"a.md": "file"}


def test_a_same_size_edit_in_the_tick_of_the_last_look_is_noticed_much_later(kit: Kit) -> None:
    tick_ns = kit.now_ms // 2_000 * 2_000 * 1_000_000
    kit.write("a.md", "aaaa", mtime_ns=tick_ns)
    kit.sweep()
    kit.write("a.md", "bbbb", mtime_ns=tick_ns)
    there = kit.fs.stat("a.md")
    assert there is not None
    kit.index.entries["a.md"] = replace(kit.index.entries["a.md"], signature=there.signature)
    kit.now_ms += 3_600_000
    assert merged(kit.sweep()) == {"a.md": "file"}


def test_a_file_that_came_from_elsewhere_and_is_hot_is_read(kit: Kit) -> None:
    kit.write("a.md", "aaaa", mtime_ns=kit.now_ms * 1_000_000)
    kit.sweep()
    kit.write("a.md", "bbbb", mtime_ns=kit.now_ms * 1_000_000)
    there = kit.fs.stat("a.md")
    assert there is not None
    kit.index.entries["a.md"] = replace(kit.index.entries["a.md"], signature=there.signature, source=b"p" * 32)
    kit.now_ms += 1_999
    assert seen(kit.look("a.md")) == {"a.md": "file"}


def test_what_the_index_gave_up_during_the_survey_is_no_deletion(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("a.md")
    kit.sweep()
    real = kit.fs.scan

    def meanwhile(folder: str) -> list[DirEntry]:
        (kit.root / "a.md").unlink()
        entry = kit.index.entries["a.md"]
        kit.index.entries["a.md"] = Entry(replace(entry.record, deleted=True))
        return real(folder)

    monkeypatch.setattr(kit.fs, "scan", meanwhile)
    assert merged(kit.sweep()) == {}


def test_a_new_folder_is_found_with_all_its_content_and_its_parents(kit: Kit) -> None:
    kit.write("x/y/z/a.md")
    assert list(seen(kit.look("x/y/z")).items()) == [
        ("x", "dir"),
        ("x/y", "dir"),
        ("x/y/z", "dir"),
        ("x/y/z/a.md", "file"),
    ]


def test_a_vanished_folder_takes_what_was_in_it(kit: Kit) -> None:
    kit.write("x/y/a.md")
    kit.write("x-rays/b.md")
    kit.sweep()
    shutil.rmtree(kit.root / "x")
    assert list(seen(kit.look("x")).items()) == [("x/y/a.md", "gone"), ("x/y", "gone"), ("x", "gone")]


def test_a_hint_for_a_folder_compares_all_below(kit: Kit) -> None:
    kit.write("x/a.md")
    kit.write("x/y/b.md")
    kit.sweep()
    (kit.root / "x/y/b.md").unlink()
    kit.write("x/y/c.md")
    assert seen(kit.look("x")) == {"x/y/b.md": "gone", "x/y/c.md": "file"}


def test_the_whole_vault_may_be_looked_at(kit: Kit) -> None:
    kit.write("a.md")
    assert seen(kit.look("")) == {"a.md": "file"}


def test_file_and_folder_swap_places(kit: Kit) -> None:
    kit.write("thing/inside.md")
    kit.write("other")
    kit.sweep()
    shutil.rmtree(kit.root / "thing")
    (kit.root / "other").unlink()
    kit.write("thing", "now a file")
    kit.write("other/inside.md")
    expected = {"thing/inside.md": "gone", "thing": "file", "other": "dir", "other/inside.md": "file"}
    assert merged(kit.sweep()) == expected


def test_a_move_is_seen_in_one_sighting(kit: Kit) -> None:
    for n in range(20):
        kit.write(f"{n}.md", f"note {n}")
    kit.sweep()
    (kit.root / "moved").mkdir()
    for n in (3, 11):
        (kit.root / f"{n}.md").rename(kit.root / "moved" / f"{n}.md")
    for n in range(30):
        kit.write(f"new {n}.md", f"new {n}")
    first, *_ = kit.scanner.sweep(kit.index, kit.now_ms, batch_files=1)
    assert seen(first).items() >= {"3.md": "gone", "11.md": "gone", "moved/3.md": "file", "moved/11.md": "file"}.items()


def test_a_sweep_comes_in_batches_and_says_what_remains(kit: Kit) -> None:
    for n in range(10):
        kit.write(f"{n}.md", f"note {n}")
    sightings = list(kit.scanner.sweep(kit.index, kit.now_ms, batch_files=4))
    assert [len(s.observations) for s in sightings] == [4, 4, 2]
    assert [s.remaining for s in sightings] == [6, 2, 0]
    sightings = list(kit.scanner.sweep(kit.index, kit.now_ms, batch_bytes=1))
    assert len(sightings) == 10


def test_too_much_content_for_one_look_is_left_for_the_next(kit: Kit) -> None:
    for n in range(40):
        kit.write(f"{n:02}.bin", bytes([n]) * (1 << 20))
    sighting = kit.look("")
    assert len(sighting.observations) == 32
    assert len(sighting.again) == 8
    assert len(kit.look(*sighting.again).observations) == 8


@pytest.mark.parametrize("sweeps", [False, True], ids=["look", "sweep"])
def test_what_was_moved_with_its_folder_is_not_read(kit: Kit, monkeypatch: pytest.MonkeyPatch, sweeps: bool) -> None:
    for number in range(300):
        kit.write(f"old/{number}.md", f"text {number}")
    kit.sweep()
    hashes = {path: entry.record.hash for path, entry in kit.index.entries.items()}
    os.rename(kit.root / "old", kit.root / "new")
    monkeypatch.setattr(kit.fs, "open_read", _refuse_to_read)
    sighting = next(kit.scanner.sweep(kit.index, kit.now_ms)) if sweeps else kit.look("old", "new")
    found = {o.path: o.hash for o in sighting.observations if o.path.startswith("new/")}
    assert found == {f"new/{number}.md": hashes[f"old/{number}.md"] for number in range(300)}


def test_what_was_moved_with_its_folder_and_edited_is_read(kit: Kit) -> None:
    kit.write("old/a.md", "text")
    kit.write("old/b.md", "text")
    kit.sweep()
    os.rename(kit.root / "old", kit.root / "new")
    kit.write("new/a.md", "TEXT")  # of the same size and time, in the same file
    (observed,) = [o for o in kit.look("old", "new").observations if o.path == "new/a.md"]
    assert observed.hash == blake3(b"TEXT").digest()


def test_a_folder_that_was_moved_is_seen_whole_however_much_is_in_it(kit: Kit) -> None:
    for n in range(40):
        kit.write(f"old/{n:02}.bin", bytes([n]) * (1 << 20))
    kit.sweep()
    kit.sweep()
    (kit.root / "old").rename(kit.root / "new")
    kit.write("new/other.bin", "not moved")
    sighting = kit.look("old", "new")
    assert not sighting.again
    assert len([path for path, what in seen(sighting).items() if what == "file"]) == 41
    assert [o.path for o in sighting.observations if o.content is not None] == ["new/other.bin"]


def test_an_emptied_file_waits_to_be_believed(kit: Kit) -> None:
    kit.write("a.md", "text")
    kit.sweep()
    kit.write("a.md", "", mtime_ns=kit.now_ms * 1_000_000)
    sighting = kit.look("a.md")
    assert (seen(sighting), sighting.touched, sighting.again) == ({}, [], {"a.md": 2_000})
    kit.now_ms += 1_500
    assert kit.look("a.md").again == {"a.md": 500}
    kit.now_ms += 500
    assert seen(kit.look("a.md")) == {"a.md": "file"}


def test_a_clock_that_jumps_back_does_not_make_an_emptied_file_wait_for_ever(kit: Kit) -> None:
    kit.write("a.md", "text")
    kit.sweep()
    kit.write("a.md", "", mtime_ns=(kit.now_ms + 10**9) * 1_000_000)
    assert kit.look("a.md").again
    kit.now_ms -= 5_000_000
    assert kit.look("a.md").again == {"a.md": 2_000}
    kit.now_ms += 2_000
    assert seen(kit.look("a.md")) == {"a.md": "file"}


def test_a_file_that_was_emptied_while_nobody_looked_is_believed(kit: Kit) -> None:
    kit.write("a.md", "text")
    kit.sweep()
    kit.write("a.md", "", mtime_ns=OLD_NS + 5)
    assert seen(kit.look("a.md")) == {"a.md": "file"}


def test_a_file_that_is_being_written_is_looked_at_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    from vaultsync.errors import UnstableFileError

    def unstable(path: str) -> None:
        raise UnstableFileError(path)

    kit.write("a.md")
    monkeypatch.setattr(kit.fs, "read", unstable)
    sighting = kit.look("a.md")
    assert (seen(sighting), sighting.again) == ({}, {"a.md": 100})


def _failing(inner: Callable[[str], object], *paths: str, number: int = errno.EIO) -> Callable[[str], object]:
    def call(path: str) -> object:
        if path in paths:
            raise OSError(number, os.strerror(number), path)
        return inner(path)

    return call


def test_an_error_is_a_trouble_and_never_a_deletion(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("a.md", "x/b.md", "x/y/c.md", "z/d.md"):
        kit.write(path)
    kit.sweep()
    kit.write("a.md", "new text")
    monkeypatch.setattr(kit.fs, "read", _failing(kit.fs.read, "a.md", number=errno.EACCES))
    monkeypatch.setattr(kit.fs, "scan", _failing(kit.fs.scan, "x"))
    (sighting,) = kit.sweep()
    assert seen(sighting) == {}
    assert sighting.troubles == {"a.md": "permission denied", "x": "the disk reports an error"}
    monkeypatch.setattr(kit.fs, "stat", _failing(kit.fs.stat, "z/d.md"))
    sighting = kit.look("z/d.md", "x")
    assert seen(sighting) == {}
    assert sighting.troubles.keys() == {"z/d.md", "x"}


def test_an_unmounted_vault_is_not_an_empty_one(kit: Kit) -> None:
    kit.write("a.md")
    kit.sweep()
    shutil.rmtree(kit.root)
    for call in (lambda: kit.look("a.md"), kit.sweep):
        with pytest.raises(VaultOfflineError):
            call()
    kit.root.mkdir()
    for call in (lambda: kit.look("a.md"), kit.sweep):
        with pytest.raises(VaultOfflineError):
            call()


def test_links_and_other_oddities_are_shown_and_are_no_deletion(kit: Kit, tmp_path: Path) -> None:
    kit.write("folder/a.md")
    kit.write("note.md")
    kit.sweep()
    shutil.move(kit.root / "folder", tmp_path / "elsewhere")
    (kit.root / "folder").symlink_to(tmp_path / "elsewhere")
    (kit.root / "note.md").unlink()
    (kit.root / "note.md").symlink_to("loop")
    (kit.root / "loop").symlink_to("loop")
    os.mkfifo(kit.root / "pipe")
    link, other = "it is a link; links are not synced", "it is neither a file nor a folder"
    (sighting,) = kit.sweep()
    assert seen(sighting) == {}
    assert sighting.troubles == {"folder": link, "note.md": link, "loop": link, "pipe": other}
    sighting = kit.look("folder", "note.md", "pipe")
    assert seen(sighting) == {}
    assert sighting.troubles == {"folder": link, "note.md": link, "pipe": other}
    assert kit.look("folder/a.md").troubles == {"folder/a.md": "a link is in the way; links are not followed"}


def test_names_that_no_vault_may_hold_are_shown_and_stop_nothing(kit: Kit) -> None:
    root = os.fsencode(kit.root)
    for name in (b"caf\xe9.md", b"two\nlines.md", b"back\\slash.md"):
        with open(os.path.join(root, name), "wb") as file:
            file.write(b"x")
    kit.write("fine.md")
    (sighting,) = kit.sweep()
    assert seen(sighting) == {"fine.md": "file"}
    assert sighting.troubles["caf\\xe9.md"] == "its name is not UTF-8"
    assert "control character" in sighting.troubles["two\nlines.md"]
    assert "backslash" in sighting.troubles["back\\slash.md"]
    assert kit.look("caf\udce9.md").troubles == {"caf\\xe9.md": "its name is not UTF-8"}
    assert all(name.encode() for name in sighting.troubles)


@pytest.mark.parametrize(
    "name",
    [
        "x" * 252 + ".md",
        "é" * 126 + ".md",
        "👩‍👩‍👧‍👦 family.md",
        "\u202eltr.md",
        "dots and space. ",
        "CON.md",
        "a" * 255,
    ],
)
def test_names_that_are_unusual_but_fine(kit: Kit, name: str) -> None:
    kit.write(f"folder/{name}")
    assert merged(kit.sweep()) == {"folder": "dir", f"folder/{name}": "file"}
    (kit.root / "folder" / name).unlink()
    assert seen(kit.look(f"folder/{name}")) == {f"folder/{name}": "gone"}


def test_trees_deeper_than_a_vault_may_be(kit: Kit) -> None:
    here = os.open(kit.root, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    kit.write("a.md")
    (sighting,) = kit.sweep()
    assert len(sighting.observations) == 65
    (reason,) = sighting.troubles.values()
    assert "levels deep" in reason


def test_a_decomposed_name_keeps_its_form_and_its_key_is_composed(kit: Kit) -> None:
    kit.write(NFD, "x")
    assert merged(kit.sweep()) == {NFC: "file"}
    assert seen(kit.look(NFC)) == {}
    assert NFD in os.listdir(kit.root)
    kit.write(NFD, "edited")
    assert seen(kit.look(NFC)) == {NFC: "file"}
    (kit.root / NFD).unlink()
    assert seen(kit.look(NFC)) == {NFC: "gone"}


def test_of_two_unicode_twins_one_syncs_and_the_other_is_shown(kit: Kit) -> None:
    kit.write(NFD, "decomposed")
    kit.write(NFC, "composed")
    (sighting,) = kit.sweep()
    (observation,) = sighting.observations
    assert (observation.path, observation.content) == (NFC, b"composed")
    assert list(sighting.troubles) == [NFD]
    assert merged(kit.sweep()) == {}


def test_names_that_differ_in_case_are_two_names_here(kit: Kit) -> None:
    kit.write("Note.md", "a")
    kit.write("note.md", "b")
    assert merged(kit.sweep()) == {"Note.md": "file", "note.md": "file"}


def test_what_is_not_selected_is_neither_seen_nor_deleted(kit: Kit) -> None:
    kit.write("private/a.md")
    kit.write("b.md")
    kit.sweep()
    kit.scanner.selection = Selection("private/\n*.log")
    kit.write("private/new.md")
    kit.write("x.log")
    kit.write(".git/config")
    (kit.root / ".git/link").symlink_to("config")
    assert [s.troubles for s in kit.sweep()] == [{}]
    shutil.rmtree(kit.root / "private")
    assert merged(kit.sweep()) == {}
    assert seen(kit.look("private", "private/a.md", "x.log", ".git/config", ".git")) == {}


def test_our_own_folder_is_not_part_of_the_vault(kit: Kit) -> None:
    kit.write(".vaultsync/tmp/x")
    assert merged(kit.sweep()) == {}
    sighting = kit.look(".vaultsync/tmp/x", ".vaultsync")
    assert (seen(sighting), sighting.troubles) == ({}, {})


def test_a_blocked_entry_is_not_taken_for_deleted(kit: Kit) -> None:
    kit.write("a.md")
    kit.sweep()
    (kit.root / "a.md").unlink()
    kit.index.entries["a.md"] = Entry(kit.index.record("a.md"), state=State.BLOCKED)
    assert merged(kit.sweep()) == {}
    assert seen(kit.look("a.md")) == {}


def test_a_file_named_like_a_temporary_one_syncs(kit: Kit) -> None:
    for name in ("notes.tmp", "draft.part", "00000001-1.new", "vaultsync.tmp"):
        kit.write(name)
    assert len(merged(kit.sweep())) == 4


def test_hard_links_are_two_files(kit: Kit) -> None:
    kit.write("a.md")
    os.link(kit.root / "a.md", kit.root / "b.md")
    assert merged(kit.sweep()) == {"a.md": "file", "b.md": "file"}
    assert merged(kit.sweep()) == {}


def test_sparse_files(kit: Kit) -> None:
    with open(kit.root / "sparse.bin", "wb") as file:
        file.truncate(64 << 20)
    assert kit.look("sparse.bin").unread == ["sparse.bin"]
    (observation,) = [observation for sighting in kit.sweep() for observation in sighting.observations]
    assert observation.size == 64 << 20


def test_what_vanishes_between_survey_and_reading_is_looked_at_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("a.md")
    monkeypatch.setattr(kit.fs, "read", _failing(kit.fs.read, "a.md", number=errno.ENOENT))
    sighting = kit.look("a.md")
    assert (seen(sighting), sighting.again) == ({}, {"a.md": 100})


def test_what_appeared_after_its_folder_was_listed_is_no_deletion(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("a.md")
    kit.sweep()
    real = kit.fs.scan

    def late(folder: str) -> list[DirEntry]:
        return [item for item in real(folder) if item.name != "a.md"]

    monkeypatch.setattr(kit.fs, "scan", late)
    (sighting,) = kit.sweep()
    assert (seen(sighting), sighting.again) == ({}, {"a.md": 100})


def test_hints_that_say_the_same_twice_are_one(kit: Kit) -> None:
    kit.write("x/a.md")
    observations = kit.look("x/a.md", "x", "x/a.md").observations
    assert [o.path for o in observations] == ["x", "x/a.md"]
    assert FakeIndex().get("x") is None


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else tells who writes")
def test_half_of_a_note_is_not_believed_while_a_program_writes_it(kit: Kit) -> None:
    kit.write("note.md", "one\ntwo\n")
    kit.look("note.md")
    with (kit.root / "note.md").open("w") as program:
        program.write("one\n")
        program.flush()
        sighting = kit.look("note.md")
        assert not sighting.observations
        assert sighting.again == {"note.md": LOOK_AGAIN_MS}
        kit.now_ms += OPEN_WAIT_MS
        assert seen(kit.look("note.md")) == {"note.md": "file"}
        program.write("two\nthree\n")
        program.flush()
        assert not kit.look("note.md").observations
    assert seen(kit.look("note.md")) == {"note.md": "file"}
