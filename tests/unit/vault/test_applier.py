"""Bringing the folder to what was decided; never over what nobody has seen."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

import vaultsync.vault.disk
from tests.unit.vault.kit import OLD_NS, Kit
from vaultsync.errors import DiskFullError
from vaultsync.model.paths import windows_obstacle
from vaultsync.model.records import Signature
from vaultsync.vault import native
from vaultsync.vault.actions import (
    Action,
    MakeFolder,
    MoveFile,
    Outcome,
    RemoveFile,
    RemoveFolder,
    Result,
    SetExecutable,
    WriteFile,
)
from vaultsync.vault.applier import Applier
from vaultsync.vault.files import signature_of
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.staging import PART_KEPT_MS

NFD = unicodedata.normalize("NFD", "café.md")
NFC = unicodedata.normalize("NFC", NFD)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit(tmp_path / "vault")


@pytest.fixture(params=["native", "fallback"])
def any_kit(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """With the renames of this kernel, and without."""
    if request.param == "fallback":
        monkeypatch.setattr(native, "_NATIVE", None)
    return Kit(tmp_path / "vault")


def _signature(kit: Kit, path: str) -> Signature:
    there = kit.fs.stat(path)
    assert there is not None
    return there.signature


def _apply(kit: Kit, action: Action) -> Outcome:
    (outcome,) = kit.applier.apply([action])
    return outcome


def _write(kit: Kit, path: str, content: bytes, expected: Signature | None) -> WriteFile:
    staged = kit.applier.stage(content, OLD_NS, False)
    return WriteFile(path, staged.hash, len(content), OLD_NS, False, expected, staged)


def test_a_new_file_arrives_with_its_folders_and_mtime(any_kit: Kit) -> None:
    outcome = any_kit.put("a/b/note.md", b"text")
    target = any_kit.root / "a/b/note.md"
    assert outcome == Outcome(Result.DONE, _signature(any_kit, "a/b/note.md"))
    assert target.read_bytes() == b"text"
    assert target.stat().st_mtime_ns == OLD_NS
    assert any_kit.temporary() == []


def test_a_file_is_replaced_when_it_is_the_expected_one(any_kit: Kit) -> None:
    any_kit.write("note.md", "old")
    outcome = any_kit.put("note.md", b"new", replaces=True)
    assert outcome == Outcome(Result.DONE, _signature(any_kit, "note.md"))
    assert (any_kit.root / "note.md").read_bytes() == b"new"
    assert any_kit.temporary() == []


def test_what_was_applied_is_nothing_new_to_the_scanner(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("note.md", "old")
    kit.sweep()
    outcome = kit.put("note.md", b"new", replaces=True)
    kit.look("note.md")
    assert kit.index.entries["note.md"].signature == outcome.signature


def test_a_new_file_never_replaces_what_is_there(any_kit: Kit) -> None:
    any_kit.write("note.md", "mine")
    assert any_kit.put("note.md", b"other") == Outcome(Result.CHANGED)
    assert (any_kit.root / "note.md").read_bytes() == b"mine"
    assert len(any_kit.temporary()) == 1, "the content stays staged"


def test_a_file_that_was_edited_since_is_left_alone(any_kit: Kit) -> None:
    any_kit.write("note.md", "old")
    action = _write(any_kit, "note.md", b"new", _signature(any_kit, "note.md"))
    any_kit.write("note.md", "mine")
    assert _apply(any_kit, action).result is Result.CHANGED
    assert (any_kit.root / "note.md").read_bytes() == b"mine"
    any_kit.applier.discard(action.staged)
    any_kit.applier.discard(action.staged)
    assert any_kit.temporary() == []


def test_a_file_that_was_removed_since_is_not_written(any_kit: Kit) -> None:
    any_kit.write("note.md", "old")
    action = _write(any_kit, "note.md", b"new", _signature(any_kit, "note.md"))
    (any_kit.root / "note.md").unlink()
    assert _apply(any_kit, action).result is Result.CHANGED
    assert not (any_kit.root / "note.md").exists()


def _interfere(kit: Kit, monkeypatch: pytest.MonkeyPatch, name: str, edit: Callable[[], object]) -> None:
    """Have somebody `edit` in the moment before the file system's call `name`, once."""
    inner = getattr(kit.fs, name)
    pending = [edit]

    def call(*args: object, **kwargs: object) -> object:
        if pending:
            pending.pop()()
        return inner(*args, **kwargs)

    monkeypatch.setattr(kit.fs, name, call)


def test_an_edit_between_check_and_exchange_survives(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("note.md", "old")
    action = _write(kit, "note.md", b"new", _signature(kit, "note.md"))
    _interfere(kit, monkeypatch, "swap", lambda: kit.write("note.md", "in the last moment"))
    assert _apply(kit, action).result is Result.CHANGED
    assert (kit.root / "note.md").read_bytes() == b"in the last moment"


def test_an_atomic_save_between_check_and_exchange_survives(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("note.md", "old")
    action = _write(kit, "note.md", b"new", _signature(kit, "note.md"))

    def save() -> None:
        kit.write("saving", "rep").rename(kit.root / "note.md")

    _interfere(kit, monkeypatch, "swap", save)
    assert _apply(kit, action).result is Result.CHANGED
    assert (kit.root / "note.md").read_bytes() == b"rep"


@pytest.mark.parametrize("call", ["swap", "move"])
def test_a_folder_made_between_check_and_exchange_or_removal_survives(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    kit.write("note.md", "old")
    expected = _signature(kit, "note.md")
    action = _write(kit, "note.md", b"new", expected) if call == "swap" else RemoveFile("note.md", expected)

    def make_folder() -> None:
        (kit.root / "note.md").unlink()
        kit.write("note.md/inside.md", "in the last moment")

    _interfere(kit, monkeypatch, call, make_folder)
    assert _apply(kit, action).result is Result.CHANGED
    assert (kit.root / "note.md/inside.md").read_bytes() == b"in the last moment"


@pytest.mark.parametrize("as_folder", [False, True])
def test_what_is_put_in_place_of_ours_before_it_is_taken_back_survives(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, *, as_folder: bool
) -> None:
    kit.write("note.md", "old")
    action = _write(kit, "note.md", b"new", _signature(kit, "note.md"))
    target = kit.root / "note.md"

    def save_once_more() -> None:
        target.unlink()
        kit.write("note.md/inside.md" if as_folder else "note.md", "the last word")

    swap = kit.fs.swap
    edits: list[Callable[[], object]] = [lambda: kit.write("note.md", "in the last moment"), save_once_more]
    monkeypatch.setattr(kit.fs, "swap", lambda one, other: (edits and edits.pop(0)(), swap(one, other))[1])
    assert _apply(kit, action).result is Result.CHANGED
    assert (target / "inside.md" if as_folder else target).read_bytes() == b"the last word"
    assert (kit.root / "note (rescued 1).md").read_bytes() == b"in the last moment"
    kit.applier.discard(action.staged)
    assert kit.temporary() == []


def test_an_edit_between_check_and_removal_survives(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("note.md", "old")
    action = RemoveFile("note.md", _signature(kit, "note.md"))
    _interfere(kit, monkeypatch, "move", lambda: kit.write("note.md", "in the last moment"))
    assert _apply(kit, action).result is Result.CHANGED
    assert (kit.root / "note.md").read_bytes() == b"in the last moment"
    assert kit.temporary() == []


def test_two_edits_around_a_removal_both_survive(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("d/note.md", "old")
    action = RemoveFile("d/note.md", _signature(kit, "d/note.md"))
    inner = kit.fs.move

    def move(source: str, target: str, *, replace: bool = False) -> None:
        if source == "d/note.md":
            kit.write("d/note.md", "first edit")
            inner(source, target, replace=replace)
            kit.write("d/note.md", "second edit")
        else:
            inner(source, target, replace=replace)

    monkeypatch.setattr(kit.fs, "move", move)
    assert _apply(kit, action).result is Result.CHANGED
    texts = {path.name: path.read_text() for path in (kit.root / "d").iterdir()}
    assert texts == {"note.md": "second edit", "note (rescued 1).md": "first edit"}


def test_an_edit_between_check_and_move_goes_home(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write("a.md", "old")
    action = MoveFile("a.md", "b.md", _signature(kit, "a.md"))
    _interfere(kit, monkeypatch, "move", lambda: kit.write("a.md", "in the last moment"))
    assert _apply(kit, action).result is Result.CHANGED
    assert (kit.root / "a.md").read_bytes() == b"in the last moment"
    assert not (kit.root / "b.md").exists()


def test_an_edit_right_after_the_write_is_not_taken_for_ours(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    action = _write(kit, "note.md", b"new", None)
    inner = kit.fs.move

    def move(source: str, target: str, *, replace: bool = False) -> None:
        inner(source, target, replace=replace)
        kit.write("note.md", "edited at once", mtime_ns=None)

    monkeypatch.setattr(kit.fs, "move", move)
    outcome = _apply(kit, action)
    assert outcome.result is Result.DONE
    assert outcome.signature != _signature(kit, "note.md")


def test_permission_bits_stay(any_kit: Kit) -> None:
    any_kit.write("run.sh", "old").chmod(0o640)
    staged = any_kit.applier.stage(b"new", OLD_NS, True)
    expected = _signature(any_kit, "run.sh")
    assert _apply(any_kit, WriteFile("run.sh", staged.hash, 3, OLD_NS, True, expected, staged)).result is Result.DONE
    assert stat.S_IMODE((any_kit.root / "run.sh").stat().st_mode) == 0o750
    any_kit.put("run.sh", b"newer", replaces=True)
    assert stat.S_IMODE((any_kit.root / "run.sh").stat().st_mode) == 0o640


@pytest.mark.parametrize("replaces", [False, True])
def test_what_was_staged_with_other_metadata_gets_the_records(any_kit: Kit, replaces: bool) -> None:
    expected = None
    if replaces:
        any_kit.write("run.sh", "old")
        expected = _signature(any_kit, "run.sh")
    staged = any_kit.applier.stage(b"new", OLD_NS, False)
    action = WriteFile("run.sh", staged.hash, 3, OLD_NS + 1_000, True, expected, staged)
    assert _apply(any_kit, action) == Outcome(Result.DONE, _signature(any_kit, "run.sh"))
    status = (any_kit.root / "run.sh").stat()
    assert (status.st_mtime_ns, bool(status.st_mode & 0o100)) == (OLD_NS + 1_000, True)


def test_new_files_get_what_the_umask_leaves(kit: Kit) -> None:
    before = os.umask(0o027)
    try:
        kit.put("a.md", b"a")
        kit.put("run.sh", b"b", executable=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((kit.root / "a.md").stat().st_mode) == 0o640
    assert stat.S_IMODE((kit.root / "run.sh").stat().st_mode) == 0o750


def test_folders_are_made_and_removed(any_kit: Kit) -> None:
    assert _apply(any_kit, MakeFolder("a/b")).result is Result.DONE
    assert _apply(any_kit, MakeFolder("a/b")).result is Result.DONE
    assert _apply(any_kit, RemoveFolder("a")).result is Result.CHANGED
    assert [o.result for o in any_kit.applier.apply([RemoveFolder("a/b"), RemoveFolder("a")])] == [Result.DONE] * 2
    assert _apply(any_kit, RemoveFolder("a")).result is Result.DONE
    any_kit.write("file")
    assert _apply(any_kit, MakeFolder("file")).result is Result.CHANGED
    assert _apply(any_kit, RemoveFolder("file")).result is Result.CHANGED
    assert _apply(any_kit, MakeFolder("file/below")).result is Result.CHANGED


def test_a_folder_with_nothing_but_what_a_system_makes_anew_is_empty(kit: Kit) -> None:
    kit.write("a/.DS_Store")
    assert _apply(kit, RemoveFolder("a")).result is Result.DONE
    kit.write("b/.DS_Store")
    kit.write("b/hidden.log")
    assert _apply(kit, RemoveFolder("b")).result is Result.CHANGED
    assert sorted(os.listdir(kit.root / "b")) == [".DS_Store", "hidden.log"]


def test_files_are_removed(any_kit: Kit) -> None:
    any_kit.write("a.md")
    assert _apply(any_kit, RemoveFile("a.md", _signature(any_kit, "a.md"))).result is Result.DONE
    assert not (any_kit.root / "a.md").exists()
    assert any_kit.temporary() == []
    gone = RemoveFile("a.md", Signature(1, 2, 3, 4))
    assert _apply(any_kit, gone).result is Result.DONE
    any_kit.write("a.md", "another")
    assert _apply(any_kit, gone).result is Result.CHANGED
    assert (any_kit.root / "a.md").read_text() == "another"


def test_files_are_moved(any_kit: Kit) -> None:
    any_kit.write("a.md", "text")
    outcome = _apply(any_kit, MoveFile("a.md", "x/y/b.md", _signature(any_kit, "a.md")))
    assert outcome == Outcome(Result.DONE, _signature(any_kit, "x/y/b.md"))
    assert not (any_kit.root / "a.md").exists()
    any_kit.write("c.md", "other")
    assert _apply(any_kit, MoveFile("c.md", "x/y/b.md", _signature(any_kit, "c.md"))).result is Result.CHANGED
    assert (any_kit.root / "x/y/b.md").read_text() == "text"


def test_a_move_that_differs_only_in_case(kit: Kit) -> None:
    kit.write("note.md", "text")
    assert _apply(kit, MoveFile("note.md", "Note.md", _signature(kit, "note.md"))).result is Result.DONE


def test_the_executable_bit(kit: Kit) -> None:
    kit.write("run.sh").chmod(0o644)
    outcome = _apply(kit, SetExecutable("run.sh", True, _signature(kit, "run.sh")))
    assert outcome == Outcome(Result.DONE, _signature(kit, "run.sh"))
    assert stat.S_IMODE((kit.root / "run.sh").stat().st_mode) == 0o755
    assert _apply(kit, SetExecutable("run.sh", True, _signature(kit, "run.sh"))).result is Result.DONE
    assert _apply(kit, SetExecutable("run.sh", False, _signature(kit, "run.sh"))).result is Result.DONE
    assert stat.S_IMODE((kit.root / "run.sh").stat().st_mode) == 0o644
    assert _apply(kit, SetExecutable("run.sh", True, Signature(1, 2, 3, 4))).result is Result.CHANGED


def test_a_decomposed_name_stays_decomposed(any_kit: Kit) -> None:
    any_kit.write(NFD, "old")
    assert any_kit.put(NFC, b"other").result is Result.CHANGED
    assert any_kit.put(NFC, b"new", replaces=True).result is Result.DONE
    assert {p.name: p.read_bytes() for p in any_kit.root.iterdir() if p.is_file()} == {NFD: b"new"}
    assert _apply(any_kit, RemoveFile(NFC, _signature(any_kit, NFC))).result is Result.DONE
    assert [p.name for p in any_kit.root.iterdir() if p.is_file()] == []


def test_links_are_not_written_through(any_kit: Kit, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim.md").write_text("theirs")
    (any_kit.root / "way").symlink_to(outside)
    (any_kit.root / "direct.md").symlink_to(outside / "victim.md")
    signature = signature_of(os.stat(outside / "victim.md"))
    staged = any_kit.applier.stage(b"evil", OLD_NS, False)
    actions: list[Action] = [
        WriteFile("way/new.md", staged.hash, 4, OLD_NS, False, None, staged),
        WriteFile("way/victim.md", staged.hash, 4, OLD_NS, False, signature, staged),
        WriteFile("direct.md", staged.hash, 4, OLD_NS, False, signature, staged),
        WriteFile("direct.md", staged.hash, 4, OLD_NS, False, None, staged),
        RemoveFile("way/victim.md", signature),
        RemoveFile("direct.md", signature),
        MoveFile("way/victim.md", "stolen.md", signature),
        SetExecutable("direct.md", True, signature),
        MakeFolder("way/folder"),
        MakeFolder("way"),
        RemoveFolder("way"),
    ]
    outcomes = any_kit.applier.apply(actions)
    assert [o.result for o in outcomes] == [Result.FAILED] * len(actions)
    assert all("link" in o.reason and not o.retry for o in outcomes)
    assert {p.name: p.read_text() for p in outside.iterdir()} == {"victim.md": "theirs"}


def test_a_link_swapped_in_for_a_parent_during_apply_leads_nowhere(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "note.md").write_text("theirs")
    kit.write("folder/note.md", "old")
    action = _write(kit, "folder/note.md", b"new", _signature(kit, "folder/note.md"))
    new = _write(kit, "folder/new.md", b"new", None)

    def swap_in() -> None:
        (kit.root / "folder").rename(kit.root / "away")
        (kit.root / "folder").symlink_to(outside)

    _interfere(kit, monkeypatch, "swap", swap_in)
    kit.applier.apply([action, new])
    assert {p.name: p.read_text() for p in outside.iterdir()} == {"note.md": "theirs"}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else tells who writes")
def test_what_a_program_has_not_written_yet_is_not_lost(kit: Kit) -> None:
    kit.write("note.md", "half")
    write = _write(kit, "note.md", b"new", _signature(kit, "note.md"))
    remove = RemoveFile("note.md", _signature(kit, "note.md"))
    with (kit.root / "note.md").open("ab") as program:
        assert [_apply(kit, action).result for action in (write, remove)] == [Result.BUSY, Result.BUSY]
        program.write(b" and half")
    assert (kit.root / "note.md").read_bytes() == b"half and half"
    assert _apply(kit, write).result is Result.CHANGED


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else tells who writes")
@pytest.mark.parametrize("call", ["swap", "move"])
def test_a_program_that_opens_the_file_in_the_last_moment(kit: Kit, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    kit.write("note.md", "half")
    expected = _signature(kit, "note.md")
    action = _write(kit, "note.md", b"new", expected) if call == "swap" else RemoveFile("note.md", expected)
    programs: list[io.BufferedWriter] = []
    _interfere(kit, monkeypatch, call, lambda: programs.append((kit.root / "note.md").open("ab")))
    assert _apply(kit, action).result is Result.BUSY
    with programs[0] as program:
        program.write(b" and half")
    assert (kit.root / "note.md").read_bytes() == b"half and half"


def test_a_disk_that_says_of_every_file_that_it_is_written_to_is_not_believed(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write("note.md", "old")
    monkeypatch.setattr(vaultsync.vault.disk, "has_writer", lambda _fd: True)
    action = _write(kit, "note.md", b"new", _signature(kit, "note.md"))
    assert _apply(kit, action).result is Result.DONE


@pytest.mark.parametrize("path", ["../x", "/etc/x", ".vaultsync/vault.json", "a/../../x", ".VAULTSYNC/x", "", "a\0b"])
def test_no_action_reaches_where_no_vault_path_leads(kit: Kit, path: str) -> None:
    outcome = kit.put(path, b"evil")
    assert (outcome.result, outcome.retry) == (Result.FAILED, False)
    assert outcome.reason


def test_a_name_that_this_platform_cannot_hold(kit: Kit) -> None:
    applier = Applier(kit.fs, obstacle=windows_obstacle)
    staged = applier.stage(b"x", OLD_NS, False)
    (outcome,) = applier.apply([WriteFile("con.md", staged.hash, 1, OLD_NS, False, None, staged)])
    assert (outcome.result, outcome.retry) == (Result.FAILED, False)
    assert "Windows" in outcome.reason


@pytest.mark.parametrize(
    ("number", "retry", "full", "word"),
    [
        (errno.ENAMETOOLONG, False, False, "too long"),
        (errno.EILSEQ, False, False, "cannot hold"),
        (errno.EXDEV, False, False, "another disk"),
        (errno.EACCES, True, False, "permission"),
        (errno.EROFS, True, False, "read-only"),
        (errno.EIO, True, False, "error"),
        (errno.ENOSPC, True, True, "full"),
    ],
)
def test_what_the_system_refuses_is_told_in_words(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, number: int, retry: bool, full: bool, word: str
) -> None:
    inner = kit.fs.move

    def refuse(source: str, target: str, *, replace: bool = False) -> None:
        if target == "a.md":
            raise OSError(number, os.strerror(number))
        inner(source, target, replace=replace)

    monkeypatch.setattr(kit.fs, "move", refuse)
    staged = [kit.applier.stage(b"x", OLD_NS, False) for _ in range(2)]
    outcomes = kit.applier.apply(
        [
            WriteFile(path, one.hash, 1, OLD_NS, False, None, one)
            for path, one in zip(["a.md", "b.md"], staged, strict=True)
        ]
    )
    assert (outcomes[0].result, outcomes[0].retry, outcomes[0].disk_full) == (Result.FAILED, retry, full)
    assert word in outcomes[0].reason
    assert outcomes[1].result is Result.DONE, "one does not stop the rest"


def test_a_name_too_long_for_this_disk_is_refused_by_it(kit: Kit) -> None:
    deep = "/".join(["d" * 100] * 40)
    assert kit.put(deep, b"x").result is Result.DONE, "4,039 bytes are no obstacle when folders are opened one by one"


def test_a_full_disk_has_its_own_error(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    kit.write("a.md", "text")
    for name in ("create", "copy", "open_random", "sync_files"):
        monkeypatch.setattr(kit.fs, name, full)
    staged = Kit(kit.root.parent / "other").applier.stage(b"x", OLD_NS, False)
    calls: list[Callable[[], object]] = [
        lambda: kit.applier.stage(b"x", OLD_NS, False),
        lambda: kit.applier.stage_copy("a.md", hash_bytes(b"text"), OLD_NS, False),
        lambda: kit.applier.stage_stream(io.BytesIO(b"x"), hash_bytes(b"x"), OLD_NS, False),
        lambda: kit.applier.make_durable([staged]),
    ]
    for call in calls:
        with pytest.raises(DiskFullError):
            call()
    assert kit.temporary() == []


def test_copies_and_streams_are_checked(kit: Kit) -> None:
    content = os.urandom(3 << 20)
    digest = hash_bytes(content)
    kit.write("a.bin", content)
    copy = kit.applier.stage_copy("a.bin", digest, OLD_NS, True)
    stream = kit.applier.stage_stream(io.BytesIO(content), digest, OLD_NS, False)
    assert copy is not None
    assert stream is not None
    for path, staged, executable in (("b.bin", copy, True), ("c.bin", stream, False)):
        action = WriteFile(path, digest, len(content), OLD_NS, executable, None, staged)
        assert _apply(kit, action) == Outcome(Result.DONE, _signature(kit, path))
        target = kit.root / path
        assert target.read_bytes() == content
        assert target.stat().st_mtime_ns == OLD_NS
        assert bool(target.stat().st_mode & 0o100) == executable
    assert kit.applier.stage_copy("a.bin", hash_bytes(b"other"), OLD_NS, False) is None
    assert kit.applier.stage_copy("gone.bin", digest, OLD_NS, False) is None
    assert kit.applier.stage_stream(io.BytesIO(b"x"), digest, OLD_NS, False) is None
    assert kit.temporary() == []


def test_the_wrong_content_is_never_put_in_place(kit: Kit) -> None:
    staged = kit.applier.stage(b"x", OLD_NS, False)
    with pytest.raises(AssertionError):
        kit.applier.apply([WriteFile("a.md", hash_bytes(b"y"), 1, OLD_NS, False, None, staged)])


def test_every_touched_folder_is_made_durable_once(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[set[str]] = []
    monkeypatch.setattr(kit.fs, "sync_folders", lambda paths: synced.append(set(paths)))
    kit.write("old.md")
    kit.applier.apply(
        [
            _write(kit, "a/b/x.md", b"x", None),
            _write(kit, "a/b/y.md", b"y", None),
            MoveFile("old.md", "c/new.md", _signature(kit, "old.md")),
        ]
    )
    assert synced == [{"", "a", "a/b", "c"}]


def test_cleaning_up_keeps_what_can_be_resumed(kit: Kit) -> None:
    kit.applier.clean_up()
    kit.applier.stage(b"x", OLD_NS, False)
    kit.write(".vaultsync/tmp/abc.part", b"part", mtime_ns=OLD_NS)
    kit.applier.clean_up()
    assert kit.temporary() == ["abc.part"]
    kit.applier.clean_up(OLD_NS // 1_000_000 + PART_KEPT_MS - 1)
    assert kit.temporary() == ["abc.part"]
    kit.applier.clean_up(OLD_NS // 1_000_000 + PART_KEPT_MS)
    assert kit.temporary() == []


def test_temporary_names_of_two_runs_differ(kit: Kit) -> None:
    assert Applier(kit.fs).new_temp_path() != Applier(kit.fs).new_temp_path()


def test_a_read_only_folder_is_a_reason_and_stops_nothing(kit: Kit) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    (kit.root / "locked").mkdir(mode=0o555)
    assert kit.put("locked/a.md", b"x").reason == "permission denied"
    assert kit.put("b.md", b"x").result is Result.DONE
