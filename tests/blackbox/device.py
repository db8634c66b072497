"""One device: its home, its folder, and the daemon that a person starts, stops, kills or freezes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

COMMAND_PATIENCE_S = 30.0


class Device:
    """A person's device. `build` is a folder that holds the product to try, if it is not the installed one."""

    def __init__(self, base: Path, name: str, build: Path | None = None) -> None:
        self.name = name
        self.home = base / name / "home"
        self.vault = base / name / "notes"
        self.log = base / name / "log.txt"
        (self.home / "config").mkdir(parents=True)
        self.vault.mkdir(parents=True)
        config = f'name = "{name}"\nlisten_host = "127.0.0.1"\nmdns = false\n'
        (self.home / "config" / "config.toml").write_text(config)
        self._build = build
        self._process: subprocess.Popen[bytes] | None = None
        self.frozen = False

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def command(self, *arguments: str) -> Any:
        """What `vaultsync … --json` answers; None if it fails."""
        try:
            done = subprocess.run(
                [*self._program, *arguments, "--json"],
                env=self._environ,
                cwd=self.vault,
                capture_output=True,
                timeout=COMMAND_PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # Its last words say where it stands.
            self._end(signal.SIGABRT)
            raise AssertionError(f"{self.name} does not answer: {self.log.read_text()[-5000:]}") from None
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def show(self, path: str, number: int) -> bytes | None:
        """A version of a note, byte for byte."""
        done = subprocess.run(
            [*self._program, "show", f"--version={number}", "--", path],
            env=self._environ,
            cwd=self.vault,
            capture_output=True,
            timeout=COMMAND_PATIENCE_S,
            check=False,
        )
        return done.stdout if done.returncode == 0 else None

    def run(self) -> None:
        self._launch("run", str(self.vault))

    def join(self, ticket: str) -> None:
        self._launch("join", ticket, str(self.vault), "--yes")

    def ticket(self) -> str:
        """A ticket, as soon as the daemon can give one."""
        deadline_s = time.monotonic() + COMMAND_PATIENCE_S
        while time.monotonic() < deadline_s:
            made = self.command("ticket", str(self.vault))
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

    def tree(self) -> dict[str, bytes | None]:
        """What the folder holds, folders as None; without the product's own hidden folder."""
        while True:
            try:
                return dict(self._walk())
            except (FileNotFoundError, NotADirectoryError):
                continue

    def _walk(self) -> list[tuple[str, bytes | None]]:
        found: list[tuple[str, bytes | None]] = []
        for folder, folders, files in os.walk(self.vault):
            here = Path(folder)
            if here == self.vault:
                folders[:] = [name for name in folders if name != ".vaultsync"]
            found += [((here / name).relative_to(self.vault).as_posix(), None) for name in folders]
            found += [((here / name).relative_to(self.vault).as_posix(), (here / name).read_bytes()) for name in files]
        return found

    @property
    def _program(self) -> list[str]:
        return [sys.executable, "-m", "vaultsync"]

    @property
    def _environ(self) -> dict[str, str]:
        build = str(self._build or Path(__file__).parents[2])
        own = {
            "VAULTSYNC_HOME": str(self.home),
            "VAULTSYNC_KEYRING": "off",
            "PYTHONPATH": build,
            "PYTHONFAULTHANDLER": "1",
        }
        return {**os.environ, **own}

    def _launch(self, *arguments: str) -> None:
        assert self._process is None, f"{self.name} runs already"
        with self.log.open("ab") as log:
            # The pipe that is never written to ends the daemon with whoever runs this.
            self._process = subprocess.Popen(
                [*self._program, *arguments, "--until-eof", "--json"],
                env=self._environ,
                cwd=self.vault,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        self.frozen = False
        assert process.stdin is not None
        process.stdin.close()
        try:
            return process.wait(COMMAND_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{self.name} does not end: {self.log.read_text()[-2000:]}") from None
