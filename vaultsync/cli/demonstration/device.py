"""A device of the demonstration: a folder, a home of its own, and a node in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import vaultsync
from vaultsync.client.client import NodeClient
from vaultsync.daemon.config import Places
from vaultsync.errors import NodeNotRunningError, VaultsyncError

PATIENCE_S: Final = 20.0
"""How long one step may take before it has failed."""

POLL_S: Final = 0.001
STOP_S: Final = 5.0

_ENVIRONMENT: Final = ("VAULTSYNC_HOME", "VAULTSYNC_IDENTITY", "VAULTSYNC_KEYRING")
"""Variables of the person's own node, which is none of the demonstration's business."""


class DemoError(VaultsyncError):
    """A step did not end as it should."""

    title = "The demo did not work"


class Device:
    """Made by `start`, which also ends it."""

    def __init__(self, name: str, base: Path) -> None:
        self.name = name
        self.root = base / name / "notes"
        self.places = Places(base / name / "home" / "config", base / name / "home" / "data")
        self.log = base / name / "log.jsonl"
        self._home = base / name / "home"

    @asynccontextmanager
    async def start(self, *arguments: str) -> AsyncIterator[NodeClient]:
        """Run `vaultsync` with `arguments` as this device, and give the client of its node once that runs."""
        self.places.config.mkdir(parents=True)
        self.places.config_file.write_text(f'name = "{self.name}"\nlisten_host = "127.0.0.1"\nmdns = false\n')
        environment = {key: value for key, value in os.environ.items() if key not in _ENVIRONMENT}
        environment |= {"VAULTSYNC_HOME": str(self._home), "VAULTSYNC_KEYRING": "off"}
        # The children must find the package even where it runs from a checkout that is not installed.
        here = str(Path(vaultsync.__file__).parent.parent)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (here, environment.get("PYTHONPATH"))))
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "vaultsync", *arguments, "--until-eof"),
                env=environment,
                cwd=self._home,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the demonstration, which stops its nodes itself.
                start_new_session=True,
            )
        try:
            async with await self._client(process) as client:
                yield client
        finally:
            await _stop(process)

    async def _client(self, process: asyncio.subprocess.Process) -> NodeClient:
        async with asyncio.timeout(PATIENCE_S):
            while process.returncode is None:
                with suppress(NodeNotRunningError):
                    return NodeClient.find(self.places)
                await asyncio.sleep(POLL_S)
        raise DemoError(f"The node of {self.name} ended at once: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            return " ".join(self.log.read_text(errors="replace").split("\n")[-4:]).strip()[-600:]
        return ""

    def tree(self) -> dict[str, bytes | None]:
        """Every file with its content, every folder with None."""
        found: dict[str, bytes | None] = {}
        for folder, names, files in os.walk(self.root):
            here = os.path.relpath(folder, self.root)
            names[:] = [name for name in names if name != ".vaultsync"]
            found.update(dict.fromkeys(os.path.normpath(os.path.join(here, name)) for name in names))
            for name in files:
                found[os.path.normpath(os.path.join(here, name))] = Path(folder, name).read_bytes()
        return found

    def text(self, note: str) -> str | None:
        """What a note says, or None if it is not there."""
        try:
            return (self.root / note).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def edit(self, note: str, change: Callable[[str], str]) -> None:
        target = self.root / note
        target.write_text(change(target.read_text(encoding="utf-8")), encoding="utf-8")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    except asyncio.CancelledError:
        process.kill()
        raise


async def until(what: str, condition: Callable[[], bool]) -> float:
    """Wait until `condition` holds; gives how long that took, in ms. `DemoError` if it never does."""

    async def ask() -> bool:
        return condition()

    return await until_told(what, ask)


async def until_told(what: str, condition: Callable[[], Awaitable[bool]]) -> float:
    """The same, for a condition that must be asked for."""
    began = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE_S):
            # A folder is watched from outside, with nobody to send an event.
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise DemoError(f"After {PATIENCE_S:.0f} s, this is still not so: {what}.") from None
    return (time.perf_counter() - began) * 1000
