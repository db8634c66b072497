"""A store whose process is killed at every statement and every removal of a file, while it upgrades or prunes.

`python -m tests.crash.storekills FOLDER` forks, kills and looks; it prints how often it killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blake3 import blake3

from vaultsync.model.records import Entry, FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.store import contents
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.retention import DAY_MS, Retention
from vaultsync.store.vault_store import VaultStore

NODE = b"a" * 32
NOW_MS = 1_000 * DAY_MS
PATHS, TURNS = 2, 4
INLINE_LIMIT = 100_000
"""In the place of the product's, so that contents are in files without being large."""

Deed = Callable[[Path], VaultStore]


def make(path: Path) -> None:
    """A store with old versions, of which some have their contents in files."""
    store = VaultStore.open(path, new_index_id=b"i" * 16)
    for turn in range(1, TURNS + 1):
        with store.transaction():
            for number in range(PATHS):
                data = os.urandom(300_000) if number == 0 else b"%d %d\n" % (number, turn)
                content, version = blake3(data).digest(), Version.of({NODE: turn})
                store.history.keep(content, data)
                record = FileRecord(
                    f"{number}.md", Kind.FILE, content, len(data), 1, False, version, False, NODE, "L", 1
                )
                kept = HistoryVersion(
                    record.path,
                    version,
                    content,
                    len(data),
                    1,
                    NODE,
                    "L",
                    Action.EDITED,
                    NOW_MS - (800 - turn) * DAY_MS,
                )
                store.history.record([kept])
                store.index.put([Entry(record)])
    store.close()


def make_old(path: Path) -> None:
    """Bring the database to the first version's schema."""
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE intents")
        database.execute("DROP INDEX records_by_end")
        database.execute("DROP TABLE knowledge")
        database.execute("ALTER TABLE totals DROP COLUMN form")
        database.execute("PRAGMA user_version = 1")
    database.close()


def upgrade(path: Path) -> VaultStore:
    return VaultStore.open(path, new_index_id=b"i" * 16)


def prune(path: Path) -> VaultStore:
    store = upgrade(path)
    store.history.prune(Retention(max_bytes=100), NOW_MS)
    return store


def told(store: VaultStore) -> tuple[object, ...]:
    """All that must be the same in the end, killed or not."""
    assert store.index.digest == store.index.recompute_digest()
    versions = [version for number in range(PATHS) for version in store.history.versions(f"{number}.md")]
    for entry in store.index.changes_after(0, 1_000):
        assert store.history.read(entry.record.hash) is not None, "what is on disk now can be restored"
    return store.index.digest, store.index.sequence, versions, [store.history.read(each.hash) for each in versions]


def files_beside(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.rglob("*") if each.is_file() and path.name not in each.name)


def kill_everywhere(base: Path, model: Path, deed: Callable[[Path], VaultStore]) -> int:
    """Do `deed` on copies of `model`, and die at one call after the other. Returns how often."""
    sound = base / "sound" / model.name
    shutil.copytree(model.parent, sound.parent)
    store = deed(sound)
    wanted = told(store)
    store.close()
    for kill_at in range(1, 10_000):
        victim = base / str(kill_at) / model.name
        shutil.copytree(model.parent, victim.parent)
        child = os.fork()
        if child == 0:
            die_at(kill_at)
            deed(victim).close()
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended == 0:
            shutil.rmtree(base)
            return kill_at - 1
        assert ended == -signal.SIGKILL
        upgrade(victim).close()
        store = deed(victim)
        assert told(store) == wanted, f"killed at {kill_at}"
        store.close()
        assert files_beside(victim) == files_beside(sound), f"killed at {kill_at}"
        shutil.rmtree(victim.parent)
    raise AssertionError("never ends")


def die_at(call: int) -> None:
    """Let this process be killed at its `call`-th statement or removal of a file."""
    left = call

    def count(_statement: str = "") -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event: str, _arguments: tuple[object, ...]) -> None:
        if event == "os.remove":
            count()

    connect = sqlite3.connect

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]
    sys.addaudithook(hook)


def main(base: Path) -> None:
    contents.INLINE_LIMIT = INLINE_LIMIT  # type: ignore[misc]
    model = base / "model" / "vault.db"
    model.parent.mkdir(parents=True)
    make(model)
    pruned = kill_everywhere(base / "prune", model, prune)
    make_old(model)
    upgraded = kill_everywhere(base / "upgrade", model, upgrade)
    print(f"{pruned} kills while pruning, {upgraded} while upgrading")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
