"""The cheap half of a scan: list folders, compare stat signatures, and note what deserves a closer look."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, Protocol

from vaultsync.errors import PathError, VaultOfflineError
from vaultsync.model.paths import MARKER_DIR, check_path, parent_of, parents_of
from vaultsync.model.records import Entry, Kind, Signature, State
from vaultsync.vault.filesystem import DirEntry, DiskKind, FileSystem, Stat
from vaultsync.vault.selection import Selection
from vaultsync.vault.words import KIND_TROUBLES, error_words, shown

LOOK_AGAIN_MS: Final = 100
"""After so long, for what changed under our eyes."""

_HOT_MS: Final = 2_000
"""A file modified so recently may change again under the same signature (FAT counts in steps of 2 s)."""
_FINE_TICK_MS: Final = 20
"""How far apart two edits certainly differ on file systems that count finer than seconds (a jiffy is 1–10 ms)."""
_SECOND_NS: Final = 1_000_000_000


class _Index(Protocol):
    def get(self, path: str) -> Entry | None: ...

    def get_many(self, paths: Collection[str]) -> dict[str, Entry]: ...

    def below(self, folder: str) -> Iterable[Entry]: ...


class Survey:
    """One pass over some paths. After the visits, its attributes say what was found."""

    def __init__(self, fs: FileSystem, selection: Selection, index: _Index, now_ms: int) -> None:
        self._fs = fs
        self._selection = selection
        self._index = index
        self._now_ms = now_ms
        self._expected: dict[str, Entry] = {}
        self._fetched: dict[str, Entry | None] = {}
        self._covered: set[str] = set()
        self._blind: set[str] = set()
        self.changed: list[tuple[str, Stat | DirEntry]] = []
        """Files to read."""
        self.folders: dict[str, None] = {}
        """Folders that the index does not know, the outermost first."""
        self.troubles: dict[str, str] = {}
        self.again: dict[str, int] = {}

    def visit_all(self, paths: Collection[str]) -> None:
        """`visit` each, with one query for all."""
        wanted = {parent for path in paths if _is_text(path) for parent in (path, *parents_of(path))}
        entries = self._index.get_many(wanted)
        self._fetched = {path: entries.get(path) for path in wanted}
        for path in sorted(paths):
            self.visit(path)

    def visit(self, path: str) -> None:
        """Look at one path, and at all below it if it is a folder. Parents before what is in them.

        Raises `VaultOfflineError` if the vault itself can't be listed.
        """
        if path in self._covered or not self._covered.isdisjoint(("", *parents_of(path))):
            return
        if path == "":
            self._expected.update((e.record.path, e) for e in self._index.below(""))
            self._walk("")
            return
        if path.split("/", 1)[0] == MARKER_DIR:
            return
        try:
            if self._fetched.get(path) is None:
                check_path(path)
            seen = self._fs.stat(path)
        except PathError:
            self._refuse(path)
            return
        except OSError as error:
            self.troubles[path] = error_words(error)
            return
        entry = self._entry(path)
        if entry is not None and is_live(entry):
            self._expected[path] = entry
        was_file = entry is not None and entry.record.kind is Kind.FILE
        if not was_file or seen is None or seen.kind is DiskKind.DIR:
            self._expected.update((e.record.path, e) for e in self._index.below(path))
        if seen is None:
            self._covered.add(path)
            return
        unknown = [parent for parent in parents_of(path) if _is_no_folder(self._entry(parent))]
        if unknown and self._selection.reason(path, seen.kind is DiskKind.DIR) is None:
            self.folders.update(dict.fromkeys(unknown))
        if self._consider(path, seen):
            self._walk(path)

    def missing(self) -> list[Entry]:
        """The entries that have nothing on disk any more, the deepest first."""
        gone = []
        # The survey took a while, and a batch may have been applied meanwhile.
        entries = self._index.get_many(self._expected)
        folders: dict[str, bool] = {}
        for path in sorted(self._expected, key=lambda p: (-p.count("/"), p)):
            if not self._blind.isdisjoint(("", path, *parents_of(path))):
                continue
            entry = entries.get(path)
            if entry is None or not is_live(entry):
                continue
            if self._selection.reason(path, entry.record.kind is Kind.DIR) is not None:
                continue
            try:
                if self._is_gone(path, folders):
                    gone.append(entry)
                else:
                    self.again[path] = LOOK_AGAIN_MS
            except OSError as error:
                self.troubles[path] = error_words(error)
        return gone

    def _is_gone(self, path: str, folders: dict[str, bool]) -> bool:
        """Whether certainly nothing is at `path`. `folders` remembers that of folders: what was in them is gone too."""
        folder = parent_of(path)
        if folder and folder not in folders:
            folders[folder] = self._fs.stat(folder) is None
        return folders.get(folder, False) or self._fs.stat(path) is None

    def _walk(self, top: str) -> None:
        stack = [top]
        while stack:
            folder = stack.pop()
            self._covered.add(folder)
            try:
                entries = self._fs.scan(folder)
            except OSError as error:
                if folder == "":
                    raise VaultOfflineError(f"The folder cannot be listed: {error_words(error)}.") from error
                self._blind.add(folder)
                if isinstance(error, (FileNotFoundError, NotADirectoryError)):
                    self.again[folder] = LOOK_AGAIN_MS
                else:
                    self.troubles[folder] = error_words(error)
                continue
            prefix = folder + "/" if folder else ""
            for item in self._without_twins(prefix, entries):
                path = prefix + item.name
                if path != MARKER_DIR and self._consider(path, item):
                    stack.append(path)

    def _consider(self, path: str, seen: Stat | DirEntry) -> bool:
        """Note what is at `path`; whether it is a folder to go into."""
        known = self._expected.pop(path, None)
        if seen.kind is DiskKind.FILE:
            unchanged = known is not None and known.signature == seen.signature and not is_suspect(known, self._now_ms)
            if not unchanged and self._is_wanted(path, known, is_folder=False):
                self.changed.append((path, seen))
            return False
        if seen.kind is DiskKind.DIR:
            if not self._is_wanted(path, known, is_folder=True):
                self._blind.add(path)
                return False
            self._add_folder(path, known or self._entry(path))
            return True
        self._blind.add(path)
        if self._selection.reason(path, is_folder=False) is None:
            self.troubles[shown(path)] = KIND_TROUBLES[seen.kind]
        return False

    def _refuse(self, path: str) -> None:
        """No vault may hold `path`: tell of the outermost folder for which that is so, if it is still there."""
        for top in sorted((path, *parents_of(path)), key=len):
            try:
                check_path(top)
            except PathError as error:
                if self._may_be_there(top):
                    self.troubles[shown(top)] = _refusal(top, error)
                return

    def _may_be_there(self, path: str) -> bool:
        try:
            return self._fs.stat(path) is not None
        except OSError:
            return True

    def _is_wanted(self, path: str, known: Entry | None, *, is_folder: bool) -> bool:
        if known is None:
            try:
                check_path(path)
            except PathError as error:
                self.troubles[shown(path)] = _refusal(path, error)
                return False
        return self._selection.reason(path, is_folder) is None

    def _entry(self, path: str) -> Entry | None:
        return self._fetched[path] if path in self._fetched else self._index.get(path)

    def _add_folder(self, path: str, entry: Entry | None) -> None:
        if _is_no_folder(entry):
            self.folders.setdefault(path)

    def _without_twins(self, prefix: str, entries: list[DirEntry]) -> Iterable[DirEntry]:
        """One entry per name: the one in NFC, as that is the one that a look at the path would find."""
        kept: dict[str, DirEntry] = {}
        for item in entries:
            other = kept.setdefault(item.name, item)
            if other is item:
                continue
            first, second = sorted((item, other), key=lambda e: (e.disk_name != e.name, e.disk_name))
            kept[item.name] = first
            self.troubles[shown(prefix + second.disk_name)] = (
                "another name here is the same in another Unicode form; rename one of the two"
            )
        return kept.values()


def is_hot(signature: Signature, now_ms: int) -> bool:
    """Whether the file was modified so recently that it may change again under the same signature."""
    return abs(now_ms - signature.mtime_ns // 1_000_000) < _HOT_MS


def is_suspect(known: Entry, now_ms: int) -> bool:
    """Whether the file may have changed without a change of its signature (Git: "racily clean")."""
    assert known.signature is not None
    mtime_ns = known.signature.mtime_ns
    if is_hot(known.signature, now_ms):
        return True
    if known.source:
        return False
    tick_ms = _HOT_MS if mtime_ns % _SECOND_NS == 0 else _FINE_TICK_MS
    return 0 <= known.record.modified_at - mtime_ns // 1_000_000 < tick_ms


def is_live(entry: Entry) -> bool:
    """Whether the disk should hold what the entry says."""
    return entry.state is State.PRESENT and not entry.record.deleted


def _is_text(path: str) -> bool:
    """Whether an index can hold it: lone surrogates stand for bytes that are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_no_folder(entry: Entry | None) -> bool:
    return entry is None or not is_live(entry) or entry.record.kind is not Kind.DIR


def _refusal(path: str, error: PathError) -> str:
    if path != shown(path):
        return "its name is not UTF-8"
    return error.message
