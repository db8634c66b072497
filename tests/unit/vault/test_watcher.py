"""Hints from the system: none missing, none about nothing."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import threading
import unicodedata
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from vaultsync.vault.inotify import InotifySource, OnDirty
from vaultsync.vault.watcher import Source, WatchdogSource, Watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Hints:
    """Collects hints, and waits for them."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.all: list[str | None] = []
        self.moves: set[tuple[str, str]] = set()

    def __call__(self, paths: Collection[str] | None, moves: Collection[tuple[str, str]] = ()) -> None:
        with self._arrived:
            self.moves |= set(moves)
            self.all.extend([None] if paths is None else sorted(paths))
            self._arrived.notify_all()

    def wait_for(self, *paths: str | None) -> None:
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: set(paths) <= set(self.all), timeout=20)
        assert arrived, f"{paths} not in {self.all}"

    def take(self) -> set[str | None]:
        with self._arrived:
            taken, self.all = set(self.all), []
        return taken


@pytest.fixture
def hints() -> Hints:
    return Hints()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "vault"
    (root / ".vaultsync/tmp").mkdir(parents=True)
    (root / "old/deep").mkdir(parents=True)
    (root / "old/note.md").write_text("text")
    return root


@pytest.fixture
def watcher(root: Path, hints: Hints) -> Iterator[Watcher]:
    with Watcher(str(root), hints) as watcher:
        assert watcher.degraded is None
        yield watcher


def _fence(root: Path, hints: Hints) -> set[str | None]:
    """Everything that was reported before a last change."""
    (root / "fence").write_text("")
    hints.wait_for("fence")
    taken = hints.take() - {"fence"}
    (root / "fence").unlink()
    hints.wait_for("fence")
    hints.take()
    return taken


@pytest.mark.usefixtures("watcher")
def test_what_happens_to_files_is_reported(root: Path, hints: Hints) -> None:
    (root / "new.md").write_text("text")
    assert _fence(root, hints) == {"new.md"}
    with open(root / "old/note.md", "a") as file:
        file.write("more")
    assert _fence(root, hints) == {"old/note.md"}
    (root / "old/note.md").rename(root / "old/deep/renamed.md")
    assert _fence(root, hints) == {"old/note.md", "old/deep/renamed.md"}
    assert hints.moves == {("old/note.md", "old/deep/renamed.md")}
    (root / "new.md").chmod(0o755)
    assert _fence(root, hints) == {"new.md"}
    (root / "new.md").unlink()
    assert _fence(root, hints) == {"new.md"}


@pytest.mark.usefixtures("watcher")
def test_reading_is_no_change(root: Path, hints: Hints) -> None:
    (root / "old/note.md").read_text()
    os.listdir(root / "old/deep")
    assert _fence(root, hints) == set()


@pytest.mark.usefixtures("watcher")
def test_our_own_folder_is_not_reported(root: Path, hints: Hints) -> None:
    (root / ".vaultsync/tmp/x").write_text("")
    (root / ".vaultsync/vault.json").write_text("")
    (root / ".vaultsync/tmp/x").rename(root / "placed.md")
    assert _fence(root, hints) == {"placed.md"}


@pytest.mark.usefixtures("watcher")
def test_a_new_folder_is_reported_and_watched(root: Path, hints: Hints) -> None:
    (root / "a/b/c").mkdir(parents=True)
    hints.wait_for("a")
    assert _fence(root, hints) <= {"a", "a/b", "a/b/c"}
    (root / "a/b/c/note.md").write_text("")
    assert _fence(root, hints) == {"a/b/c/note.md"}


@pytest.mark.usefixtures("watcher")
def test_nothing_in_a_growing_tree_is_missed(root: Path, hints: Hints) -> None:
    paths = set()
    for n in range(300):
        folder = root / f"f{n % 30}/{n}"
        folder.mkdir(parents=True)
        (folder / "note.md").write_text("")
        paths.add(f"f{n % 30}/{n}/note.md")
    reported = _fence(root, hints)
    # A folder that is reported is looked through, so a hint for any folder above will do.
    above = {path for path in reported if path is not None}
    assert all(any(path == hint or path.startswith(hint + "/") for hint in above) for path in paths)


@pytest.mark.usefixtures("watcher")
def test_a_moved_folder_is_watched_under_its_new_name(root: Path, hints: Hints, tmp_path: Path) -> None:
    (root / "old").rename(root / "new")
    assert _fence(root, hints) == {"old", "new"}
    (root / "new/deep/note.md").write_text("")
    assert _fence(root, hints) == {"new/deep/note.md"}
    (root / "new").rename(tmp_path / "outside")
    assert _fence(root, hints) == {"new"}
    (tmp_path / "outside/deep/note.md").write_text("edited outside")
    assert _fence(root, hints) == set()
    (tmp_path / "outside").rename(root / "back")
    assert _fence(root, hints) == {"back"}
    (root / "back/deep/again.md").write_text("")
    assert _fence(root, hints) == {"back/deep/again.md"}


@pytest.mark.usefixtures("watcher")
def test_a_removed_folder_may_come_back(root: Path, hints: Hints) -> None:
    for _ in range(3):
        (root / "f").mkdir()
        (root / "f").rmdir()
    (root / "f").mkdir()
    _fence(root, hints)
    (root / "f/note.md").write_text("")
    assert _fence(root, hints) == {"f/note.md"}


@pytest.mark.usefixtures("watcher")
def test_what_never_syncs_costs_no_watches(root: Path, hints: Hints) -> None:
    (root / ".git/objects").mkdir(parents=True)
    hints.wait_for(".git")
    _fence(root, hints)
    (root / ".git/objects/x").write_text("")
    assert _fence(root, hints) == set()


@pytest.mark.usefixtures("watcher")
def test_links_are_not_followed(root: Path, hints: Hints, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (root / "link").symlink_to(tmp_path / "outside")
    assert _fence(root, hints) == {"link"}
    (tmp_path / "outside/x").write_text("")
    assert _fence(root, hints) == set()


@pytest.mark.usefixtures("watcher")
def test_names_are_reported_composed(root: Path, hints: Hints) -> None:
    decomposed = unicodedata.normalize("NFD", "café.md")
    (root / decomposed).write_text("")
    with open(os.fsencode(root) + b"/caf\xe9.md", "wb"):
        pass
    assert _fence(root, hints) == {"café.md", "caf\udce9.md"}


def test_a_vanished_root_asks_for_a_look_at_everything(watcher: Watcher, root: Path, hints: Hints) -> None:
    root.rename(root.parent / "away")
    hints.wait_for(None)
    assert watcher.degraded is None


def test_an_overflow_asks_for_a_look_at_everything(root: Path, hints: Hints) -> None:
    source = InotifySource(str(root), hints)
    source.start()
    try:
        assert source._take(struct.pack("iIII", -1, 0x4000, 0, 0), []) is None
    finally:
        source.stop()


def test_a_folder_that_appeared_during_an_overflow_is_watched(root: Path, hints: Hints) -> None:
    source = InotifySource(str(root), hints)
    source.start()
    try:
        (root / "quiet").mkdir()
        hints.wait_for("quiet")
        source._unwatch_tree(b"quiet")
        source._take(struct.pack("iIII", -1, 0x4000, 0, 0), [])
        (root / "quiet/note.md").write_text("")
        hints.wait_for("quiet/note.md")
    finally:
        source.stop()


class _Refusing:
    """A kernel that grants only so many watches."""

    def __init__(self, libc: object, watches: int, number: int) -> None:
        self._libc = libc
        self._left = watches
        self._number = number

    def __getattr__(self, name: str) -> Callable[..., int]:
        call: Callable[..., int] = getattr(self._libc, name)
        if name == "inotify_init1" and self._number == errno.EMFILE:
            return lambda *_: self._refuse()
        if name == "inotify_add_watch":
            return lambda *args: call(*args) if self._take() else self._refuse()
        return call

    def _take(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def _refuse(self) -> int:
        ctypes.set_errno(self._number)
        return -1


@pytest.mark.parametrize(("number", "word"), [(errno.ENOSPC, "max_user_watches"), (errno.EMFILE, "max_user_instances")])
def test_limits_of_the_system_are_told(
    root: Path, hints: Hints, monkeypatch: pytest.MonkeyPatch, number: int, word: str
) -> None:
    real = ctypes.CDLL
    monkeypatch.setattr(ctypes, "CDLL", lambda *a, **k: _Refusing(real(*a, **k), 1, number))
    with Watcher(str(root), hints) as watcher:
        assert watcher.degraded is not None
        assert word in watcher.degraded
        if number == errno.ENOSPC:
            (root / "seen.md").write_text("")
            hints.wait_for("seen.md")


def test_a_root_that_is_not_there_is_an_error(tmp_path: Path, hints: Hints) -> None:
    watcher = Watcher(str(tmp_path / "nowhere"), hints)
    with pytest.raises(FileNotFoundError):
        watcher.start()
    watcher.stop()


@pytest.mark.parametrize("source", [InotifySource, WatchdogSource])
def test_stopping_ends_the_threads_and_frees_the_descriptors(
    root: Path, hints: Hints, source: Callable[[str, OnDirty], Source]
) -> None:
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    watcher = Watcher(str(root), hints, source)
    watcher.start()
    watcher.stop()
    watcher.stop()
    assert threading.active_count() == threads
    if source is InotifySource:
        assert len(os.listdir("/proc/self/fd")) == descriptors


def test_watchdog_serves_where_there_is_no_inotify(root: Path, hints: Hints) -> None:
    with Watcher(str(root), hints, WatchdogSource) as watcher:
        assert watcher.degraded is None
        (root / "old/note.md").write_text("edited")
        hints.wait_for("old/note.md")
        (root / ".vaultsync/tmp/x").write_text("")
        (root / "old").rename(root / "new")
        hints.wait_for("old", "new")
        assert ("old", "new") in hints.moves
        (root / "new/deep/x.md").write_text("")
        hints.wait_for("new/deep/x.md")
        assert not any(path is not None and path.startswith(".vaultsync") for path in hints.all)


def test_a_hint_comes_while_the_writer_is_still_at_work(watcher: Watcher, root: Path, hints: Hints) -> None:
    with open(root / "log.md", "w", buffering=1) as file:
        file.write("a line\n")
        hints.wait_for("log.md")
    assert watcher.degraded is None
