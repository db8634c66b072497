"""A person at one device, who edits notes as editors do, and owns up to it in the ledger."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.blackbox import writing
from tests.blackbox.device import Device
from tests.blackbox.ledger import Ledger, words_in

PROSE = ("the", "a", "of", "note", "sync", "river", "stone", "light", "paper", "morning", "idea", "list", "plan")
FOLDERS = ("", "Daily", "Projects/Deep", "Archive")
STEMS = ("Note", "Idee", "メモ", "Liste 🎉", "Über", ".dot", "UPPER", "with (brackets) & $igns", "a" * 120)


class Person:
    """Does one thing at a time to the folder of a device."""

    def __init__(self, device: Device, ledger: Ledger, lot: random.Random) -> None:
        self.device = device
        self.ledger = ledger
        self.lot = lot
        self._made = 0

    @property
    def who(self) -> str:
        return self.device.name

    @property
    def folder(self) -> Path:
        return self.device.vault

    # Notes

    def create(self, path: str | None = None, lines: int | None = None) -> str:
        name = path or self.new_name()
        if (self.folder / name).exists():
            return self.edit(name)
        self.ledger.touch(self.who, f"path {name}")
        count = self.lot.randint(1, 12) if lines is None else lines
        self.save(name, b"".join(self.line(name) for _ in range(count)))
        return f"create {name}"

    def edit(self, path: str | None = None) -> str:
        """Change a note in place, or by a new file that takes its place, as editors do."""
        notes = [path] if path else self.notes()
        if not notes:
            return self.create()
        name = self.lot.choice(notes)
        try:
            before = (self.folder / name).read_bytes()
        except OSError:
            return self.create()
        lines = before.splitlines(keepends=True)
        lot = self.lot
        spot = lot.randrange(len(lines)) if lines else 0
        kind = lot.choice(["append", "echo", "insert", "insert", "more", "more", "replace", "cut", "several"])
        self.ledger.saw(self.who, name, before)
        if not lines or kind in ("append", "echo"):
            self._touch(lines[-1:], name)
            added = b"\n" * (bool(lines) and not lines[-1].endswith(b"\n")) + self.line(name)
            if kind == "echo":
                writing.append(self.folder / name, added)
                return f"edit {name}: {kind}"
            lines.append(added)
        elif kind == "insert":
            self._touch(lines[max(spot - 1, 0) : spot + 1], name)
            lines.insert(spot, self.line(name))
        elif kind == "more":
            self._touch(lines[spot : spot + 1], name)
            lines[spot] = lines[spot].rstrip(b"\n") + b" " + self.ledger.word(self.who, name).encode() + b"\n"
        elif kind == "replace":
            self._touch(lines[spot : spot + 1], name)
            old, lines[spot] = lines[spot], self.line(name)
            self.take_away(name, words_in(old), "replaced a line of")
        elif kind == "cut":
            self._touch(lines[spot : spot + 1], name)
            self.take_away(name, words_in(lines[spot]), "cut a line of")
            del lines[spot]
        else:
            for _ in range(lot.randint(2, 4)):
                spot = lot.randrange(len(lines) + 1)
                self._touch(lines[max(spot - 1, 0) : spot + 1], name)
                lines.insert(spot, self.line(name))
        text = b"".join(lines)
        if self.read(name) != before:
            # What just came from elsewhere would be written over unseen: no program can know, and no judge.
            self.ledger.take_back(words_in(text) - words_in(before), words_in(before) - words_in(text))
            return f"edit {name}: {kind}, in vain"
        # Now and then without an end to the last line.
        self.save(name, text.removesuffix(b"\n") if lot.random() < 0.1 else text)
        return f"edit {name}: {kind}"

    # What deeds are made of

    def save(self, name: str, content: bytes) -> None:
        writing.save(self.folder / name, content, self.lot)

    def read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError:
            return None

    def move(self, old: str, new: str) -> str:
        target = self.folder / new
        if target.exists():
            return self.create()
        self.saw(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(self.folder / old, target)
        except OSError:
            return "move, in vain"
        return f"move {old} to {new}"

    def remove(self, name: str, how: str) -> None:
        content = self.read(name)
        if content is None:
            return
        self.ledger.saw(self.who, name, content)
        (self.folder / name).unlink(missing_ok=True)
        for line in content.splitlines():
            self._touch([line], name)
        self.take_away(name, words_in(content), how)
        self.ledger.taken.add(content)

    def take_away(self, name: str, words: set[bytes], how: str) -> None:
        """Own up to words that go from a file. What stands in another one here, as where a note was given two names at
        once, stays there."""
        others = [self.read(other) or b"" for other in self.notes() if other != name]
        self.ledger.copied(b" ".join(words & words_in(b"\n".join(others))))
        self.ledger.remove(self.who, name, words, how)

    def saw(self, name: str) -> None:
        content = self.read(name)
        if content is not None:
            self.ledger.saw(self.who, name, content)

    def line(self, name: str) -> bytes:
        prose = " ".join(self.lot.choices(PROSE, k=self.lot.randint(2, 8)))
        return f"- {self.ledger.word(self.who, name)} {prose}\n".encode()

    def new_stem(self) -> str:
        self._made += 1
        return f"{self.lot.choice(STEMS)} {self.who} {self._made}"

    def new_name(self) -> str:
        folder = self.lot.choice([*FOLDERS, *self.folders()])
        # Now and then a name that somebody else may think of, too.
        stem = f"Shared {self.lot.randint(1, 4)}" if self.lot.random() < 0.1 else self.new_stem()
        return (f"{folder}/" if folder else "") + stem + self.lot.choice([".md"] * 4 + [".txt", ""])

    def files(self) -> list[str]:
        return sorted(name for name, is_file in self.device.names().items() if is_file)

    def notes(self) -> list[str]:
        return [name for name in self.files() if not name.endswith((".png", "~"))]

    def folders(self) -> list[str]:
        return sorted(name for name, is_file in self.device.names().items() if not is_file)

    def _touch(self, lines: list[bytes], name: str) -> None:
        if not lines:
            self.ledger.touch(self.who, f"end of {name}")
        for line in lines:
            for word in words_in(line):
                self.ledger.touch(self.who, word.decode())
