"""Two dashboards in two terminals: a ticket is copied from one and pasted into the other, and an edit crosses."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

ROOT = Path(__file__).parents[2]


class Terminals:
    """Windows of 100×30 in a tmux server of their own."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._socket = base / "tmux"

    def run(self, *arguments: str, given: str | None = None) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", str(self._socket), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout

    def open(self, name: str, *arguments: str) -> None:
        """Run vaultsync in a window, as a device with a home of its own."""
        home = self._base / name
        (home / "config").mkdir(parents=True)
        (home / "config" / "config.toml").write_text(f'name = "{name}"\nlisten_host = "127.0.0.1"\nmdns = false\n')
        environ = {"VAULTSYNC_HOME": str(home), "VAULTSYNC_KEYRING": "off", "PYTHONPATH": str(ROOT)}
        settings = [f"{key}={value}" for key, value in environ.items()]
        command = ["env", *settings, sys.executable, "-m", "vaultsync", *arguments]
        self.run("new-session", "-d", "-s", name, "-x", "100", "-y", "30", *command)

    def keys(self, name: str, *keys: str) -> None:
        self.run("send-keys", "-t", name, *keys)

    def paste(self, name: str, text: str) -> None:
        """Paste as a terminal does: in brackets."""
        self.run("load-buffer", "-", given=text)
        self.run("paste-buffer", "-p", "-t", name)

    def text(self, name: str) -> str:
        return self.run("capture-pane", "-p", "-t", name)

    def wait(self, name: str, condition: Callable[[str], object]) -> str:
        """The window's text as soon as `condition` holds of it."""
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            text = self.text(name)
            if condition(text):
                return text
            time.sleep(0.05)
        raise AssertionError(f"it does not come about in {name}; shown is\n{self.text(name)}")


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    found = Terminals(tmp_path)
    try:
        yield found
    finally:
        for name in ("laptop", "phone"):
            environ = {**os.environ, "VAULTSYNC_HOME": str(tmp_path / name), "PYTHONPATH": str(ROOT)}
            stop = (
                "import asyncio\nfrom vaultsync.client.client import NodeClient\n"
                "async def stop():\n    async with NodeClient.find() as client:\n        await client.stop()\n"
                "asyncio.run(stop())"
            )
            subprocess.run([sys.executable, "-c", stop], env=environ, check=False, capture_output=True)
        subprocess.run(["tmux", "-S", str(tmp_path / "tmux"), "kill-server"], check=False, capture_output=True)


def test_two_dashboards_pair_and_an_edit_crosses(terminals: Terminals, tmp_path: Path) -> None:
    notes, target = tmp_path / "Notes", tmp_path / "Copy"
    notes.mkdir()
    (notes / "Hello.md").write_text("hello\n")
    terminals.open("laptop", str(notes))
    terminals.open("phone")
    terminals.wait("laptop", lambda text: "1 file" in text)
    terminals.wait("phone", lambda text: "No vault yet" in text)

    terminals.keys("laptop", "a")
    # A terminal may be read in the middle of being drawn: what comes last must be there.
    shown = terminals.wait("laptop", lambda text: "Waiting for the other device" in text and "send it only to" in text)
    lines = [line.strip("│ \n") for line in shown.splitlines()]
    first = next(number for number, line in enumerate(lines) if line.startswith("vault1"))
    copied = "\n".join(line for line in lines[first : lines.index("", first)])
    assert re.fullmatch(r"vault1[a-z2-7\n]+", copied)

    terminals.keys("phone", "j")
    terminals.wait("phone", lambda text: "Paste here what it shows" in text)
    terminals.paste("phone", copied)
    terminals.wait("phone", lambda text: "“Notes” from laptop" in text and "~/Notes" in text)
    terminals.keys("phone", "Tab", "C-u")
    terminals.keys("phone", "-l", str(target))
    terminals.keys("phone", "Enter")
    terminals.wait("phone", lambda text: "Join this vault?" in text)
    terminals.keys("phone", "y")
    there = terminals.wait("phone", lambda text: "Paired with laptop" in text)
    here = terminals.wait("laptop", lambda text: "Paired with phone" in text)
    words = re.compile(r"^[│ ]+((?:[a-z]+  ){5}[a-z]+)[│ ]*$", re.MULTILINE)
    said_there, said_here = words.search(there), words.search(here)
    assert said_there is not None
    assert said_here is not None
    assert said_there[1] == said_here[1]

    terminals.keys("phone", "1")
    terminals.wait("phone", lambda text: "in sync with laptop" in text)
    (notes / "New.md").write_text("it crosses\n")
    terminals.wait("phone", lambda text: "← New.md created by laptop" in text)
    assert (target / "New.md").read_text() == "it crosses\n"
    assert (target / "Hello.md").read_text() == "hello\n"

    terminals.keys("phone", "q")
    terminals.wait("phone", lambda text: "Quit the dashboard" in text)
    terminals.keys("phone", "l")
    (notes / "After.md").write_text("the node goes on\n")
    give_up = time.monotonic() + 30
    while not (target / "After.md").exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    assert (target / "After.md").read_text() == "the node goes on\n"
