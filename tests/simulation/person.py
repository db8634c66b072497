"""A person at one device, who edits the folder with any editor and any file manager."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from random import Random
from typing import Final

from tests.simulation.ledger import FILLER, Ledger, tokens_in
from tests.support.cluster import Device

NOTES: Final = ("a.md", "b.md", "note.md", "Note.md", "日記.md", "plain.txt", "ünï 🎉.md")
OTHERS: Final = ("pic.png", "data.bin", "todo")
FOLDERS: Final = ("f", "f/g", "F", "h", "h/i/j", "a.md")
"""One of them has a note's name: file and folder clash."""


class Person:
    """Every method that edits does one thing that a person would call one thing, and says which."""

    def __init__(self, device: Device, ledger: Ledger) -> None:
        self._device = device
        self._ledger = ledger
        self._saves = 0
        self.hints: list[str] = []
        """What a watcher would have said since it was last asked."""

    def act(self, random: Random) -> str:
        """Do something."""
        acts: list[tuple[int, Callable[[Random], str]]] = [
            (20, self._append),
            (14, self._insert),
            (10, self._replace_line),
            (8, self._delete_line),
            (3, self._rewrite),
            (14, self._create),
            (6, self._write_other),
            (2, self._empty),
            (6, self._delete_file),
            (8, self._rename_file),
            (4, self._make_folder),
            (5, self._rename_folder),
            (2, self._delete_folder),
            (2, self._copy_file),
            (2, self._file_to_folder),
            (2, self._folder_to_file),
            (2, self._move_over),
        ]
        (act,) = random.choices([act for _, act in acts], [weight for weight, _ in acts])
        return act(random)

    # Lines

    def _append(self, random: Random) -> str:
        path = self._some_note(random)
        if path is None:
            return self._create(random)
        line = self._line(random)
        self._save(random, path, [*self._lines(path), line])
        return f"appends {line!r} to {path}"

    def _insert(self, random: Random) -> str:
        path = self._some_note(random)
        if path is None:
            return self._create(random)
        lines, line = self._lines(path), self._line(random)
        place = random.randint(0, len(lines))
        self._save(random, path, [*lines[:place], line, *lines[place:]])
        return f"inserts {line!r} into {path} at {place}"

    def _replace_line(self, random: Random) -> str:
        path = self._some_note(random)
        lines = self._lines(path) if path else []
        if path is None or not lines:
            return self._create(random)
        place, line = random.randrange(len(lines)), self._line(random)
        self._save(random, path, [*lines[:place], line, *lines[place + 1 :]], gives_up=lines[place])
        return f"replaces line {place} of {path} by {line!r}"

    def _delete_line(self, random: Random) -> str:
        path = self._some_note(random)
        lines = self._lines(path) if path else []
        if path is None or not lines:
            return self._create(random)
        place = random.randrange(len(lines))
        self._save(random, path, [*lines[:place], *lines[place + 1 :]], gives_up=lines[place])
        return f"deletes line {place} of {path}: {lines[place]!r}"

    def _rewrite(self, random: Random) -> str:
        path = self._some_note(random)
        if path is None:
            return self._create(random)
        lines = [self._line(random) for _ in range(random.randint(1, 4))]
        self._save(random, path, lines, gives_up="".join(self._lines(path)))
        return f"rewrites {path} as {lines}"

    def _line(self, random: Random) -> str:
        mark = random.choice(("", "", "", "- ", "- [ ] ", "## "))
        return f"{mark}{random.choice(FILLER)} {self._ledger.new_token()} {random.choice(FILLER)}\n"

    # Files

    def _create(self, random: Random) -> str:
        path = self._new_path(random, NOTES)
        if path is None:
            return "finds no free name"
        lines = [self._line(random) for _ in range(random.choice((0, 1, 2, 3, 8)))]
        self._put(random, path, "".join(lines).encode())
        return f"creates {path} with {lines}"

    def _write_other(self, random: Random) -> str:
        """Not text: a picture is painted anew."""
        path = self._some_file(random, OTHERS) if random.random() < 0.6 else None
        path = path or self._new_path(random, OTHERS)
        if path is None:
            return "finds no free name"
        before = self._read(path) if self._is_file(path) else b""
        content = b"\0\xff" + b" ".join(self._ledger.new_token().encode() for _ in range(2))
        self._put(random, path, content, tokens_in(before))
        return f"paints {path} as {content!r}"

    def _empty(self, random: Random) -> str:
        path = self._some_file(random)
        if path is None:
            return "finds no file to empty"
        self._put(random, path, b"", tokens_in(self._read(path)))
        return f"empties {path}"

    def _delete_file(self, random: Random) -> str:
        path = self._some_file(random)
        if path is None:
            return "finds no file to delete"
        self._remove(path)
        return f"deletes {path}"

    def _rename_file(self, random: Random) -> str:
        path = self._some_file(random)
        target = self._new_path(random, NOTES if path and path.endswith((".md", ".txt")) else OTHERS)
        if path is None or target is None:
            return "finds nothing to rename"
        self._move(path, target)
        return f"renames {path} to {target}"

    def _move_over(self, random: Random) -> str:
        """Rename over an existing file."""
        path, target = self._some_file(random), self._some_file(random)
        if path is None or target is None or path == target:
            return "finds nothing to move over"
        gone = tokens_in(self._read(target)) - tokens_in(self._read(path))
        self._touch(target)
        self._move(path, target)
        self._give_up(gone)
        return f"moves {path} over {target}"

    def _copy_file(self, random: Random) -> str:
        path = self._some_file(random)
        target = self._new_path(random, NOTES if path and path.endswith((".md", ".txt")) else OTHERS)
        if path is None or target is None:
            return "finds nothing to copy"
        self._touch(path)
        self._put(random, target, self._read(path))
        return f"copies {path} to {target}"

    # Folders

    def _make_folder(self, random: Random) -> str:
        path = random.choice(FOLDERS)
        if self._exists(path) or not self._has_room(path):
            return "finds no free folder name"
        self._name(path)
        os.makedirs(self._at(path))
        self._hint(path)
        return f"makes folder {path}"

    def _rename_folder(self, random: Random) -> str:
        path, target = self._some_folder(random), random.choice(FOLDERS)
        if path is None or self._exists(target) or not self._has_room(target) or f"{target}/".startswith(f"{path}/"):
            return "finds no folder to rename"
        for inside in self._files_below(path):
            self._touch(inside)
        self._name(target)
        os.makedirs(os.path.dirname(self._at(target)), exist_ok=True)
        os.rename(self._at(path), self._at(target))
        for inside in self._files_below(target):
            self._touch(inside)
            self._ledger.move(path + inside.removeprefix(target), inside)
        self._hint(path, target)
        return f"renames folder {path} to {target}"

    def _delete_folder(self, random: Random) -> str:
        path = self._some_folder(random)
        if path is None:
            return "finds no folder to delete"
        self._remove_folder(path)
        return f"deletes folder {path}"

    def _file_to_folder(self, random: Random) -> str:
        path = self._some_file(random)
        if path is None:
            return "finds no file to swap"
        self._remove(path)
        os.mkdir(self._at(path))
        inside = f"{path}/{random.choice(NOTES)}"
        self._put(random, inside, self._line(random).encode())
        return f"makes a folder of {path}, with {inside} in it"

    def _folder_to_file(self, random: Random) -> str:
        path = self._some_folder(random)
        if path is None:
            return "finds no folder to swap"
        self._remove_folder(path)
        self._put(random, path, self._line(random).encode())
        return f"makes a file of folder {path}"

    # The file manager

    def _save(self, random: Random, path: str, lines: list[str], gives_up: str = "") -> None:
        content = "".join(lines).encode()
        self._put(random, path, content, tokens_in(gives_up.encode()) - tokens_in(content))

    def _put(self, random: Random, path: str, content: bytes, gives_up: set[str] | None = None) -> None:
        """Save as editors do: in place, or beside and renamed over."""
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
        self._name(target)
        self._touch(path)
        os.makedirs(os.path.dirname(self._at(target)), exist_ok=True)
        os.replace(self._at(path), self._at(target))
        self._touch(target)
        self._ledger.move(path, target)
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
        return os.path.join(self._device.root, path)

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

    def _some_file(self, random: Random, names: tuple[str, ...] | None = None) -> str | None:
        files = [path for path in self._files() if names is None or path.rpartition("/")[2] in names]
        return random.choice(files) if files else None

    def _some_note(self, random: Random) -> str | None:
        notes = [path for path in self._files() if path.endswith((".md", ".txt")) and b"\0" not in self._read(path)]
        return random.choice(notes) if notes else None

    def _some_folder(self, random: Random) -> str | None:
        folders = [path for path, content in self._device.tree().items() if content is None]
        return random.choice(folders) if folders else None

    def _new_path(self, random: Random, names: tuple[str, ...]) -> str | None:
        folder = random.choice(("", "", *FOLDERS))
        name = random.choice(names)
        path = f"{folder}/{name}" if folder else name
        return None if self._exists(path) or not self._has_room(path) else path

    def _has_room(self, path: str) -> bool:
        """Whether no file is where a folder would have to be."""
        parts = path.split("/")[:-1]
        return not any(self._is_file("/".join(parts[: n + 1])) for n in range(len(parts)))
