"""Two devices as two processes on loopback: what a person does with them, and what happens to them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.notes import attachment, write_notes
from tests.support.processes import Device, devices, in_sync, pair, settled, until
from vaultsync.errors import CloseCode, ConnectionLostError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.codec import encode
from vaultsync.protocol.framing import frame
from vaultsync.protocol.messages import Hello, VaultHello
from vaultsync.transport.base import Address
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic.endpoint import listen

pytestmark = pytest.mark.e2e

MB = 1 << 20


async def test_a_day_with_two_devices(tmp_path: Path) -> None:
    """First sync, edits both ways, renames, deletes, folders, empty files; a restart of each side in between."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        write_notes(desk.vault, 150)
        await desk.start()
        await phone.join(await desk.ticket())
        first = await settled(desk, phone)
        assert len([path for path, content in first.items() if content is not None]) == 153
        assert first["Empty too/inside"] is None
        assert first["nothing.md"] == b""

        (desk.vault / "Note 0.md").write_text("rewritten on the desk\n")
        (phone.vault / "Daily" / "Überlegung 1.md").write_text("rewritten on the phone ✍️\n")
        (phone.vault / "Neu 🎉.md").write_text("new on the phone\n")
        (phone.vault / "Daily" / "empty.canvas").write_bytes(b"")
        tree = await settled(desk, phone)
        assert tree["Note 0.md"] == b"rewritten on the desk\n"
        assert tree["Daily/Überlegung 1.md"] == "rewritten on the phone ✍️\n".encode()
        assert tree["Daily/empty.canvas"] == b""

        (desk.vault / "Projects").rename(desk.vault / "Archive")
        (phone.vault / "Neu 🎉.md").rename(phone.vault / "Daily" / "Not so new.md")
        (phone.vault / "nothing.md").unlink()
        shutil.rmtree(phone.vault / "Empty too")
        (desk.vault / "Fresh" / "folder").mkdir(parents=True)
        tree = await settled(desk, phone)
        assert tree["Archive/日本語/メモ/👩‍🔬 lab 3.md"] == first["Projects/日本語/メモ/👩‍🔬 lab 3.md"]
        assert not any(path.startswith("Projects") for path in tree)
        assert tree["Daily/Not so new.md"] == b"new on the phone\n"
        assert "nothing.md" not in tree
        assert "Empty too" not in tree
        assert tree["Fresh/folder"] is None

        assert await phone.stop() == 0
        (desk.vault / "While away.md").write_text("desk, alone\n")
        (phone.vault / "In the train.md").write_text("phone, alone\n")
        await phone.start()
        tree = await settled(desk, phone)
        assert tree["While away.md"] == b"desk, alone\n"
        assert tree["In the train.md"] == b"phone, alone\n"

        assert await desk.stop() == 0
        (phone.vault / "Note 0.md").write_text("rewritten once more\n")
        await desk.start()
        tree = await settled(desk, phone)
        assert tree["Note 0.md"] == b"rewritten once more\n"

        code, output, errors = await desk.command("status", "--json")
        assert (code, errors) == (0, "")
        told = await phone.vault_info()
        assert told is not None
        assert f'"digest": "{told.digest}"' in output


@pytest.mark.parametrize("killed", ["Desk", "Phone"])
async def test_killed_in_the_middle_of_everything(tmp_path: Path, killed: str) -> None:
    """SIGKILL of one side, again and again, through the first sync and through a 50 MB attachment."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        write_notes(desk.vault, 400)
        picture = attachment(desk.vault, "film.mp4", 50 * MB)
        before = desk.tree
        victim, other = (desk, phone) if killed == "Desk" else (phone, desk)
        await desk.start()
        await phone.join(await desk.ticket())

        for share in (0.1, 0.4, 0.7):
            await until(lambda share=share: _arrived(phone, int(share * 400)), "notes arrive")  # type: ignore[misc]
            await victim.kill()
            await victim.start()
        await until(lambda: _begun(phone, picture.stat().st_size), "the attachment arrives")
        await victim.kill()
        await victim.start()
        assert await settled(desk, phone) == before
        assert other.exit_code is None


async def _arrived(device: Device, notes: int) -> bool:
    return sum(len(files) for _, _, files in os.walk(device.vault)) >= notes


async def _begun(device: Device, size: int) -> bool:
    """Whether a part of a large file is on disk, or the whole of it."""
    if (device.vault / "film.mp4").exists():
        return True
    parts = (device.vault / ".vaultsync" / "tmp").glob("*.part")
    return any(part.stat().st_blocks * 512 > size // 10 for part in parts)


async def test_restarted_in_the_middle(tmp_path: Path) -> None:
    """Either side is stopped and started again while a first sync and a large attachment are under way."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        write_notes(desk.vault, 300)
        attachment(desk.vault, "film.mp4", 50 * MB)
        await desk.start()
        await phone.join(await desk.ticket())
        await until(lambda: _arrived(phone, 60), "notes arrive")
        assert await desk.stop() == 0
        await desk.start()
        await until(lambda: _arrived(phone, 180), "notes arrive")
        assert await phone.stop() == 0
        await phone.start()
        await until(lambda: _begun(phone, 50 * MB), "the attachment arrives")
        assert await desk.stop() == 0
        await desk.start()
        await settled(desk, phone)


async def test_killed_between_edits(tmp_path: Path) -> None:
    """Each side is killed right after an edit on it; nothing that was written is lost, nothing comes twice."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        write_notes(desk.vault, 40)
        await pair(desk, phone)
        for round_ in range(3):
            for victim in (desk, phone):
                note = victim.vault / f"Round {round_} on {victim.name}.md"
                note.write_text(f"{round_} {victim.name}\n")
                shared = victim.vault / "Note 0.md"
                shared.write_text(shared.read_text() + f"line of {victim.name} in round {round_}\n")
                await victim.kill()
                await victim.start()
        tree = await settled(desk, phone)
        lines = (tree["Note 0.md"] or b"").decode().splitlines()
        for round_ in range(3):
            for name in ("Desk", "Phone"):
                assert tree[f"Round {round_} on {name}.md"] == f"{round_} {name}\n".encode()
                assert lines.count(f"line of {name} in round {round_}") == 1


async def test_a_node_without_a_ticket_learns_nothing(tmp_path: Path) -> None:
    """A third device that knows where the others are, and who they are, but was never let in."""
    async with devices(tmp_path, "Desk") as (desk,):
        write_notes(desk.vault, 10)
        await desk.start()
        before, found = desk.tree, await desk.status()
        assert found is not None
        stranger = await listen(Identity.generate(), host="127.0.0.1", port=0)
        try:
            vault = VaultId.parse(found.vaults[0].id)
            connection = await stranger.connect(NodeId.parse(found.node.id), Address.parse(found.node.addresses[0]))
            sender, receiver = await connection.open_stream()
            hello = Hello(1, "Stranger", "stranger", "1", (), (VaultHello(vault, b"i" * 16, 0, b"", 0),))
            heard = b""
            with pytest.raises(ConnectionLostError) as refused:
                await sender.write(frame(encode(hello)))
                while data := await receiver.read(1 << 16):
                    heard += data
                await connection.accept_stream()
            assert refused.value.code is CloseCode.REFUSED
            assert heard == b""
            assert "notes" not in str(refused.value)
        finally:
            await stranger.close()
        after = await desk.status()
        assert after is not None
        assert after.peers == ()
        assert after.vaults[0].digest == found.vaults[0].digest
        assert desk.tree == before


async def test_tickets_that_cannot_be_used(tmp_path: Path) -> None:
    """Each says what is wrong with it, and changes nothing on either side."""
    async with devices(tmp_path, "Desk", "Phone", "Tablet", "Other") as (desk, phone, tablet, other):
        write_notes(desk.vault, 5)
        await desk.start()
        good = await desk.ticket()
        short = await desk.ticket(minutes=0.01)

        own = await desk.command("join", good.ticket, str(tmp_path / "Desk" / "again"), "--json")
        assert own[0] == 4
        assert '"own-ticket"' in own[1]

        middle = len(good.ticket) // 2
        broken = good.ticket[:middle] + ("b" if good.ticket[middle] == "a" else "a") + good.ticket[middle + 1 :]
        damaged = await tablet.command("join", broken, str(tablet.vault), "--json")
        assert damaged[0] == 4
        assert '"damaged-ticket"' in damaged[1]

        await phone.join(good)
        await settled(desk, phone)
        used = await tablet.command("join", good.ticket, str(tablet.vault), "--json")
        assert used[0] == 4
        assert '"used-ticket"' in used[1]

        await other.start()
        elsewhere = await other.command("join", (await desk.ticket()).ticket, str(other.vault), "--json")
        assert elsewhere[0] == 4
        assert '"other-vault-ticket"' in elsewhere[1]

        async def expired() -> bool:
            code, output, _ = await tablet.command("join", short.ticket, str(tablet.vault), "--json")
            assert code == 4
            return '"expired-ticket"' in output

        await until(expired, "the ticket expires")
        assert tablet.tree == {}
        assert not (tablet.vault / ".vaultsync").exists()
        found = await desk.status()
        assert found is not None
        assert [peer.name for peer in found.peers] == ["Phone"]
        assert await in_sync(desk, phone)


async def test_a_vault_that_another_node_holds(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        await desk.start()
        code, _, errors = await desk.command("run", str(desk.vault))
        assert code == 6
        assert str(desk.pid) in errors
        code, _, errors = await phone.command("run", str(desk.vault))
        assert code == 6
        assert f"process {desk.pid}" in errors
        assert desk.exit_code is None
