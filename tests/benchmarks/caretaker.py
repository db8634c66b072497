"""Outlives a benchmark: when that ends, however it ends, what it left running is ended and what it wrote is removed.

    python -m tests.benchmarks.caretaker FOLDER

Waits for the end of its standard input, which the benchmark holds open as long as it lives.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def cared_for(folder: Path) -> Iterator[None]:
    """Make `folder`; after this, or when this process is killed, it is gone, and so is every process that names it."""
    folder.mkdir(parents=True)
    command = [sys.executable, "-m", "tests.benchmarks.caretaker", str(folder)]
    # In a session of its own: what a terminal sends to the benchmark is not meant for it.
    caretaker = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        assert caretaker.stdin is not None
        caretaker.stdin.close()
        caretaker.wait()


def empty(folder: Path) -> None:
    """Free the disk, and leave the names: on ext4, freshly deleted files make new ones slow to create for minutes."""
    for parent, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):
                os.truncate(os.path.join(parent, name), 0)
    os.sync()


def processes_of(folder: Path) -> list[int]:
    """The processes, this one aside, with a path below `folder` in their command line."""
    needle = f"{folder}{os.sep}".encode()
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            if int(process) != os.getpid() and needle in Path("/proc", process, "cmdline").read_bytes():
                found.append(int(process))
    return found


def main(folder: Path) -> None:
    sys.stdin.buffer.read()
    for process in processes_of(folder):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
