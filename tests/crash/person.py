"""What a person does to one folder while nodes are killed, and what must be there in the end."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.support.processes import Device

MB = 1 << 20

Tree = dict[str, bytes]


class Person:
    """Writes on one device, at paths that nobody else writes to: then what must be there in the end is certain."""

    def __init__(self, device: Device, lot: random.Random) -> None:
        self.root = device.vault
        self.name = device.name
        self.wrote: Tree = {}
        self._lot = lot
        self._count = 0

    def act(self) -> str:
        """Do one thing; says what."""
        verb = self._lot.choices(
            [
                self.create,
                self.edit,
                self.append,
                self.rename,
                self.delete,
                self.create_many,
                self.attach,
                self.edit_large,
            ],
            [6, 6, 4, 3, 2, 1, 1, 2],
        )[0]
        verb()
        return verb.__name__

    def create(self) -> None:
        self._write(self._new_path(), self._text())

    def create_many(self) -> None:
        for _ in range(60):
            self.create()

    def edit(self) -> None:
        if path := self._some_path():
            self._write(path, self._text())

    def append(self) -> None:
        if path := self._some_path():
            self._write(path, self.wrote[path] + self._text())

    def rename(self) -> None:
        if path := self._some_path():
            target = self._new_path()
            (self.root / target).parent.mkdir(parents=True, exist_ok=True)
            os.rename(self.root / path, self.root / target)
            self.wrote[target] = self.wrote.pop(path)

    def delete(self) -> None:
        if path := self._some_path():
            os.unlink(self.root / path)
            del self.wrote[path]

    def attach(self) -> None:
        large = [path for path in self.wrote if path.endswith(".bin")]
        if len(large) < 3:
            self._write(f"{self.name} {self._next()}.bin", self._lot.randbytes(self._lot.randint(2 * MB, 8 * MB)))

    def edit_large(self) -> None:
        large = sorted(path for path in self.wrote if path.endswith(".bin"))
        if large:
            path = self._lot.choice(large)
            content, at = self.wrote[path], self._lot.randrange(2 * MB)
            self._write(path, content[:at] + self._lot.randbytes(1_000) + content[at:])

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _new_path(self) -> str:
        folder = self._lot.choice(["", "Daily/", "Über/uns/", f"{self.name} 📁/"])
        return f"{folder}{self.name} {self._next()}.md"

    def _some_path(self) -> str | None:
        notes = sorted(path for path in self.wrote if path.endswith(".md"))
        return self._lot.choice(notes) if notes else None

    def _text(self) -> bytes:
        lines = [f"line {self._lot.random()} of {self.name}" for _ in range(self._lot.randint(1, 60))]
        return ("\n".join(lines) + "\n").encode()

    def _write(self, path: str, content: bytes) -> None:
        """As Obsidian does, in place; or as editors do that take care, by a rename."""
        target: Path = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._lot.random() < 0.3:
            aside = target.with_name(f"~$saving {self._next()}")
            aside.write_bytes(content)
            os.replace(aside, target)
        else:
            target.write_bytes(content)
        self.wrote[path] = content
