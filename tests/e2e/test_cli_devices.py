"""The verbs about devices, keys and joining into a full folder, typed at real nodes."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE_S, Device, devices, in_sync, pair, settled, until

pytestmark = pytest.mark.e2e


async def typed(device: Device, *arguments: str, code: int = 0) -> str:
    """What a command prints; errors and all if it is to fail."""
    ended, output, errors = await device.command(*arguments)
    assert ended == code, output + errors
    return output if code == 0 else output + errors


async def as_json(device: Device, *arguments: str) -> object:
    return json.loads(await typed(device, *arguments, "--json"))


class Person:
    """Somebody at a terminal, who reads standard error and types."""

    def __init__(self, process: asyncio.subprocess.Process, terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.read = ""

    async def asked(self) -> None:
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while "[y/N]" not in self.read:
                piece = await self.process.stderr.read(4096)
                assert piece, self.read
                self.read += piece.decode()

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE_S):
            _, errors = await self.process.communicate()
        self.read += errors.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def person_at(device: Device, *arguments: str) -> AsyncIterator[Person]:
    """A command whose standard input is a terminal."""
    terminal, end = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "vaultsync", *arguments),
        stdin=end,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=device.environ,
        cwd=Path(__file__).parents[2],
    )
    os.close(end)
    try:
        yield Person(process, terminal)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
        os.close(terminal)


def fill(desk: Device, phone: Device) -> None:
    (desk.vault / "same.md").write_text("alike\n")
    (desk.vault / "both.md").write_text("of the desk\n")
    (desk.vault / "desk.md").write_text("only there\n")
    (phone.vault / "same.md").write_text("alike\n")
    (phone.vault / "both.md").write_text("of the phone\n")
    (phone.vault / "phone.md").write_text("only here\n")


async def test_devices_are_renamed_dialed_demoted_and_removed(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        (desk.vault / "a.md").write_text("a\n")
        await pair(desk, phone)
        own = (await typed(phone, "identity", "show")).strip()

        assert "is called Pocket here now" in await typed(desk, "peers", "rename", "phone", "Pocket")
        assert (await typed(desk, "peers")).startswith("Pocket")
        assert await as_json(desk, "peers", "disconnect", own[:10]) == {"peer": own, "wanted": False}
        assert "disconnected by hand" in await typed(desk, "peers")
        assert "Dialing Pocket" in await typed(desk, "peers", "connect", "Pocket")
        await settled(desk, phone)
        table = await typed(desk, "peers", "attempts", "Pocket")
        assert "Pocket" in table
        assert "connected" in table
        assert "127.0.0.1:" in table
        assert "`vaultsync peers` lists them" in await typed(desk, "peers", "attempts", "Nobody", code=1)

        assert "is an observer now" in await typed(desk, "peers", "role", "Pocket", "observer")

        async def demoted() -> bool:
            info = await phone.vault_info()
            return info is not None and info.role == "observer"

        await until(demoted, "the phone hears that it is an observer")
        (phone.vault / "mine.md").write_text("kept here\n")

        async def withheld() -> bool:
            info = await phone.vault_info()
            return info is not None and info.withheld == ("mine.md",)

        await until(withheld, "the phone shows what it keeps to itself")
        told = await typed(phone, "status")
        assert "This device only receives: 1 note changed here, kept here" in told
        assert "mine.md" in told
        assert "Pocket (observer)" in await typed(desk, "status")
        await typed(desk, "peers", "role", "Pocket", "member")
        assert set(await settled(desk, phone)) == {"a.md", "mine.md"}

        assert "Say `--yes`" in " ".join((await typed(desk, "peers", "remove", "Pocket", code=2)).split())
        assert "is removed" in await typed(desk, "peers", "remove", "Pocket", "--yes")
        assert await as_json(desk, "peers") == []

        async def alone() -> bool:
            info = await phone.vault_info()
            return info is not None and info.role == "solo"

        await until(alone, "the phone hears that it was removed")
        assert (phone.vault / "a.md").read_text() == "a\n"
        told = await typed(phone, "status")
        assert "was removed from" in told
        assert "by Desk on 20" in told
        assert "vaultsync join TICKET" in told
        await typed(phone, "leave", str(phone.vault), "--yes")
        assert "was removed from" not in await typed(phone, "status")


async def test_a_device_that_asks_is_allowed_or_denied(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone", "Tablet") as (desk, phone, tablet):
        await desk.start()
        assert "No device asks" in await typed(desk, "requests")
        ticket = await desk.ticket()
        async with desk.client() as client:
            vault = (await client.status()).vaults[0].id
            await client.revoke_ticket((await client.tickets())[0].id)
        here = ("--in", str(desk.vault))
        assert await as_json(desk, "requests", "policy", *here) == {"strangers": "reject"}
        await typed(desk, "requests", "policy", "everybody", *here, code=2)
        assert "for you to decide" in await typed(desk, "requests", "policy", "ask", *here)
        for device in (phone, tablet):
            await typed(device, "join", ticket.ticket, str(device.vault), code=4)
        told = await typed(desk, "requests")
        own = {device.name: (await typed(device, "identity", "show")).strip() for device in (phone, tablet)}
        assert all(node[:10] in told for node in own.values())

        assert "may join “notes” as an observer" in await typed(
            desk, "requests", "allow", own["Phone"][:6], "--observer"
        )
        assert await as_json(desk, "requests", "deny", "Tablet") == {
            "peer": own["Tablet"],
            "vault": vault,
            "role": None,
        }
        assert await as_json(desk, "requests") == []
        assert "lists them" in await typed(desk, "requests", "allow", "Tablet", code=1)
        await phone.join(ticket)
        info = await phone.vault_info()
        assert info is not None
        assert info.role == "observer"
        await typed(tablet, "join", ticket.ticket, str(tablet.vault), code=4)


async def test_leaving_keeps_the_notes_and_ends_the_sharing(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        (desk.vault / "a.md").write_text("a\n")
        await pair(desk, phone)
        await typed(phone, "leave", str(phone.vault), code=2)
        assert "shared with nobody now" in await typed(phone, "leave", str(phone.vault), "--yes")
        assert (phone.vault / "a.md").exists()

        async def gone() -> bool:
            return await as_json(desk, "peers") == [] and await as_json(phone, "peers") == []

        await until(gone, "both know that they share nothing")


async def test_a_folder_is_forgotten_and_taken_up_again(tmp_path: Path) -> None:
    """A folder that was added by mistake, or whose disk is gone, could not be taken off the list."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        (desk.vault / "a.md").write_text("a\n")
        await pair(desk, phone)
        told = await typed(phone, "forget", str(phone.vault), "--yes", code=1)
        assert "Leave it first" in told
        # The disk is gone, and does not come back.
        phone.vault.rename(tmp_path / "elsewhere")
        await typed(phone, "leave", str(phone.vault), "--yes")
        assert "no more" in await typed(phone, "forget", str(phone.vault), "--yes")
        assert await phone.vault_info() is None
        assert (tmp_path / "elsewhere/a.md").read_text() == "a\n"
        assert "no vault of this device" in await typed(phone, "forget", str(phone.vault), "--yes", code=6)


async def test_a_key_is_exported_imported_and_rotated(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone", "Spare") as (desk, phone, spare):
        (desk.vault / "a.md").write_text("a\n")
        assert "has no key yet" in await typed(desk, "identity", "show", code=1)
        await pair(desk, phone)
        before = (await typed(phone, "identity", "show")).strip()
        code, key, warning = await phone.command("identity", "export")
        assert (code, len(key.strip())) == (0, 52)
        assert "Whoever has this key is this device" in warning
        assert key.strip() not in phone.log.read_text()
        backup = tmp_path / "backup.key"
        await typed(phone, "identity", "export", "--to", str(backup))
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
        assert backup.read_text() == key
        await typed(phone, "identity", "export", "--to", str(backup), code=1)

        assert "Stop it first" in await typed(phone, "identity", "import", str(backup), "--replace", code=6)
        assert await as_json(spare, "identity", "import", str(backup)) == {"id": before}
        assert "has a key already" in await typed(spare, "identity", "import", str(backup), code=1)

        await typed(phone, "identity", "rotate", code=2)
        coming = await as_json(phone, "identity", "rotate", "--yes")
        assert isinstance(coming, dict)
        assert coming["id"] == before != coming["next"]
        assert await as_json(phone, "identity", "show") == coming
        await phone.stop()
        await phone.start()
        assert (await typed(phone, "identity", "show")).strip() == coming["next"]

        async def followed() -> bool:
            status = await desk.status()
            return status is not None and [peer.id for peer in status.peers] == [coming["next"]]

        await until(followed, "the desk follows to the new key")
        await until(lambda: in_sync(desk, phone), "they are in sync again")


async def test_a_full_folder_is_joined_only_when_somebody_agrees(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        fill(desk, phone)
        before = phone.tree
        await desk.start()
        line = (await desk.ticket()).ticket, str(phone.vault)
        assert "nobody can be asked" in " ".join((await typed(phone, "join", *line, code=2)).split())

        # Nobody runs: this process uses the ticket, shows what it found, and leaves again.
        async with person_at(phone, "join", *line) as person:
            await person.asked()
            assert "1 the same on both" in person.read
            for kind, path in (("only here", "phone.md"), ("only there", "desk.md"), ("different", "both.md")):
                assert f"1 {kind}: " in person.read
                assert path in person.read
            assert phone.tree == before
            person.types("n\n")
            assert await person.ended() == 1
        assert phone.tree == before

        # The same through a node that runs.
        await phone.start("run")
        line = (await desk.ticket()).ticket, str(phone.vault)
        async with person_at(phone, "join", *line) as person:
            await person.asked()
            assert phone.tree == before
            person.types("n\n")
            assert await person.ended() == 1
        assert phone.tree == before
        line = (await desk.ticket()).ticket, str(phone.vault)
        async with person_at(phone, "join", *line) as person:
            await person.asked()
            person.types("y\n")
            assert await person.ended() == 0
        assert {"same.md", "both.md", "desk.md", "phone.md"} <= set(await settled(desk, phone))


async def test_agreeing_starts_a_node_and_stopping_while_asked_joins_nothing(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        fill(desk, phone)
        before = phone.tree
        await desk.start()
        line = (await desk.ticket()).ticket, str(phone.vault)
        async with person_at(phone, "join", *line) as person:
            await person.asked()
            person.process.send_signal(signal.SIGTERM)
            assert await person.ended() == 1
        assert phone.tree == before
        line = (await desk.ticket()).ticket, str(phone.vault)
        async with person_at(phone, "join", *line) as person:
            await person.asked()
            person.types("y\n")
            assert {"same.md", "both.md", "desk.md", "phone.md"} <= set(await settled(desk, phone))
            person.process.send_signal(signal.SIGTERM)
            assert await person.ended() == 0
