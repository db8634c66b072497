"""Two ways to start the command: as a person does, and by a fork of a process that has it loaded already.

The second is for long passes: half of what a history costs is Python that begins. What runs is the same.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import pkgutil
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

_NEW_NET = 0x40000000
"""`CLONE_NEWNET` of sched.h."""
_PR_SET_PDEATHSIG = 1
"""prctl(2)"""
_LOOK_EVERY_S = 0.01


class Process(Protocol):
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...
    def send_signal(self, sig: int, /) -> None: ...
    def end_input(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Call:
    """A command line, without the program's name, and where it is given."""

    arguments: Sequence[str]
    environ: Mapping[str, str]
    folder: Path
    space: int | None
    """A process whose network is to be used."""


class Start(Protocol):
    def launch(self, call: Call, log: Path) -> Process: ...

    def ask(self, call: Call, patience_s: float) -> tuple[int, bytes]:
        """Exit code and standard output. Raises subprocess.TimeoutExpired."""


class Cold:
    """A new process of the installed Python; `build` comes first on its path."""

    def __init__(self, build: Path) -> None:
        self._build = build

    def launch(self, call: Call, log: Path) -> Process:
        with log.open("ab") as out:
            # The pipe that is never written to ends the daemon with whoever runs this.
            return _Popen(
                self._line(call),
                env=self._environ(call),
                cwd=call.folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
            )

    def ask(self, call: Call, patience_s: float) -> tuple[int, bytes]:
        done = subprocess.run(
            self._line(call),
            env=self._environ(call),
            cwd=call.folder,
            capture_output=True,
            timeout=patience_s,
            check=False,
        )
        return done.returncode, done.stdout

    def _line(self, call: Call) -> list[str]:
        inside = ["nsenter", f"--net=/proc/{call.space}/ns/net", "--"] if call.space else []
        return [*inside, sys.executable, "-m", "vaultsync", *call.arguments]

    def _environ(self, call: Call) -> dict[str, str]:
        path = [*filter(None, [call.environ.get("PYTHONPATH")]), str(self._build)]
        return {**os.environ, **call.environ, "PYTHONPATH": os.pathsep.join(path)}


class Warm:
    """Forks of this process, which must have one thread only, and must not have loaded another build."""

    def __init__(self, build: Path) -> None:
        sys.path.insert(0, str(build))
        package = importlib.import_module("vaultsync")
        assert Path(package.__file__ or "").is_relative_to(build), "another build is loaded already"
        for module in pkgutil.walk_packages(package.__path__, "vaultsync."):
            if not module.name.startswith(("vaultsync.tui", "vaultsync.__main__")):
                importlib.import_module(module.name)
        gc.collect()
        gc.freeze()

    def launch(self, call: Call, log: Path) -> Process:
        with log.open("ab") as out:
            return _fork(call, out)

    def ask(self, call: Call, patience_s: float) -> tuple[int, bytes]:
        with tempfile.TemporaryFile() as out:
            process = _fork(call, out, subprocess.DEVNULL)
            try:
                code = process.wait(patience_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                raise
            finally:
                process.end_input()
            out.seek(0)
            return code, out.read()


class _Popen(subprocess.Popen[bytes]):
    def end_input(self) -> None:
        if self.stdin is not None:
            self.stdin.close()


class _Forked:
    def __init__(self, pid: int, pipe: int) -> None:
        self._pid = pid
        self._pipe = pipe
        self._code: int | None = None

    def poll(self) -> int | None:
        if self._code is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code

    def wait(self, timeout: float) -> int:
        deadline_s = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline_s:
                raise subprocess.TimeoutExpired("vaultsync", timeout)
            time.sleep(_LOOK_EVERY_S)
        return code

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:
            os.kill(self._pid, sig)

    def end_input(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1


def _fork(call: Call, out: IO[bytes], errors: int | None = None) -> _Forked:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(reader)
        return _Forked(pid, writer)
    try:
        _become(call, reader, out.fileno(), errors)
    except SystemExit as end:
        code = end.code
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    except BaseException:  # noqa: BLE001 -- what is forked off must never return
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def end_with_parent() -> None:
    """Whatever ends the process that began this one ends this one too, even while it is frozen."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _become(call: Call, reader: int, out: int, errors: int | None) -> None:
    end_with_parent()
    os.dup2(reader, 0)
    os.dup2(out, 1)
    os.dup2(out if errors is None else os.open(os.devnull, os.O_WRONLY), 2)
    if call.space:
        there = os.open(f"/proc/{call.space}/ns/net", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(there, _NEW_NET):
            raise OSError(ctypes.get_errno(), "no way into the network")
    # Whatever else is open is the other devices' business.
    os.closerange(3, 1024)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0, "r"), os.fdopen(1, "w"), os.fdopen(2, "w")
    random.seed()
    os.chdir(call.folder)
    os.environ.update(call.environ)
    sys.argv = ["vaultsync", *call.arguments]
    try:
        runpy.run_module("vaultsync", run_name="__main__")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
