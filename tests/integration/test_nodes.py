"""Whole nodes over QUIC on loopback: pairing, live edits, restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.service import Node
from vaultsync.errors import ExpiredTicketError, NodeError, UsedTicketError, VaultError, VaultLockedError
from vaultsync.model.ids import VaultId


def make_notes(root: Path, count: int = 20) -> None:
    root.mkdir(parents=True)
    for number in range(count):
        (root / f"note {number}.md").write_text(f"# Note {number}\n\nsome words\n")


async def test_one_ticket_joins_two_devices_and_edits_cross(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        vault = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        joined = await bert.join(text, tmp_path / "b")
        assert joined.peer == anna.node_id
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        (tmp_path / "a" / "new.md").write_text("hello\n")
        await until(lambda: (tmp_path / "b" / "new.md").exists())
        (tmp_path / "b" / "new.md").write_text("hello\nworld\n")
        await until(lambda: (tmp_path / "a" / "new.md").read_text() == "hello\nworld\n")
        (tmp_path / "b" / "new.md").unlink()
        await until(lambda: not (tmp_path / "a" / "new.md").exists())


async def test_devices_of_one_name_sign_their_edits_apart(tmp_path: Path) -> None:
    """As two nodes on one computer have it: conflict copies of one minute had the same name."""
    make_notes(tmp_path / "a", 1)
    async with running_node(tmp_path / "1", "Laptop") as first, running_node(tmp_path / "2", "Laptop") as second:
        vault = await first.add_vault(tmp_path / "a")
        text, _ = await first.make_ticket(vault, role="member", life_s=60, reusable=False)
        await second.join(text, tmp_path / "b")
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        here, there = vault.engine, second.vaults[vault.vault].engine
        assert here is not None
        assert there is not None
        assert here.replica.state.author.name == "Laptop"
        assert there.replica.state.author.name == f"Laptop {second.node_id.short[:4]}"


async def test_a_ticket_works_once(tmp_path: Path) -> None:
    make_notes(tmp_path / "a", 1)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        vault = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        async with running_node(tmp_path, "Carl") as carl:
            with pytest.raises(UsedTicketError):
                await carl.join(text, tmp_path / "c")
            assert not (tmp_path / "c").exists()
            expired, _ = await anna.make_ticket(vault, role="member", life_s=-1, reusable=False)
            with pytest.raises(ExpiredTicketError):
                await carl.join(expired, tmp_path / "c")


async def test_a_folder_that_cannot_be_used_leaves_nothing_behind_and_the_ticket_goes_on(tmp_path: Path) -> None:
    make_notes(tmp_path / "a", 1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b/.vaultsync").write_text("in the marker's place")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        vault = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        with pytest.raises(VaultError):
            await bert.join(text, tmp_path / "b")
        assert await bert.database.run(lambda store: store.peers.all()) == []
        assert bert.peers.get_peers() == []
        (tmp_path / "b/.vaultsync").unlink()
        await bert.join(text, tmp_path / "b")
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))


async def test_a_vault_is_neither_around_another_nor_around_what_the_node_keeps(tmp_path: Path) -> None:
    """Somebody who names the home folder or `/` by mistake would sync what every sync changes, without end."""
    make_notes(tmp_path / "notes/a", 1)
    async with running_node(tmp_path / "home", "Anna") as anna:
        await anna.add_vault(tmp_path / "notes/a")
        with pytest.raises(VaultError, match="another vault in it"):
            await anna.add_vault(tmp_path / "notes")
        for place in (tmp_path / "home", tmp_path / "home/Anna", Path(tmp_path.anchor)):
            with pytest.raises(VaultError, match="keeps its own data in"):
                await anna.add_vault(place)
            assert not (place / ".vaultsync").exists()


async def test_a_folder_that_another_node_holds_is_not_kept_in_mind(tmp_path: Path) -> None:
    """The device then counted as one that has the vault: it could not join it elsewhere, and waited for the folder."""
    make_notes(tmp_path / "a", 1)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        vault = await anna.add_vault(tmp_path / "a")
        with pytest.raises(VaultLockedError):
            await bert.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
    async with running_node(tmp_path, "Bert") as bert:
        assert [service.record.root for service in bert.vaults.values()] == [tmp_path / "b"]


async def test_a_forgotten_vault_begins_anew(tmp_path: Path) -> None:
    make_notes(tmp_path / "a", 1)
    async with running_node(tmp_path / "home", "Anna") as anna:
        service = await anna.add_vault(tmp_path / "a")
        await until(lambda: service.state == "ready")
        await anna.forget_vault(service)
        assert anna.vaults == {}
        assert service.state == "stopped"
        assert await anna.database.run(lambda store: store.vaults.all()) == []
        again = await anna.add_vault(tmp_path / "a")
        assert (again.vault, again.record.role) == (service.vault, "member")
        await until(lambda: again.state == "ready")
        assert again.engine is not None
        assert await again.engine.read(lambda replica: replica.state.store.index.sequence) == 1


async def test_what_was_forgotten_is_not_taken_for_deleted_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the index of the folder before, an empty folder was one from which everything had been deleted."""
    make_notes(tmp_path / "a")
    before = tree(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        here = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        await until(lambda: tree(tmp_path / "b") == before)
        there = bert.vaults[here.vault]
        await bert.leave_vault(there)
        await until(lambda: not anna.peers.get_peers() and not bert.peers.get_peers())
        await bert.forget_vault(there)
        later_ms = anna.now_ms() + 2_000
        monkeypatch.setattr(anna.pairing, "_now_ms", lambda: later_ms)
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "c")
        await until(lambda: tree(tmp_path / "c") == before)
        assert tree(tmp_path / "a") == before
        (kept,) = (bert.places.data / "forgotten").iterdir()
        assert (kept / "index.db").exists()


async def test_a_vault_that_was_left_and_forgotten_is_joined_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_notes(tmp_path / "a", 1)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        here = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        there = bert.vaults[here.vault]
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        with pytest.raises(NodeError, match="Other devices"):
            await bert.forget_vault(there)
        await bert.leave_vault(there)
        await until(lambda: not anna.peers.get_peers() and not bert.peers.get_peers())
        await bert.forget_vault(there)
        there = await bert.add_vault(tmp_path / "b")
        (tmp_path / "b/own.md").write_text("of its own\n")
        # Tickets count seconds, and one of the second in which a device was removed is none for it.
        later_ms = anna.now_ms() + 2_000
        monkeypatch.setattr(anna.pairing, "_now_ms", lambda: later_ms)
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        await until(lambda: (tmp_path / "a/own.md").exists() and tree(tmp_path / "b") == tree(tmp_path / "a"))


async def test_a_device_that_dies_while_it_joins_finds_its_vault_when_it_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knew the vault and nobody who has it: each stood alone, and the other side took it for a member."""
    make_notes(tmp_path / "a", 1)

    async def die(_node: Node, _vault: VaultId, _name: str, _role: str, _root: Path) -> None:
        await take_up(_node, _vault, _name, _role, _root)
        raise asyncio.CancelledError

    take_up = Node.take_up
    async with running_node(tmp_path, "Anna") as anna:
        vault = await anna.add_vault(tmp_path / "a")
        text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
        async with running_node(tmp_path, "Bert") as bert:
            with monkeypatch.context() as patched:
                patched.setattr(Node, "take_up", die)
                with pytest.raises(asyncio.CancelledError):
                    await bert.join(text, tmp_path / "b")
        async with running_node(tmp_path, "Bert"):
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))


async def test_a_restarted_device_comes_back_by_itself(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna:
        vault = await anna.add_vault(tmp_path / "a")
        async with running_node(tmp_path, "Bert") as bert:
            text, _ = await anna.make_ticket(vault, role="member", life_s=60, reusable=False)
            await bert.join(text, tmp_path / "b")
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        (tmp_path / "a" / "while away.md").write_text("anna\n")
        (tmp_path / "b" / "note 3.md").write_text("bert\n")
        async with running_node(tmp_path, "Bert"):
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
            assert (tmp_path / "a" / "note 3.md").read_text() == "bert\n"
            assert (tmp_path / "b" / "while away.md").exists()
