"""`vaultsync demo`, as a person sees it and as it ends when something ends it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name != "posix", reason="signals and process groups")]

ROOT = Path(__file__).parents[2]


async def start(tmp_path: Path, *arguments: str) -> asyncio.subprocess.Process:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "VAULTSYNC_HOME": "/nonexistent", "VAULTSYNC_IDENTITY": "bad"}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "vaultsync", "demo", *arguments),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_shows_every_step_and_leaves_nothing(tmp_path: Path) -> None:
    process = await start(tmp_path)
    out, err = await process.communicate()
    assert (process.returncode, err.decode()) == (0, "")
    text = out.decode()
    for said in (
        "an edit on Laptop is on Phone",
        "a rename on Phone is on Laptop",
        "a delete on Laptop is on Phone",
        "both edits are kept",
        "equal, byte for byte",
        "vaultsync ticket ~/notes",
    ):
        assert said in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) <= 24
    assert list(tmp_path.iterdir()) == []


async def test_its_steps_as_json(tmp_path: Path) -> None:
    process = await start(tmp_path, "--json")
    out, _ = await process.communicate()
    steps = json.loads(out)["steps"]
    names = ["laptop", "phone", "first_sync", "edit", "rename", "delete", "concurrent_edit", "proof"]
    assert [step["name"] for step in steps] == names
    assert all(step["ms"] > 0 for step in steps[2:7])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_whatever_ends_it_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    process = await start(tmp_path)
    assert process.stdout is not None
    while b"Laptop" not in await process.stdout.readline():
        assert process.returncode is None
    nodes = nodes_below(tmp_path)
    assert nodes
    process.send_signal(number)
    await process.communicate()
    assert process.returncode == 130
    assert not any(map(alive, nodes))
    assert list(tmp_path.iterdir()) == []


async def test_nodes_end_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    process = await start(tmp_path)
    assert process.stdout is not None
    while b"Laptop" not in await process.stdout.readline():
        assert process.returncode is None
    nodes = nodes_below(tmp_path)
    assert nodes
    process.kill()
    await process.communicate()
    async with asyncio.timeout(30):
        while any(map(alive, nodes)):
            await asyncio.sleep(0.02)


def nodes_below(base: Path) -> list[int]:
    """The processes whose descriptors lie in the demonstration's folder."""
    return [json.loads(found.read_text())["pid"] for found in base.rglob("api.json")]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A process that has ended but that nobody has waited for is not alive.
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return True
