"""What a person's programs do to a folder, and what the ledger and a watcher learn of it."""

from __future__ import annotations

import os
import shutil
import unicodedata
from random import Random

from tests.simulation.ledger import Ledger, tokens_in
from tests.simulation.manners import Manners
from tests.simulation.workplace import Workplace
from vaultsync.model.filters import IGNORE_FILE


class FileManager:
    """Saves, moves and removes files on one device."""

    def __init__(self, device: Workplace, ledger: Ledger, manners: Manners) -> None:
        self._device = device
        self._ledger = ledger
        self._manners = manners
        self._saves = 0
        self.hints: list[str] = []
        """What a watcher would have said since it was last asked."""

    def _save(self, random: Random, path: str, lines: list[str], gives_up: str = "") -> None:
        content = "".join(lines).encode()
        self._put(random, path, content, tokens_in(gives_up.encode()) - tokens_in(content))

    def _put(self, random: Random, path: str, content: bytes, gives_up: set[str] | None = None) -> None:
        """Save as editors do: in place, or beside and renamed over."""
        path = self._true(path)
        self._name(path)
        if self._is_file(path):
            self._touch(path)
        target = self._at(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        self._saves += 1
        mtime_ns = self._device.now_ms * 1_000_000 + self._saves
        if random.random() < 0.5:
            with open(target, "wb") as file:
                file.write(content)
            os.utime(target, ns=(mtime_ns, mtime_ns))
        else:
            beside = f"{self._device.root}-editor"
            with open(beside, "wb") as file:
                file.write(content)
            os.utime(beside, ns=(mtime_ns, mtime_ns))
            os.replace(beside, target)
        self._touch(path)
        self._give_up(gives_up or set())
        self._hint(path)

    def _move(self, path: str, target: str) -> None:
        target = self._true(target)
        self._name(target)
        self._touch(path)
        os.makedirs(os.path.dirname(self._at(target)), exist_ok=True)
        os.replace(self._at(path), self._at(target))
        self._touch(target)
        self._ledger.move(path, target)
        self._hint(path, target)

    def _move_folder(self, path: str, target: str) -> None:
        target = self._true(target)
        self._name(target)
        os.makedirs(os.path.dirname(self._at(target)), exist_ok=True)
        os.rename(self._at(path), self._at(target))
        self._renamed(path, target)

    def _renamed(self, path: str, target: str) -> None:
        """Tell of a rename that has happened."""
        for folder in self._folders_from(target):
            self._ledger.touch(self._device.number, path + folder.removeprefix(target), b"")
        for inside in self._files_below(target) or [target]:
            before = path + inside.removeprefix(target)
            if self._is_file(inside):
                self._touch(inside)
                self._ledger.touch(self._device.number, before, self._read(inside))
                self._ledger.move(before, inside)
        self._hint(path, target)

    def _remove(self, path: str) -> None:
        gone = tokens_in(self._read(path))
        self._touch(path)
        os.unlink(self._at(path))
        self._give_up(gone)
        self._hint(path)

    def _remove_folder(self, path: str) -> None:
        inside = self._files_below(path)
        gone = set().union(*(tokens_in(self._read(each)) for each in inside))
        for each in inside:
            self._touch(each)
        for folder in self._folders_from(path):
            self._ledger.touch(self._device.number, folder, b"")
        shutil.rmtree(self._at(path))
        self._give_up(gone)
        self._hint(path)

    def _name(self, path: str) -> None:
        """The path, and the folders above it, are this person's doing."""
        self._ledger.name(path)
        parts = path.split("/")
        for depth in range(len(parts)):
            self._ledger.touch(self._device.number, "/".join(parts[: depth + 1]), b"")

    def _touch(self, path: str) -> None:
        self._ledger.touch(self._device.number, path, self._read(path))

    def _give_up(self, tokens: set[str]) -> None:
        self._ledger.delete(self._device.number, tokens, self._device.tree())

    def _hint(self, *paths: str) -> None:
        self.hints += paths

    # Looking around

    def _at(self, path: str) -> str:
        return self._manners.real(str(self._device.root), path)

    def _true(self, path: str) -> str:
        """The vault path under which the disk keeps what a person calls `path`."""
        if not self._manners.is_loose:
            return path
        return unicodedata.normalize("NFC", os.path.relpath(self._at(path), self._device.root))

    def _exists(self, path: str) -> bool:
        return os.path.lexists(self._at(path))

    def _is_file(self, path: str) -> bool:
        return os.path.isfile(self._at(path))

    def _read(self, path: str) -> bytes:
        with open(self._at(path), "rb") as file:
            return file.read()

    def _lines(self, path: str) -> list[str]:
        return self._read(path).decode().splitlines(keepends=True)

    def _files(self) -> list[str]:
        return [path for path, content in self._device.tree().items() if content is not None]

    def _files_below(self, folder: str) -> list[str]:
        return [path for path in self._files() if path.startswith(folder + "/")]

    def _folders_from(self, top: str) -> list[str]:
        """A folder, and the folders in it."""
        folders = [path for path, content in self._device.tree().items() if content is None]
        return [path for path in folders if path == top or path.startswith(top + "/")]

    def _some_file(self, random: Random, names: tuple[str, ...] | None = None) -> str | None:
        files = [path for path in self._files() if names is None or path.rpartition("/")[2] in names]
        files = [path for path in files if path != IGNORE_FILE and not self._left_out(path)]
        return random.choice(files) if files else None

    def _some_note(self, random: Random) -> str | None:
        notes = [path for path in self._files() if path.endswith((".md", ".txt")) and b"\0" not in self._read(path)]
        return random.choice(notes) if notes else None

    def _left_out(self, path: str) -> bool:
        """What a device does not sync, people there may edit; nobody would ever hear that they had removed it."""
        return self._device.replica.state.selection.reason(path, is_folder=False) is not None

    def _some_folder(self, random: Random) -> str | None:
        tree = self._device.tree()
        out = [path for path in tree if self._left_out(path)]
        folders = [path for path, content in tree.items() if content is None and path not in out]
        folders = [path for path in folders if not any(inside.startswith(f"{path}/") for inside in out)]
        return random.choice(folders) if folders else None

    def _has_room(self, path: str) -> bool:
        """Whether no file is where a folder would have to be."""
        parts = path.split("/")[:-1]
        return not any(self._is_file("/".join(parts[: n + 1])) for n in range(len(parts)))


def copy_folder(source: Workplace, its: Manners, target: Workplace, manners: Manners) -> None:
    """Copy all that is in a vault, as far as the other disk has room for its names."""
    for path, content in source.tree().items():
        place = manners.real(str(target.root), path)
        if os.path.lexists(place) or not os.path.isdir(os.path.dirname(place)):
            continue
        if content is None:
            os.mkdir(place)
        else:
            shutil.copy2(its.real(str(source.root), path), place)
