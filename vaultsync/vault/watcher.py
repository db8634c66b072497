"""Watching a vault's folder: every hint is passed on at once, as vault paths.

Hints may be late, doubled or wrong; the scanner decides. inotify.py serves Linux, watchdog the rest.
"""

from __future__ import annotations

import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from typing import Final, Protocol, Self

from watchdog.events import FileClosedNoWriteEvent, FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from vaultsync.model.paths import MARKER_DIR
from vaultsync.vault.inotify import InotifySource, OnDirty

_NO_CHANGE: Final = (FileOpenedEvent, FileClosedNoWriteEvent)


class Source(Protocol):
    """Where hints come from."""

    degraded: str | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


class WatchdogSource:
    """Hints from watchdog: FSEvents on macOS, ReadDirectoryChangesW on Windows, kqueue on BSD."""

    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root = os.path.realpath(root)
        self._on_dirty = on_dirty
        self._observer = Observer()
        self.degraded: str | None = None

    def start(self) -> None:
        """Watch all folders and begin to report."""
        try:
            self._observer.schedule(_Handler(self._root, self._on_dirty), self._root, recursive=True)
            self._observer.start()
        except OSError as error:
            self.degraded = f"the system cannot watch the folder: {error.strerror}"

    def stop(self) -> None:
        """End the threads. Idempotent."""
        if self._observer.is_alive():
            self._observer.stop()
            if self._observer is not threading.current_thread():
                self._observer.join()


class _Handler(FileSystemEventHandler):
    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root = root
        self._on_dirty = on_dirty

    def on_any_event(self, event: FileSystemEvent) -> None:
        if isinstance(event, _NO_CHANGE) or (event.is_directory and event.event_type == "modified"):
            return
        dirty: list[str] = []
        for raw in (event.src_path, event.dest_path):
            if not raw:
                continue
            path = self._vault_path(os.fsdecode(raw))
            if path is None:
                # The root itself: moved, removed, or events were lost.
                self._on_dirty(None)
                return
            if path.split("/", 1)[0] != MARKER_DIR:
                dirty.append(path)
        if dirty:
            self._on_dirty(dirty, [(dirty[0], dirty[1])] if len(dirty) == 2 else [])

    def _vault_path(self, full: str) -> str | None:
        relative = os.path.relpath(full, self._root)
        if relative == os.curdir or relative.startswith(os.pardir):
            return None
        if os.sep != "/":
            relative = relative.replace(os.sep, "/")
        return relative if relative.isascii() else unicodedata.normalize("NFC", relative)


class Watcher:
    """Calls `on_dirty` from a thread: with paths, or with None when everything must be looked at."""

    def __init__(
        self,
        root: str,
        on_dirty: OnDirty,
        source: Callable[[str, OnDirty], Source] = InotifySource if sys.platform == "linux" else WatchdogSource,
    ) -> None:
        self._source = source(root, on_dirty)

    @property
    def degraded(self) -> str | None:
        """Why changes may be seen only by scanning, in words for a person; None if all is watched."""
        return self._source.degraded

    def start(self) -> None:
        """Begin to watch. What happens after the return is reported. `OSError` if there is no such folder."""
        self._source.start()

    def stop(self) -> None:
        """End; nothing is reported after the return. Idempotent."""
        self._source.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
