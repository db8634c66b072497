"""What the disk shows that the index does not know yet.

Two passes: the survey lists folders and compares stat signatures, which is cheap; only what differs is read and
hashed. What can't be read or listed is told as a trouble, never as a deletion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from vaultsync.errors import UnstableFileError, VaultOfflineError
from vaultsync.model.changes import Observation
from vaultsync.model.manifests import Manifest
from vaultsync.model.paths import MARKER_DIR
from vaultsync.model.records import Entry, Kind, Signature
from vaultsync.vault.filesystem import DirEntry, FileSystem, Stat
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.longread import SLICE, LongRead
from vaultsync.vault.selection import Selection
from vaultsync.vault.survey import LOOK_AGAIN_MS, Survey, is_live, is_suspect
from vaultsync.vault.words import error_words

KEEP_CONTENT: Final = 1 << 20
"""Observations of files of up to so many bytes carry their content."""
EMPTY_WAIT_MS: Final = 2_000
"""Obsidian truncates before it writes: a file that becomes empty is believed after this time."""
OPEN_WAIT_MS: Final = 2_000
"""A file that a program has open for writing is looked at after this time, whatever it holds by then."""

_MOST_BEGUN: Final = 4
"""Large files that are read at a time: a sweep reads one, and a look another; more have vanished meanwhile."""

_BATCH_FILES: Final = 256
_BATCH_BYTES: Final = 32 << 20


class IndexView(Protocol):
    """What the scanner needs to know of the index."""

    def get(self, path: str) -> Entry | None: ...

    def get_many(self, paths: Collection[str]) -> dict[str, Entry]:
        """The entries of those paths that have one."""

    def below(self, folder: str) -> Iterable[Entry]:
        """The entries under `folder`, at any depth, that are not deleted and whose state is PRESENT; "" is all."""


@dataclass(slots=True)
class Sighting:
    """What one look found. What it says nothing of is as the index says, or is not selected."""

    observations: list[Observation] = field(default_factory=list)
    """Vanished paths first, the deepest first; then folders, the outermost first; then files."""
    touched: list[tuple[str, Signature]] = field(default_factory=list)
    """Files whose content is what the index says, under a new signature."""
    again: dict[str, int] = field(default_factory=dict)
    """Paths that can't be judged yet, and after how many ms to look again."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Paths that can't be synced, and why, in words. A name that is not Unicode is shown escaped."""
    unread: list[str] = field(default_factory=list)
    """Large files of which there is more to read before anything can be said; a look reads none, unless it is told."""
    manifests: list[Manifest] = field(default_factory=list)
    """Of the large files that were read."""
    remaining: int = 0
    """Files that this sweep will still read, for a progress bar."""


@dataclass(slots=True)
class _Reading:
    """A sighting in the making, with what it has cost."""

    now_ms: int
    slices: int
    """Of large files, that are still to be read in this step."""
    sighting: Sighting = field(default_factory=Sighting)
    known: dict[str, Entry] = field(default_factory=dict)
    """What the index has of the files that are read."""
    content_bytes: int = 0
    gone: set[bytes] = field(default_factory=set)
    """Hashes of the files that are missing."""


class Scanner:
    """Compares a vault's folder with its index. Used by one thread at a time."""

    def __init__(self, fs: FileSystem, selection: Selection) -> None:
        self._fs = fs
        self.selection = selection
        self.remembered: Mapping[bytes, Manifest] = {}
        """Manifests of large files, by hash, if their owner has some."""
        self._emptied: dict[str, int] = {}
        self._open: dict[str, int] = {}
        self._begun: dict[str, LongRead] = {}
        """Large files that are being read; the one that was read last is the last."""

    def look(self, paths: Collection[str], index: IndexView, now_ms: int, *, reads_on: bool = False) -> Sighting:
        """Look at dirty paths: files, folders (with all that is in them), and what is no longer there.

        `reads_on`: of one of the large files among them a slice is read; else they are only named in `unread`.

        When contents of more than 32 MiB would have to be held, the rest of the paths is left for `again`, save for
        files that may be what was moved: a move of which half is seen is a deletion.
        Raises `VaultOfflineError` if something is missing and so is the vault's marker.
        """
        with self._fs.batch():
            survey = Survey(self._fs, self.selection, index, now_ms)
            survey.visit_all(paths)
            reading = _Reading(now_ms, slices=int(reads_on))
            moved = self._begin(survey, reading)
            reading.known = index.get_many([path for path, _ in survey.changed])
            for path, seen in survey.changed:
                if (origin := self._origin(seen, moved, now_ms)) is not None:
                    self._enter(path, seen, origin.record.hash, seen.signature, None, reading)
                elif reading.content_bytes >= _BATCH_BYTES and seen.signature.inode not in moved:
                    reading.sighting.again[path] = 0
                elif self._is_half_written(path, now_ms):
                    reading.sighting.again[path] = LOOK_AGAIN_MS
                else:
                    self._read(path, seen, reading, whole=seen.signature.inode in moved)
        return reading.sighting

    def sweep(
        self,
        index: IndexView,
        now_ms: int,
        *,
        batch_files: int = _BATCH_FILES,
        batch_bytes: int = _BATCH_BYTES,
    ) -> Iterator[Sighting]:
        """Look through the whole vault, a batch at a time; the index may take each batch up before the next.

        The first sighting holds all that is missing, together with the files that may be what was moved. Of a large
        file each has one slice; the last one says what it is.
        Raises `VaultOfflineError` if something is missing and so is the vault's marker.
        """
        with self._fs.batch():
            survey = Survey(self._fs, self.selection, index, now_ms)
            survey.visit("")
            reading = _Reading(now_ms, slices=1)
            moved = self._begin(survey, reading)
            files = survey.changed
            if moved:
                files.sort(key=lambda item: item[1].signature.inode not in moved)
        done = 0
        while True:
            with self._fs.batch():
                start = done
                ahead = batch_files if done else max(batch_files, len(moved))
                reading.known = index.get_many([path for path, _ in files[done : done + ahead]])
                while done < len(files):
                    path, seen = files[done]
                    full = done - start >= batch_files or reading.content_bytes >= batch_bytes
                    if full and seen.signature.inode not in moved:
                        break
                    if (origin := self._origin(seen, moved, now_ms)) is not None:
                        self._enter(path, seen, origin.record.hash, seen.signature, None, reading)
                    else:
                        self._read(path, seen, reading, whole=seen.signature.inode in moved)
                    if reading.sighting.unread:
                        break
                    done += 1
            reading.sighting.unread.clear()
            reading.sighting.remaining = len(files) - done
            yield reading.sighting
            if done >= len(files):
                return
            reading = _Reading(now_ms, slices=1)

    def _begin(self, survey: Survey, reading: _Reading) -> dict[int, Entry]:
        """Enter all that needs no reading into the sighting; the missing files by inode."""
        gone = survey.missing()
        if gone and self._fs.stat(MARKER_DIR) is None:
            raise VaultOfflineError("The folder is empty where the vault's marker should be.")
        out = reading.sighting.observations
        for entry in gone:
            self._emptied.pop(entry.record.path, None)
            out.append(Observation(entry.record.path, None))
            reading.gone.add(entry.record.hash)
        out.extend(Observation(path, Kind.DIR) for path in survey.folders)
        reading.sighting.troubles.update(survey.troubles)
        reading.sighting.again.update(survey.again)
        return {entry.signature.inode: entry for entry in gone if entry.signature is not None}

    @staticmethod
    def _origin(seen: Stat | DirEntry, moved: Mapping[int, Entry], now_ms: int) -> Entry | None:
        """The missing file that this one is, to the last nanosecond, as its folder was renamed: it need not be read."""
        origin = moved.get(seen.signature.inode)
        if origin is None or origin.signature != seen.signature or is_suspect(origin, now_ms):
            return None
        return origin

    def _read(self, path: str, seen: Stat | DirEntry, reading: _Reading, *, whole: bool) -> None:
        """Enter what a file holds into the sighting; `whole`: at once, however large it is."""
        sighting = reading.sighting
        content: bytes | None = None
        try:
            if seen.signature.size <= KEEP_CONTENT:
                content, signature = self._fs.read(path)
                digest = hash_bytes(content)
            elif whole or seen.signature.size <= SLICE:
                digest, signature = self._fs.hash(path)
            elif (found := self._read_on(path, reading)) is not None:
                manifest, signature = found
                digest = manifest.hash
                sighting.manifests.append(manifest)
            else:
                sighting.unread.append(path)
                return
        except (UnstableFileError, FileNotFoundError, NotADirectoryError):
            sighting.again[path] = LOOK_AGAIN_MS
            return
        except OSError as error:
            sighting.troubles[path] = error_words(error)
            return
        self._enter(path, seen, digest, signature, content, reading)

    def _enter(
        self,
        path: str,
        seen: Stat | DirEntry,
        digest: bytes,
        signature: Signature,
        content: bytes | None,
        reading: _Reading,
    ) -> None:
        """Enter a file whose hash is known into the sighting."""
        sighting = reading.sighting
        entry = reading.known.get(path)
        known = entry if entry is not None and is_live(entry) and entry.record.kind is Kind.FILE else None
        if known is not None and known.record.size > 0 and signature.size == 0:
            wait_ms = self._wait_for_content(path, signature, reading.now_ms)
            if wait_ms > 0:
                sighting.again[path] = wait_ms
                return
        self._emptied.pop(path, None)
        executable = seen.executable
        if executable is None:
            executable = known is not None and known.record.executable
        if known is not None and known.record.hash == digest and known.record.executable == executable:
            if known.signature != signature:
                sighting.touched.append((path, signature))
            return
        if digest in reading.gone:
            # It has only been moved: history has the content, and a folder may hold more than fits into memory.
            content = None
        reading.content_bytes += len(content or b"")
        sighting.observations.append(
            Observation(
                path,
                Kind.FILE,
                digest,
                signature.size,
                signature.mtime_ns,
                executable,
                signature,
                content,
            )
        )

    def _read_on(self, path: str, reading: _Reading) -> tuple[Manifest, Signature] | None:
        """Read a slice more of a large file, if it is its turn; what there was to read, once that was the last."""
        if reading.slices == 0:
            return None
        reading.slices -= 1
        begun = self._begun.pop(path, None) or self._begin_reading(path, reading.known.get(path))
        found = begun.go_on(self._fs, SLICE)
        if found is None:
            self._begun[path] = begun
            if len(self._begun) > _MOST_BEGUN:
                del self._begun[next(iter(self._begun))]
        return found

    def _begin_reading(self, path: str, known: Entry | None) -> LongRead:
        before = None if known is None else self.remembered.get(known.record.hash)
        return LongRead(path, None if before is None else before.chunks)

    def _is_half_written(self, path: str, now_ms: int) -> bool:
        """Whether a program has the file open for writing, and not for long: half of a note would be taken for an edit
        that removes the other half, and others would merge with that.
        """
        if not self._fs.is_being_written(path):
            self._open.pop(path, None)
            return False
        since = self._open.setdefault(path, now_ms)
        if 0 <= now_ms - since < OPEN_WAIT_MS:
            return True
        del self._open[path]
        return False

    def _wait_for_content(self, path: str, signature: Signature, now_ms: int) -> int:
        """For how many ms a file that became empty is not believed yet."""
        since = self._emptied.setdefault(path, now_ms)
        if now_ms < since:
            since = self._emptied[path] = now_ms
        empty_ms = max(now_ms - since, now_ms - signature.mtime_ns // 1_000_000)
        return EMPTY_WAIT_MS - empty_ms
