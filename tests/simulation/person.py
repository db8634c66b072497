"""A person at one device, who edits the folder with any editor and any file manager."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from tests.simulation.filemanager import FileManager
from tests.simulation.ledger import FILLER, Ledger, tokens_in
from tests.simulation.manners import PLAIN, Manners
from tests.simulation.workplace import Workplace
from vaultsync.model.filters import IGNORE_FILE

NOTES: Final = ("a.md", "b.md", "note.md", "Note.md", "日記.md", "plain.txt", "ünï 🎉.md")
OTHERS: Final = ("pic.png", "data.bin", "todo")
FOLDERS: Final = ("f", "f/g", "F", "h", "h/i/j", "a.md")
"""One of them has a note's name: file and folder clash."""
RULES: Final = ("h/", "*.png", "plain.txt", "f/g/")
"""Lines of ignore files."""
LARGE: Final = 1 << 20
_NO_WORD: Final = bytes(byte | 0x80 for byte in range(256))
"""Makes bytes of random ones in which nobody finds a word."""


class Person(FileManager):
    """Every method that edits does one thing that a person would call one thing, and says which."""

    def __init__(
        self, device: Workplace, ledger: Ledger, manners: Manners = PLAIN, *, large: bool = False, rules: bool = False
    ) -> None:
        """`large`: works on large files, too; `rules`: writes ignore files."""
        super().__init__(device, ledger, manners)
        self._large = large
        self._rules = rules
        self.done: Counter[str] = Counter()
        """How often what."""

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
            (2, self._change_case),
            (3 if self._large else 0, self._write_large),
            (2 if self._rules else 0, self._write_rules),
        ]
        (act,) = random.choices([act for _, act in acts], [weight for weight, _ in acts])
        self.done[f"person: {act.__name__.strip('_').replace('_', ' ')}"] += 1
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

    def _write_large(self, random: Random) -> str:
        """More than is sent in one piece: new, or changed at one place and longer or shorter at the end."""
        large = [path for path in self._files() if os.path.getsize(self._at(path)) > LARGE]
        path = random.choice(large) if large and random.random() < 0.7 else self._new_path(random, OTHERS)
        if path is None:
            return "finds no free name"
        before = self._read(path) if self._is_file(path) else b""
        word = b"\0 %s \0" % self._ledger.new_token().encode()
        if before:
            place = random.randrange(len(before) // 2)
            rest = before[place:] if random.random() < 0.5 else before[place : -random.randint(1, 1_000)]
            content = before[:place] + word + rest
        else:
            content = word + random.randbytes(LARGE + random.randint(1, LARGE // 2)).translate(_NO_WORD)
        self._put(random, path, content, tokens_in(before) - tokens_in(content))
        return f"writes {path} of {len(content)} bytes"

    def _write_rules(self, random: Random) -> str:
        return self.set_rules(random, [rule for rule in RULES if random.random() < 0.3])

    def set_rules(self, random: Random, rules: list[str]) -> str:
        """Write the ignore file."""
        self._put(random, IGNORE_FILE, "".join(f"{rule}\n" for rule in rules).encode())
        return f"ignores {rules}"

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

    def _change_case(self, random: Random) -> str:
        """Rename a file or a folder by case only."""
        tree = self._device.tree()
        out = [path for path in tree if self._left_out(path)]
        # Nobody hears of a rename of what is left out: under its old name it comes back.
        paths = [path for path in tree if not any(f"{each}/".startswith(f"{path}/") for each in out)]
        path = random.choice(paths) if paths else ""
        folder, slash, name = path.rpartition("/")
        target = folder + slash + (name.lower() if name != name.lower() else name.capitalize())
        if target == path or (self._exists(target) and self._manners.key(target) != self._manners.key(path)):
            return "finds nothing to spell otherwise"
        if self._manners.folds_case:
            beside = f"{self._device.root}-case"
            os.rename(self._at(path), beside)
            self._name(target)
            os.rename(beside, self._at(target))
            self._renamed(path, target)
            return f"spells {path} as {target}"
        if self._is_file(path):
            self._move(path, target)
        else:
            self._move_folder(path, target)
        return f"spells {path} as {target}"

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
        path = self._true(path)
        self._name(path)
        os.makedirs(self._at(path))
        self._hint(path)
        return f"makes folder {path}"

    def _rename_folder(self, random: Random) -> str:
        path, target = self._some_folder(random), random.choice(FOLDERS)
        inside = path is not None and f"{self._true(target)}/".startswith(f"{path}/")
        if path is None or inside or self._exists(target) or not self._has_room(target):
            return "finds no folder to rename"
        self._move_folder(path, target)
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

    def _new_path(self, random: Random, names: tuple[str, ...]) -> str | None:
        folder = random.choice(("", "", *FOLDERS))
        name = random.choice(names)
        path = f"{folder}/{name}" if folder else name
        return None if self._exists(path) or not self._has_room(path) else path
