"""The verbs as processes: what they print, how they end, and how they work together."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.processes import Device, devices

pytestmark = pytest.mark.e2e


async def document(device: Device, *arguments: str) -> tuple[int, dict[str, object]]:
    """Run a verb with `--json`: its exit code, and the one document that it prints."""
    code, output, errors = await device.command(*arguments, "--json")
    assert errors == ""
    found = json.loads(output)
    assert isinstance(found, dict)
    return code, found


async def test_without_a_node_every_verb_that_asks_one_says_so(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk") as (desk,):
        for verb in (["status"], ["peers"], ["ticket", str(desk.vault)], ["ticket", "--list"]):
            code, output, errors = await desk.command(*verb)
            assert (code, output) == (3, "")
            assert errors.startswith("No node is running. Nothing syncs on this computer until it is started.")
            assert "vaultsync run" in errors
            code, found = await document(desk, *verb)
            assert code == 3
            assert found["error"]["type"] == "node-not-running"  # type: ignore[index]


async def test_a_second_run_says_who_holds_the_vault(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Other") as (desk, other):
        (desk.vault / "a.md").write_text("a\n")
        await desk.start()
        code, _, errors = await desk.command("run", str(desk.vault))
        assert code == 6
        assert f"synced by process {desk.pid} already" in errors
        code, _, errors = await other.command("run", str(desk.vault))
        assert code == 6
        assert errors.startswith(f"Another node holds this vault. It is held by process {desk.pid} (vaultsync run)")
        code, _, errors = await desk.command("run")
        assert code == 6
        assert f"It is process {desk.pid}" in errors


async def test_a_second_folder_goes_to_the_node_that_runs(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk") as (desk,):
        await desk.start()
        second = tmp_path / "second notes"
        second.mkdir()
        code, output, _ = await desk.command("run", str(second))
        assert code == 0
        assert output.startswith(f"The running node now syncs {second} too.")
        status = await desk.status()
        assert status is not None
        assert {vault.root for vault in status.vaults} == {str(desk.vault), str(second)}


async def test_joining_through_nodes_that_run(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        (desk.vault / "a.md").write_text("a\n")
        await desk.start()
        await phone.start()
        code, made = await document(desk, "ticket", str(desk.vault), "--minutes", "1", "--observer")
        assert code == 0
        assert made["role"] == "observer"
        text = str(made["ticket"])
        pieces = [text[:40], text[40:]]
        code, joined = await document(phone, "join", *pieces, str(tmp_path / "joined"))
        assert code == 0
        assert (joined["role"], joined["peer_name"]) == ("observer", "Desk")
        code, again = await document(phone, "join", text, str(tmp_path / "joined"))
        assert (code, again["vault"], again["words"]) == (0, joined["vault"], joined["words"])
        code, output, _ = await desk.command("peers")
        assert code == 0
        assert output.startswith("Phone")


async def test_bad_tickets_end_with_their_own_code_and_change_nothing(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        await desk.start()
        _, made = await document(desk, "ticket", str(desk.vault))
        text, target = str(made["ticket"]), tmp_path / "joined"
        cases = {"not-a-ticket": "hello", "damaged-ticket": text[:-7], "newer-ticket": "vault9" + text[6:]}
        for kind, ticket in cases.items():
            code, found = await document(phone, "join", ticket, str(target))
            assert (code, found["error"]["type"]) == (4, kind)  # type: ignore[index]
        code, found = await document(desk, "join", text, str(target))
        assert (code, found["error"]["type"]) == (4, "own-ticket")  # type: ignore[index]
        await desk.stop()
        code, found = await document(phone, "join", text, str(target))
        assert (code, found["error"]["type"]) == (5, "unreachable")  # type: ignore[index]
        assert not target.exists()
        code, _, errors = await phone.command("join", text)
        assert code == 2
        assert "Say where the notes are to be kept" in " ".join(errors.replace("│", " ").split())


async def test_tickets_are_listed_and_revoked(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk") as (desk,):
        await desk.start()
        await desk.ticket()
        code, output, _ = await desk.command("ticket", "--list")
        assert code == 0
        assert "notes  (member; not used yet; 10 minutes left)" in output
        assert (await desk.command("ticket", "--revoke", "1"))[0] == 0
        code, output, _ = await desk.command("ticket", "--list")
        assert output.startswith("No ticket can be used now.")
        assert (await desk.command("ticket", "--revoke", "1"))[0] == 1
        assert (await desk.command("ticket"))[0] == 2


async def test_a_log_has_one_object_per_line(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk") as (desk,):
        (desk.vault / "a.md").write_text("a\n")
        await desk.start()
        assert await desk.stop() == 0
        lines = [json.loads(line) for line in desk.log.read_text().splitlines()]
        assert all(list(line)[:3] == ["time", "level", "event"] for line in lines)
        assert [line["event"] for line in lines if line["event"] in ("serving", "stopping", "stopped")] == [
            "serving",
            "stopping",
            "stopped",
        ]


async def test_a_folder_that_cannot_be_a_vault_ends_with_its_code(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk") as (desk,):
        (tmp_path / "file").write_text("x")
        for path in (tmp_path / "no" / "such", tmp_path / "file"):
            code, found = await document(desk, "run", str(path))
            assert code == 6
            assert found["error"]["title"] == "The vault cannot be used"  # type: ignore[index]
        desk.places.config_file.write_text("name = 3\n")
        code, found = await document(desk, "run", str(desk.vault))
        assert (code, found["error"]["type"]) == (1, "config")  # type: ignore[index]
        assert "line 1, column 1" in str(found["error"])


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
async def test_on_a_terminal_it_speaks_to_a_person(tmp_path: Path) -> None:
    import pty

    async with devices(tmp_path, "Desk") as (desk,):
        (desk.vault / "a.md").write_text("a\n")
        ours, theirs = pty.openpty()
        environment = {**desk.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "NO_COLOR": "1"}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "vaultsync", "run", str(desk.vault)),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=Path(__file__).parents[2],
        )
        os.close(theirs)
        said = b""
        while b"Watching it for changes." not in said:
            said += await asyncio.to_thread(os.read, ours, 4096)
        process.send_signal(signal.SIGINT)
        reading = asyncio.create_task(asyncio.to_thread(_read_to_end, ours))
        assert await process.wait() == 0
        text = (said + await reading).decode()
        os.close(ours)
        assert "This device is" in text
        assert f"vaultsync ticket {desk.vault}" in text
        assert "notes holds 1 file. Watching it for changes." in text
        assert "Stopping." in text
        assert "Traceback" not in text
        assert not re.search(r"\x1b\[(\d+;)*(3\d|4\d|9\d)[;m]", text), "NO_COLOR was set"


def _read_to_end(descriptor: int) -> bytes:
    read = b""
    while True:
        try:
            found = os.read(descriptor, 4096)
        except OSError:
            # Linux says so when the other end is closed.
            return read
        if not found:
            return read
        read += found
