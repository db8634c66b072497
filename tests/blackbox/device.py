"""One device: its home, its folder, and the daemon that a person starts, stops, kills or freezes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.blackbox.starting import Call, Process, Start

PATIENCE_S = 120.0
"""Longer than any answer takes, however busy the machine."""

_WRONG_CLOCK = """
import os, time
_s, _now, _now_ns = int(os.environ["BLACKBOX_CLOCK_OFF_S"]), time.time, time.time_ns
time.time, time.time_ns = lambda: _now() + _s, lambda: _now_ns() + _s * 10**9
"""
"""Run by Python before anything else, where the clock is to be wrong."""


class Device:
    """A person's device; `start` is how commands begin on it."""

    def __init__(self, base: Path, name: str, start: Start, cold: Start) -> None:
        self.name = name
        self.home = base / name / "home"
        self.vault = base / name / "notes"
        self.log = base / name / "log.txt"
        self.clock_off_s = 0
        """Holds from the next start on."""
        self.frozen = False
        self.reachable: set[str] = set()
        """The names of the devices that it can ever meet."""
        self.space: int | None = None
        """A process whose network the device is in."""
        self._site = base / name / "site"
        self._start = start
        self._cold = cold
        self._process: Process | None = None
        for folder in (self.home / "config", self.vault, self._site):
            folder.mkdir(parents=True)
        (self._site / "sitecustomize.py").write_text(_WRONG_CLOCK)

    def configure(self, *, loopback: bool, mdns: bool) -> None:
        lines = [f'name = "{self.name}"', f"mdns = {str(mdns).lower()}", *['listen_host = "127.0.0.1"'] * loopback]
        (self.home / "config" / "config.toml").write_text("\n".join(lines) + "\n")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def command(self, *arguments: str) -> Any:
        """What `vaultsync … --json` answers; None if it fails."""
        try:
            code, output = self._begin.ask(self._call(*arguments, "--json"), PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise self._silent() from None
        return json.loads(output) if code == 0 and output else None

    def show(self, path: str, number: int) -> bytes | None:
        """A version of a note, byte for byte."""
        code, output = self._begin.ask(self._call("show", f"--version={number}", "--", path), PATIENCE_S)
        return output if code == 0 else None

    def status(self) -> Any:
        """What `vaultsync status --json` says, asked of the local API; None if it does not answer."""
        try:
            found = json.loads((self.home / "data" / "api.json").read_text())
            if not found.get("socket"):
                return self.command("status")
            line = _UnixConnection(found["socket"])
            try:
                line.request("GET", "/v1/status", headers={"Authorization": f"Bearer {found['token']}"})
                answer = line.getresponse()
                return json.loads(answer.read()) if answer.status == 200 else None
            finally:
                line.close()
        except TimeoutError:
            raise self._silent() from None
        except (OSError, HTTPException, ValueError):
            return None

    def run(self) -> None:
        self._launch("run", str(self.vault))

    def join(self, ticket: str) -> None:
        self._launch("join", ticket, str(self.vault), "--yes")

    def ticket(self) -> str:
        """A ticket, as soon as the daemon can give one."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            # Good for longer than any clock is wrong.
            made = self.command("ticket", str(self.vault), "--minutes", "43200")
            if made is not None:
                return str(made["ticket"])
            assert self.running, f"{self.name} ended: {self.log.read_text()[-2000:]}"
        raise AssertionError(f"{self.name} gives no ticket: {self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """As a service manager does; a clean end is expected."""
        code = self._end(signal.SIGTERM)
        assert code == 0, f"{self.name} ended with {code}: {self.log.read_text()[-2000:]}"

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """As a closed lid does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self.frozen = False

    def forget(self) -> None:
        """The data folder is lost: index, history, and who the others are. The notes and the key stay."""
        shutil.rmtree(self.home / "data")

    def back_up(self) -> None:
        shutil.copytree(self.home / "data", self.home / "backup", dirs_exist_ok=True)

    def restore(self) -> None:
        """The data folder of back then is put in the place of today's."""
        shutil.rmtree(self.home / "data")
        os.rename(self.home / "backup", self.home / "data")

    def tree(self) -> dict[str, bytes | None]:
        """What the folder holds, folders as None; without the product's own hidden folder."""
        while True:
            try:
                names = self.names()
                return {name: (self.vault / name).read_bytes() if is_file else None for name, is_file in names.items()}
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue

    def names(self) -> dict[str, bool]:
        """Every path, and whether it is a file."""
        found: dict[str, bool] = {}
        for folder, folders, files in os.walk(self.vault):
            here = os.path.relpath(folder, self.vault)
            if here == ".":
                folders[:] = [name for name in folders if name != ".vaultsync"]
            below = "" if here == "." else f"{here}/"
            found |= dict.fromkeys((below + name for name in folders), False)
            found |= dict.fromkeys((below + name for name in files), True)
        return found

    @property
    def _begin(self) -> Start:
        """A wrong clock must be there before anything is loaded."""
        return self._cold if self.clock_off_s else self._start

    def _call(self, *arguments: str) -> Call:
        environ = {"VAULTSYNC_HOME": str(self.home), "VAULTSYNC_KEYRING": "off", "PYTHONFAULTHANDLER": "1"}
        if self.clock_off_s:
            environ |= {"PYTHONPATH": str(self._site), "BLACKBOX_CLOCK_OFF_S": str(self.clock_off_s)}
        return Call(arguments, environ, self.vault, self.space)

    def _silent(self) -> AssertionError:
        # Its last words say where it stands.
        self._end(signal.SIGABRT)
        return AssertionError(f"{self.name} does not answer: {self.log.read_text()[-5000:]}")

    def _launch(self, *arguments: str) -> None:
        assert self._process is None, f"{self.name} runs already"
        self._process = self._begin.launch(self._call(*arguments, "--until-eof", "--json"), self.log)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        self.frozen = False
        process.end_input()
        try:
            return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise AssertionError(f"{self.name} does not end: {self.log.read_text()[-2000:]}") from None


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
