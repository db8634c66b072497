"""On disks that take names for one that differ in case or in Unicode form, a path is what is listed under that name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from tests.simulation.disk import SimulatedDisk
from tests.simulation.manners import FOLDING, Manners
from tests.unit.vault.kit import OLD_NS, Kit, merged, seen
from vaultsync.model.records import Signature
from vaultsync.vault.actions import MakeFolder, MoveFile, RemoveFile, RemoveFolder, Result
from vaultsync.vault.applier import Applier
from vaultsync.vault.scanner import Scanner
from vaultsync.vault.selection import Selection
from vaultsync.vault.words import is_about_twins


class FoldingKit(Kit):
    def __init__(self, root: Path, manners: Manners) -> None:
        super().__init__(root)
        self.fs = SimulatedDisk(str(root), manners)
        self.scanner = Scanner(self.fs, Selection())
        self.applier = Applier(self.fs, prefix="t")

    def signature(self, path: str) -> Signature:
        there = self.fs.stat(path)
        assert there is not None
        return there.signature

    def names(self, folder: str = "") -> list[str]:
        found = [unicodedata.normalize("NFC", item.name) for item in (self.root / folder).iterdir()]
        return sorted(name for name in found if name != ".vaultsync")


@pytest.fixture(params=FOLDING, ids=lambda manners: manners.name)
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> FoldingKit:
    return FoldingKit(tmp_path / "vault", request.param)


def test_a_path_reaches_only_what_has_just_that_name(kit: FoldingKit) -> None:
    kit.write("folder/note.md", "mine")
    for other in ("folder/NOTE.md", "Folder/note.md", "FOLDER"):
        assert kit.fs.stat(other) is None
        for call in (kit.fs.open_read, kit.fs.remove, kit.fs.rmdir, kit.fs.scan):
            with pytest.raises(FileNotFoundError):
                call(other)
    assert kit.fs.read("folder/note.md")[0] == b"mine"


def test_what_is_in_the_place_of_a_path(kit: FoldingKit) -> None:
    kit.write("folder/note.md")
    cases = {
        "folder/note.md": None,
        "folder/Note.md": "folder/note.md",
        "Folder": "folder",
        "Folder/note.md": "folder",
        "folder/new.md": None,
        "folder/note.md/x": None,
        "new/NOTE.md": None,
        ".vaultsync/TMP": None,
    }
    assert {path: kit.fs.twin(path) for path in cases} == cases


def test_nothing_is_put_where_another_name_is(kit: FoldingKit) -> None:
    kit.write("folder/note.md", "mine")
    for path in ("folder/Note.md", "Folder/note.md", "Folder/new.md"):
        outcome = kit.put(path, b"other")
        assert (outcome.result, outcome.retry) == (Result.FAILED, False)
        assert is_about_twins(outcome.reason)
    (outcome,) = kit.applier.apply([MakeFolder("FOLDER")])
    assert outcome.result is Result.FAILED
    assert kit.names() == ["folder"]
    assert (kit.root / "folder/note.md").read_text() == "mine"


def test_nothing_is_removed_under_another_name(kit: FoldingKit) -> None:
    kit.write("note.md", "mine")
    (kit.root / "folder").mkdir()
    signature = kit.signature("note.md")
    outcomes = kit.applier.apply([RemoveFile("NOTE.md", signature), RemoveFolder("Folder")])
    assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.DONE]
    assert kit.names() == ["folder", "note.md"]


def test_a_file_and_a_folder_are_respelled(kit: FoldingKit) -> None:
    kit.write("folder/note.md", "mine")
    kit.write("other.md", "another")
    with kit.fs.batch():
        (outcome,) = kit.applier.apply([MoveFile("folder/note.md", "folder/Note.md", kit.signature("folder/note.md"))])
        assert outcome.result is Result.DONE
        assert kit.fs.stat("folder/note.md") is None
    assert kit.names("folder") == ["Note.md"]
    inside = kit.signature("folder/Note.md")
    outcomes = kit.applier.apply(
        [MakeFolder("Folder", respells="folder"), MoveFile("folder/Note.md", "Folder/Note.md", inside)]
    )
    assert [outcome.result for outcome in outcomes] == [Result.DONE, Result.DONE]
    assert kit.names() == ["Folder", "other.md"]
    (outcome,) = kit.applier.apply([MoveFile("other.md", "Folder/NOTE.md", kit.signature("other.md"))])
    assert outcome.result is Result.FAILED
    assert (kit.root / "Folder/Note.md").read_text() == "mine"


def test_names_alike_that_the_disk_tells_apart_do_not_replace_each_other(kit: FoldingKit) -> None:
    """Python folds `ß` to `ss`; NTFS does not, and holds both."""
    kit.fs = SimulatedDisk(str(kit.root))
    kit.applier = Applier(kit.fs, prefix="t")
    kit.write("straße.md", "one")
    kit.write("strasse.md", "two")
    (outcome,) = kit.applier.apply([MoveFile("straße.md", "strasse.md", kit.signature("straße.md"))])
    assert outcome.result is Result.CHANGED
    assert (kit.root / "strasse.md").read_text() == "two"


def test_a_scan_sees_a_rename_of_case_only(kit: FoldingKit) -> None:
    kit.write("Folder/Note.md", "a")
    kit.sweep()
    (kit.root / "Folder/Note.md").rename(kit.root / "Folder/NOTE.md")
    assert seen(kit.look("Folder/Note.md", "Folder/NOTE.md")) == {"Folder/Note.md": "gone", "Folder/NOTE.md": "file"}
    (kit.root / "Folder").rename(kit.root / "folder")
    assert merged(kit.sweep()) == {
        "Folder": "gone",
        "Folder/NOTE.md": "gone",
        "folder": "dir",
        "folder/NOTE.md": "file",
    }


def test_hints_in_another_case_say_nothing(kit: FoldingKit) -> None:
    kit.write("Folder/Note.md", "a")
    kit.sweep()
    assert seen(kit.look("folder/NOTE.md", "folder", "Folder/note.md")) == {}
    kit.write("Folder/new.md", "b")
    assert seen(kit.look("Folder")) == {"Folder/new.md": "file"}


def test_names_that_are_not_ascii(kit: FoldingKit) -> None:
    name = unicodedata.normalize("NFC", "Über.md")
    assert kit.put(name, b"one").result is Result.DONE
    assert kit.put(name, b"two", replaces=True).result is Result.DONE
    assert kit.fs.twin(name) is None
    assert kit.fs.twin(name.lower()) == name
    assert seen(kit.look(name)) == {name: "file"}
    (outcome,) = kit.applier.apply([MoveFile(name, name.lower(), kit.signature(name))])
    assert outcome.result is Result.DONE
    assert kit.names() == [name.lower()]


def test_what_appears_after_a_listing_is_found(kit: FoldingKit) -> None:
    kit.write("a.md", mtime_ns=OLD_NS)
    with kit.fs.batch():
        assert kit.fs.stat("a.md") is not None
        kit.write("b.md")
        assert kit.fs.stat("b.md") is not None
        (kit.root / "a.md").unlink()
        assert kit.fs.stat("a.md") is None


def test_the_words_name_both(kit: FoldingKit) -> None:
    kit.write("x/Notes/a.md")
    words = kit.put("x/notes/a.md", b"other").reason
    assert words == (
        "this disk takes “notes” and “Notes” for one name and has “Notes” already; "
        "rename “notes” on a device that has it, or “Notes” here, and it comes by itself"
    )
    assert not is_about_twins("permission denied")
