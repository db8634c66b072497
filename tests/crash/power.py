"""The power goes: what was not synced is gone, half there, or there after all, in every way that a disk may choose.

The model is a journaling file system: names change in the order in which they were changed, up to some point at or
after the last sync of a folder; a file that was never synced holds all, half or none of its content. The index's
commits are durable (SQLite, synchronous=FULL). A person's own saves count as durable at once.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from tests.support.cluster import Cluster, Device
from vaultsync.model.paths import MARKER_DIR
from vaultsync.model.records import Signature
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.files import DiskRandomFile
from vaultsync.vault.filesystem import TEMP_DIR
from vaultsync.vault.hashing import hash_bytes

_FILM = random.Random(1).randbytes(3 << 19)
"""What does not shrink, and is not copied to be kept."""

Names = dict[str, int | None]
"""What stands at a path: a file, by its number, or a folder (None)."""


class PowerCut(BaseException):
    """Nothing in the product may catch it."""


class PowerDisk(DiskFileSystem):
    """A real disk that remembers what would survive, and stops at a given call."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.calls_left: int | None = None
        self.calls = 0
        self._durable: dict[int, bytes] = {}
        """Synced contents by file."""
        self._lost: dict[int, bytes] = {}
        """Contents of removed files that were never synced."""
        self._names: Names = {}
        self._changes: list[Callable[[Names], None]] = []
        """Since the last sync of a folder."""
        self._synced: Names = {}
        self._next = 0
        self.settle()

    def settle(self) -> None:
        """All that is there now is durable."""
        self._durable, self._lost, self._changes, self._synced = {}, {}, [], {}
        for item in sorted(Path(self.root).rglob("*")):
            path = item.relative_to(self.root).as_posix()
            if path != MARKER_DIR and (not path.startswith(MARKER_DIR) or path.startswith(TEMP_DIR)):
                self._synced[path] = None if item.is_dir() else self._new(item.read_bytes())
        self._names = dict(self._synced)

    def lose_power(self, lot: random.Random) -> None:
        """Put the folder into a state in which it may be found afterwards."""
        root, limbo = Path(self.root), Path(self.root).with_name("limbo")
        limbo.mkdir()
        # Files are moved, not written anew: that a file keeps its inode is part of what is found afterwards.
        for path, file in self._names.items():
            if file is not None:
                os.rename(root / path, limbo / str(file))
        for item in root.iterdir():
            if item.name != MARKER_DIR:
                shutil.rmtree(item)
        shutil.rmtree(root / TEMP_DIR, ignore_errors=True)
        found = dict(self._synced)
        for change in self._changes[: lot.randint(0, len(self._changes))]:
            change(found)
        for path, file in sorted(found.items()):
            target = root / path
            if file is None:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if (limbo / str(file)).exists():
                os.rename(limbo / str(file), target)
            else:
                target.write_bytes(self._durable.get(file, self._lost.get(file, b"")))
            if file not in self._durable:
                size = target.stat().st_size
                os.truncate(target, lot.choice([0, size // 2, size]))
        shutil.rmtree(limbo)
        self.settle()

    # What changes names

    def create(self, path: str, content: bytes, mtime_ns: int, *, executable: bool) -> Signature:
        self._call()
        signature = super().create(path, content, mtime_ns, executable=executable)
        self._appear(path)
        return signature

    def open_random(self, path: str, *, create_size: int | None = None) -> DiskRandomFile:
        self._call()
        file = super().open_random(path, create_size=create_size)
        if create_size is not None:
            self._appear(path)
        return file

    def move(self, source: str, target: str, *, replace: bool = False) -> None:
        self._call()
        super().move(source, target, replace=replace)
        if (over := self._names.get(target)) is not None:
            self._lost.setdefault(over, b"")

        def change(names: Names) -> None:
            for path in [p for p in names if p == source or p.startswith(source + "/")]:
                names[target + path[len(source) :]] = names.pop(path)

        self._change(change)

    def give_name(self, path: str, outside: str) -> None:
        self._call()
        super().give_name(path, outside)

    def swap(self, first: str, second: str) -> bool:
        self._call()
        done = super().swap(first, second)
        if done:

            def change(names: Names) -> None:
                names[first], names[second] = names[second], names[first]

            self._change(change)
        return done

    def remove(self, path: str) -> None:
        self._call()
        if (file := self._names.get(path)) is not None:
            self._lost[file] = (Path(self.root) / path).read_bytes()
        super().remove(path)
        self._change(lambda names: names.__delitem__(path))

    def mkdir(self, path: str) -> None:
        self._call()
        super().mkdir(path)
        self._change(lambda names: names.__setitem__(path, None))

    def rmdir(self, path: str) -> None:
        self._call()
        super().rmdir(path)
        self._change(lambda names: names.__delitem__(path))

    # What makes durable

    def sync_files(self, paths: Collection[str]) -> None:
        for path in sorted(paths):
            self._call()
            file = self._names[path]
            assert file is not None
            self._durable[file] = (Path(self.root) / path).read_bytes()

    def sync_folders(self, paths: Collection[str]) -> None:
        self._call()
        if paths:
            self._changes.clear()
            self._synced = dict(self._names)

    def _call(self) -> None:
        self.calls += 1
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise PowerCut

    def _appear(self, path: str) -> None:
        self._next += 1
        file = self._next
        self._change(lambda names: names.__setitem__(path, file))

    def _change(self, change: Callable[[Names], None]) -> None:
        change(self._names)
        self._changes.append(change)

    def _new(self, content: bytes) -> int:
        self._next += 1
        self._durable[self._next] = content
        return self._next


class Story:
    """One device whose power goes at some call, and another that knows what everything should be."""

    def __init__(self, base: Path, seed: int) -> None:
        self.lot = random.Random(seed)
        self.disks: dict[str, PowerDisk] = {}
        self.cluster = Cluster(base, 2, file_system=self._disk)
        self.steady, self.weak = self.cluster.devices

    @property
    def disk(self) -> PowerDisk:
        return self.disks[os.path.realpath(self.weak.root)]

    def tell(self, cut_at: int | None) -> int:
        """Play it; the power goes at the call with this number. Returns how many calls there were."""
        self._write(self.steady, {f"note {n}.md": f"first {n}\n" for n in range(12)})
        self._write(self.steady, {"folder/a.md": "a\n", "folder/b.md": "b\n", "big.bin": "z" * (3 << 19)})
        self._write(self.steady, {"film.bin": _FILM})
        self.cluster.connect_all()
        self.cluster.settle()
        self._own(self.weak, "mine.md", "of the weak one\n")
        self.disk.settle()
        self.disk.calls, self.disk.calls_left = 0, cut_at
        try:
            self._changes()
        except PowerCut:
            self._come_back()
            self._changes()
        calls = self.disk.calls
        self.disk.calls_left = None
        self.check()
        return calls

    def _changes(self) -> None:
        """What the steady one's person does, on top of whatever is there; doing it twice changes nothing more."""
        root = self.steady.root
        self._write(self.steady, {f"note {n}.md": f"second {n}\n" for n in range(4)})
        for path in ("note 4.md", "note 5.md"):
            (root / path).unlink(missing_ok=True)
        if (root / "folder").exists():
            (root / "folder").rename(root / "moved")
        self._write(self.steady, {"big.bin": "y" * 9 + "z" * (3 << 19), "new/deep/note.md": "new\n", "note 6.md": ""})
        self._write(self.steady, {"film.bin": b"cut" + _FILM})
        self.cluster.now_ms += 3_000
        self.steady.scan()
        self.cluster.settle()

    def _come_back(self) -> None:
        disk = self.disk
        disk.calls_left = None
        self.cluster.cut(self.weak, both=False)
        self.weak.replica.state.store.close()
        disk.lose_power(self.lot)
        self.weak.replica = self.weak._open()
        self.weak.scan()
        self.cluster.connect_all()

    def check(self) -> None:
        """Both hold what the people wrote, and nothing else."""
        self.cluster.now_ms += 3_000
        for device in self.cluster.devices:
            device.scan()
        self.cluster.settle()
        tree = self.steady.tree()
        assert self.weak.tree() == tree
        assert self.weak.digest == self.steady.digest
        wanted = {f"note {n}.md": f"{'second' if n < 4 else 'first'} {n}\n" for n in (*range(4), *range(7, 12))}
        wanted |= {"note 6.md": "", "moved/a.md": "a\n", "moved/b.md": "b\n", "new/deep/note.md": "new\n"}
        wanted |= {"mine.md": "of the weak one\n", "big.bin": "y" * 9 + "z" * (3 << 19)}
        found = {path: content for path, content in tree.items() if content is not None}
        assert found == {**{path: text.encode() for path, text in wanted.items()}, "film.bin": b"cut" + _FILM}
        assert self.weak.replica.state.store.history.read(hash_bytes(_FILM)) == _FILM

    def _own(self, device: Device, path: str, text: str) -> None:
        device.write(path, text)
        device.look([path])
        self.cluster.settle()

    def _write(self, device: Device, texts: Mapping[str, str | bytes]) -> None:
        for path, text in texts.items():
            device.write(path, text)
        self.cluster.now_ms += 3_000
        device.scan()

    def _disk(self, root: str) -> PowerDisk:
        real = os.path.realpath(root)
        if real not in self.disks:
            self.disks[real] = PowerDisk(root)
        return self.disks[real]
