"""Where a process's threads are, looked at a few hundred times a second."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Final

EVERY_S: Final = 0.004

_KINDS: Final = (
    # The innermost frame that matches decides: (end of the file's path, functions or none for all, kind).
    ("threading.py", (), "waiting"),
    ("selectors.py", (), "waiting"),
    ("concurrent/futures/thread.py", (), "waiting"),
    ("vault/inotify.py", ("_run",), "waiting"),
    ("vault/disk.py", ("sync_files", "sync_folders", "_sync_everything", "_sync_one"), "fsync"),
    ("vault/native.py", ("sync_file_system",), "fsync"),
    ("vault/hashing.py", (), "hash"),
    ("vault/disk.py", ("hash",), "hash"),
    ("vault/chunks.py", (), "chunks"),
    ("vault/", (), "files"),
    ("store/database.py", ("transaction",), "index commit"),
    ("store/contents.py", (), "history"),
    ("store/history.py", (), "history"),
    ("store/", (), "index"),
    ("protocol/", (), "encode"),
    ("tickets/cbor.py", (), "encode"),
    ("aioquic/", (), "packets"),
    ("transport/", (), "packets"),
    ("sync/", (), "decide"),
    ("daemon/replica/", (), "decide"),
    ("model/", (), "decide"),
)


class Sampler:
    """Counts, per thread, what kind of work it is at."""

    def __init__(self) -> None:
        self.kinds: dict[str, Counter[str]] = {}
        self.places: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        own = threading.get_ident()
        while not self._stop.is_set():
            names = {thread.ident: thread.name for thread in threading.enumerate()}
            for ident, frame in sys._current_frames().items():
                if ident != own:
                    kind = kind_of(frame)
                    self.kinds.setdefault(names.get(ident, "?"), Counter())[kind] += 1
                    if kind != "waiting":
                        self.places[place_of(frame)] += 1
            time.sleep(EVERY_S)


def kind_of(frame: FrameType | None) -> str:
    """The kind of work of the innermost frame that has one."""
    while frame is not None:
        code = frame.f_code
        path = code.co_filename.replace("\\", "/")
        for part, functions, kind in _KINDS:
            if part in path and (not functions or code.co_name in functions):
                return kind
        frame = frame.f_back
    return "other"


def place_of(frame: FrameType | None) -> str:
    """The innermost three calls within the project, without the database's own wrappers."""
    calls: list[str] = []
    while frame is not None and len(calls) < 3:
        code = frame.f_code
        if "/vaultsync/" in code.co_filename and not code.co_filename.endswith("store/database.py"):
            calls.append(f"{'/'.join(code.co_filename.split('/')[-2:])}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return "  <  ".join(calls)
