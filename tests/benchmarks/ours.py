"""Two nodes of vaultsync, each in its own process, over QUIC on loopback."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

ANSWER_S: Final = 300.0
Line = dict[str, object]


class NodeProcess:
    """A process of `node.py` and the lines that it says."""

    def __init__(self, home: Path, name: str, root: Path) -> None:
        self._arguments = [str(home), name, str(root)]
        # A program that is installed has its bytecode; without it, half of a start is compiling.
        self._environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._lines: queue.Queue[Line] = queue.Queue()
        self.started_s = 0.0
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._lines = queue.Queue()
        self.started_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.node", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )
        threading.Thread(target=self._read, args=(self._process, self._lines), daemon=True).start()

    @staticmethod
    def _read(process: subprocess.Popen[str], lines: queue.Queue[Line]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(json.loads(line))
        lines.put({"what": "ended"})

    def say(self, command: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()

    def hear(self, what: str) -> Line:
        """The next line of that kind; those of others before it are passed over."""
        while True:
            line = self._lines.get(timeout=ANSWER_S)
            if line["what"] == what:
                return line
            if line["what"] == "ended":
                raise RuntimeError("a node has ended; what it says is above")

    def heard(self) -> list[Line]:
        """What has been said and not been asked for yet."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def stop(self) -> None:
        if self._process is None:
            return
        try:
            self.say("stop")
            self._process.wait(60)
        except BrokenPipeError:
            pass  # it has ended by itself, and what asks it next says so
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process = None


class Ours:
    """`Contender`."""

    name = "vaultsync"
    own_names = frozenset({".vaultsync"})

    def __init__(self, where: Path) -> None:
        self.a, self.b = where / "a", where / "b"
        self.first = NodeProcess(where / "home-a", "A", self.a)
        self.second = NodeProcess(where / "home-b", "B", self.b)

    @property
    def pids(self) -> tuple[int, int]:
        return self.first.pid, self.second.pid

    def start_first(self) -> None:
        for node in (self.first, self.second):
            node.start()
            node.hear("ready")
        self.first.say("add")
        self.first.hear("scanned")

    def connect(self) -> float:
        self.first.say("ticket")
        ticket = self.first.hear("ticket")["text"]
        for node in (self.first, self.second):
            node.say("reset")
        began_s = time.monotonic()
        self.second.say(f"join {ticket}")
        return began_s

    def wait_identical(self) -> float:
        return max(_at(node.hear("in_sync")) for node in (self.first, self.second))

    def restart(self) -> float:
        for node in (self.first, self.second):
            node.stop()
        for node in (self.first, self.second):
            node.start()
        return self.first.started_s

    def poke(self, path: str) -> None:
        pass

    def bytes_sent(self) -> int:
        self.first.say("bytes")
        sent = self.first.hear("bytes")["sent"]
        assert isinstance(sent, int)
        return sent

    def own_numbers(self) -> dict[str, float]:
        longest_ms = 0.0
        for node in (self.first, self.second):
            node.say("turns")
            turns = node.hear("turns")["longest_ms"]
            assert isinstance(turns, float)
            longest_ms = max(longest_ms, turns)
        return {"longest_turn_ms": longest_ms}

    def stop(self) -> None:
        for node in (self.first, self.second):
            node.stop()


def _at(line: Line) -> float:
    at = line["at"]
    assert isinstance(at, float)
    return at
