"""A person at one device, who writes as editors do."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

from tests.blackbox.device import Device
from tests.blackbox.ledger import Ledger, words_in

PROSE = ("the", "a", "of", "note", "sync", "river", "stone", "light", "paper", "morning", "idea", "list", "plan")


class Person:
    """Does one thing at a time to the folder of a device, and owns up to it in the ledger."""

    def __init__(self, device: Device, ledger: Ledger, lot: random.Random) -> None:
        self.device = device
        self._ledger = ledger
        self._lot = lot
        self._made = 0

    @property
    def who(self) -> str:
        return self.device.name

    def act(self) -> str:
        """One deed; its name."""
        deeds: list[tuple[int, Callable[[], str]]] = [
            (10, self.create),
            (30, self.edit),
            (4, self.delete),
            (6, self.rename),
            (4, self.move),
            (2, self.rename_folder),
            (1, self.delete_folder),
            (4, self.attach),
            (2, self.swap),
            (2, self.recreate),
        ]
        weights = [weight for weight, _ in deeds]
        return self._lot.choices([deed for _, deed in deeds], weights)[0]()

    def create(self, path: str | None = None, lines: int | None = None) -> str:
        name = path or self._new_name()
        if (self.device.vault / name).exists():
            return self.edit(name)
        self._ledger.touch(self.who, f"path {name}")
        count = self._lot.randint(1, 12) if lines is None else lines
        self._save(name, b"".join(self._line(name) for _ in range(count)))
        return f"create {name}"

    def edit(self, path: str | None = None) -> str:
        """Change a note in place, or by a new file that takes its place, as editors do."""
        notes = [path] if path else self._notes()
        if not notes:
            return self.create()
        name = self._lot.choice(notes)
        try:
            before = (self.device.vault / name).read_bytes()
        except OSError:
            return self.create()
        lines = before.splitlines(keepends=True)
        lot = self._lot
        spot = lot.randrange(len(lines)) if lines else 0
        kind = lot.choice(["append", "insert", "insert", "more", "more", "replace", "cut", "several"])
        if not lines or kind == "append":
            self._touch(lines[-1:], name)
            lines.append(self._line(name))
        elif kind == "insert":
            self._touch(lines[max(spot - 1, 0) : spot + 1], name)
            lines.insert(spot, self._line(name))
        elif kind == "more":
            self._touch(lines[spot : spot + 1], name)
            lines[spot] = lines[spot].rstrip(b"\n") + b" " + self._ledger.word(self.who, name).encode() + b"\n"
        elif kind == "replace":
            self._touch(lines[spot : spot + 1], name)
            old, lines[spot] = lines[spot], self._line(name)
            self._ledger.remove(self.who, name, words_in(old), "replaced a line of")
        elif kind == "cut":
            self._touch(lines[spot : spot + 1], name)
            self._ledger.remove(self.who, name, words_in(lines[spot]), "cut a line of")
            del lines[spot]
        else:
            for _ in range(lot.randint(2, 4)):
                spot = lot.randrange(len(lines) + 1)
                self._touch(lines[max(spot - 1, 0) : spot + 1], name)
                lines.insert(spot, self._line(name))
        self._ledger.saw(self.who, name, before)
        self._save(name, b"".join(lines))
        return f"edit {name}: {kind}"

    def delete(self) -> str:
        files = self._files()
        if len(files) < 4:
            return self.create()
        name = self._lot.choice(files)
        self._forget(name, "deleted")
        return f"delete {name}"

    def rename(self) -> str:
        files = self._files()
        if not files:
            return self.create()
        old = self._lot.choice(files)
        parent, _, _ = old.rpartition("/")
        new = f"{parent}/{self._new_stem()}" if parent else self._new_stem()
        return self._move(old, new + Path(old).suffix)

    def move(self) -> str:
        files = self._files()
        if not files:
            return self.create()
        old = self._lot.choice(files)
        folder = self._lot.choice(["", "Daily", "Projects/Deep", "Archive", *self._folders()])
        return self._move(old, f"{folder}/{Path(old).name}" if folder else Path(old).name)

    def rename_folder(self) -> str:
        folders = self._folders()
        if not folders:
            return self.create()
        old = self._lot.choice(folders)
        new = f"Folder {self._new_stem()}"
        for name in self._files():
            if name.startswith(old + "/"):
                self._saw(name)
        os.rename(self.device.vault / old, self.device.vault / new)
        return f"rename folder {old} to {new}"

    def delete_folder(self) -> str:
        folders = self._folders()
        if not folders or len(self._files()) < 8:
            return self.create()
        folder = self._lot.choice(folders)
        inside = [name for name in self._files() if name.startswith(folder + "/")]
        if len(inside) > len(self._files()) // 3:
            return self.create()
        for name in inside:
            self._forget(name, "deleted with its folder")
        for here, _, _ in os.walk(self.device.vault / folder, topdown=False):
            try:
                os.rmdir(here)
            except OSError:
                break
        return f"delete folder {folder}"

    def attach(self) -> str:
        """A picture: new, or another one under a name that is taken."""
        taken = [name for name in self._files() if name.endswith(".png")]
        name = self._lot.choice(taken) if taken and self._lot.random() < 0.3 else f"{self._new_stem()}.png"
        content = b"\x89PNG\x00" + self._lot.randbytes(self._lot.choice([300, 30_000, 400_000, 2_000_000]))
        self._ledger.touch(self.who, f"path {name}")
        if name in taken:
            self._take(name)
        self._ledger.attachments.add(content)
        self._save(name, content)
        return f"attach {name}"

    def swap(self) -> str:
        """Two notes exchange their names."""
        notes = self._notes()
        if len(notes) < 2:
            return self.create()
        one, other = self._lot.sample(notes, 2)
        self._saw(one)
        self._saw(other)
        aside = self.device.vault / "aside for a moment.md"
        try:
            os.rename(self.device.vault / one, aside)
            os.rename(self.device.vault / other, self.device.vault / one)
        except OSError:
            return "swap, in vain"
        finally:
            if aside.exists():
                os.rename(aside, self.device.vault / (other if not (self.device.vault / other).exists() else one))
        return f"swap {one} and {other}"

    def recreate(self) -> str:
        """A note moves away, and a new one takes its name at once."""
        notes = self._notes()
        if not notes:
            return self.create()
        name = self._lot.choice(notes)
        parent, _, _ = name.rpartition("/")
        done = self._move(name, f"{parent}/{self._new_stem()}.md" if parent else f"{self._new_stem()}.md")
        self.create(name)
        return f"{done}, and a new one in its place"

    def _move(self, old: str, new: str) -> str:
        target = self.device.vault / new
        if target.exists():
            return self.create()
        self._saw(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(self.device.vault / old, target)
        except OSError:
            return "move, in vain"
        return f"move {old} to {new}"

    def _save(self, name: str, content: bytes) -> None:
        path = self.device.vault / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._lot.random() < 0.75:
            # As Obsidian does: the file is emptied, then written.
            path.write_bytes(content)
        else:
            beside = path.with_name(f".{path.name}.swp~")
            beside.write_bytes(content)
            os.replace(beside, path)

    def _forget(self, name: str, how: str) -> None:
        path = self.device.vault / name
        try:
            content = path.read_bytes()
            self._saw(name)
            path.unlink()
        except OSError:
            return
        for line in content.splitlines():
            self._touch([line], name)
        self._ledger.remove(self.who, name, words_in(content), how)
        self._ledger.taken.add(content)

    def _take(self, name: str) -> None:
        try:
            self._ledger.taken.add((self.device.vault / name).read_bytes())
        except OSError:
            return

    def _saw(self, name: str) -> None:
        try:
            self._ledger.saw(self.who, name, (self.device.vault / name).read_bytes())
        except OSError:
            return

    def _touch(self, lines: list[bytes], name: str) -> None:
        if not lines:
            self._ledger.touch(self.who, f"end of {name}")
        for line in lines:
            for word in words_in(line):
                self._ledger.touch(self.who, word.decode())

    def _line(self, name: str) -> bytes:
        prose = " ".join(self._lot.choices(PROSE, k=self._lot.randint(2, 8)))
        return f"- {self._ledger.word(self.who, name)} {prose}\n".encode()

    def _new_stem(self) -> str:
        self._made += 1
        return f"{self._lot.choice(['Note', 'Idee', 'メモ', 'Liste 🎉', 'Über'])} {self.who} {self._made}"

    def _new_name(self) -> str:
        folder = self._lot.choice(["", "", "Daily/", "Projects/Deep/", *[f"{each}/" for each in self._folders()]])
        # Now and then a name that somebody else may think of, too.
        stem = f"Shared {self._lot.randint(1, 4)}" if self._lot.random() < 0.1 else self._new_stem()
        return f"{folder}{stem}.md"

    def _files(self) -> list[str]:
        return sorted(name for name, content in self.device.tree().items() if content is not None)

    def _notes(self) -> list[str]:
        return [name for name in self._files() if name.endswith(".md")]

    def _folders(self) -> list[str]:
        return sorted(name for name, content in self.device.tree().items() if content is None)
