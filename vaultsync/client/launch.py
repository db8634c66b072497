"""Starting a node that goes on in the background when whoever started it has left."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vaultsync.client.client import NodeClient
from vaultsync.daemon.config import Places
from vaultsync.errors import NodeError, NodeNotRunningError

LOG_NAME: Final = "node.log"
MAX_LOG: Final = 4 << 20
"""Bytes; a longer log is put aside as `node.log.1` at the next start."""

ANSWERS_WITHIN_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.05


async def is_running(places: Places) -> bool:
    """Whether a node of these places answers."""
    try:
        async with NodeClient.find(places) as client:
            await client.status()
    except NodeNotRunningError:
        return False
    return True


async def ensure_node(places: Places, folders: Sequence[Path] = ()) -> bool:
    """See to it that a node runs and serves `folders`. Tells whether it had to be started.

    Its log goes to `node.log` in the data folder. `NodeError` with its own words if it does not come up; what the
    node says of a folder that it can't serve.
    """
    if await is_running(places):
        async with NodeClient.find(places) as client:
            for folder in folders:
                await client.add_vault(folder)
        return False
    await _start(places, folders)
    return True


async def _start(places: Places, folders: Sequence[Path]) -> None:
    process = await asyncio.to_thread(_spawn, places, folders)
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while not await is_running(places):
                if process.poll() is not None:
                    raise await asyncio.to_thread(_failure, places)
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        process.terminate()
        raise NodeError(
            f"The node was started, but has not answered for {ANSWERS_WITHIN_S:.0f} seconds.",
            hint=f"Its log is {places.data / LOG_NAME}.",
        ) from None


def _spawn(places: Places, folders: Sequence[Path]) -> subprocess.Popen[bytes]:
    places.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = places.data / LOG_NAME
    if log.exists() and log.stat().st_size > MAX_LOG:
        os.replace(log, log.with_name(f"{LOG_NAME}.1"))
    command = [sys.executable, "-m", "vaultsync", "run", *map(str, folders)]
    with log.open("ab") as output, _errors(places).open("wb") as errors:
        if sys.platform == "win32":
            flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
            return subprocess.Popen(  # noqa: S603 (this program itself)
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=places.data, creationflags=flags
            )
        # A session of its own: it does not get the terminal's Ctrl-C, nor its hang-up.
        return subprocess.Popen(  # noqa: S603 (this program itself)
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=places.data, start_new_session=True
        )


def _errors(places: Places) -> Path:
    return places.data / "node.err"


def _failure(places: Places) -> NodeError:
    """What the node wrote before it ended."""
    said = _errors(places).read_text(encoding="utf-8", errors="replace").strip()
    first, _, hint = said.partition("\n")
    error = NodeError(
        first or "It ended and said nothing.", hint=hint.strip() or f"Its log is {places.data / LOG_NAME}."
    )
    error.title = "The node did not start"
    return error
