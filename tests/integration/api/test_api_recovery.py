"""History, conflicts, held deletions and explanations through the API, over two nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree
from vaultsync.client.recovery import RecoveryClient
from vaultsync.daemon.pairing import unix_ms
from vaultsync.errors import RequestError, VaultsyncError
from vaultsync.server.serve import serve_api


@asynccontextmanager
async def served(base: Path, name: str) -> AsyncIterator[RecoveryClient]:
    async with running_node(base, name) as node, serve_api(node), RecoveryClient.find(node.places) as client:
        yield client


class World:
    """Two devices that share a vault."""

    def __init__(self, base: Path, one: RecoveryClient, other: RecoveryClient, vault: str) -> None:
        self.a, self.b = base / "a", base / "b"
        self.one, self.other = one, other
        self.vault = vault

    async def settled(self) -> dict[str, bytes | None]:
        await eventually(self._in_sync)
        return tree(self.a)

    async def _in_sync(self) -> bool:
        if tree(self.a) != tree(self.b):
            return False
        found = [await client.status() for client in (self.one, self.other)]
        return all(status.peers[0].vaults[0].in_sync and not status.vaults[0].pending for status in found)

    async def part(self) -> None:
        for client in (self.one, self.other):
            await client.disconnect_peer((await client.peers())[0].id)
        await eventually(self._apart)

    async def meet(self) -> None:
        for client in (self.one, self.other):
            await client.connect_to_peer((await client.peers())[0].id)

    async def _apart(self) -> bool:
        return all([(await client.peers())[0].state == "disconnected" for client in (self.one, self.other)])

    async def versions(self, path: str, count: int) -> None:
        """Wait until both devices know so many versions of a note."""

        async def known() -> bool:
            try:
                found = [await client.history(self.vault, path) for client in (self.one, self.other)]
            except VaultsyncError:
                return False
            return all(len(versions) >= count for versions in found)

        await eventually(known)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/note.md").write_text("one\n\ntwo\n\nthree\n")
    async with served(tmp_path, "Anna") as one, served(tmp_path, "Bert") as other:
        added = await one.add_vault(tmp_path / "a")
        ticket = await one.make_ticket(tmp_path / "a")
        await other.join(ticket.ticket, tmp_path / "b")
        found = World(tmp_path, one, other, added.id)
        await found.settled()
        yield found


async def test_a_version_is_found_read_and_restored_everywhere(world: World) -> None:
    (world.a / "note.md").write_text("changed by Anna\n")
    await world.settled()
    newest, older = await world.other.history(world.vault, "note.md")
    assert (newest.device_name, newest.action, older.action) == ("Anna", "edited", "created")
    assert await world.other.content(world.vault, "note.md", older.content) == b"one\n\ntwo\n\nthree\n"
    restored = await world.other.restore(world.vault, "note.md", older.content)
    assert restored.content == older.content
    assert await world.settled() == {"note.md": b"one\n\ntwo\n\nthree\n"}
    assert (await world.other.history(world.vault, "note.md"))[0].action == "restored"
    assert (await world.other.log(world.vault, "note.md"))[0].kind == "restored"


async def test_what_is_unknown_is_said_with_what_is_alike(world: World) -> None:
    with pytest.raises(VaultsyncError, match="Nothing is known") as caught:
        await world.one.history(world.vault, "Note")
    assert "note.md" in caught.value.hint
    with pytest.raises(VaultsyncError, match="does not have that version"):
        await world.one.content(world.vault, "note.md", "ab" * 32)
    with pytest.raises(RequestError, match="no such version"):
        await world.one.restore(world.vault, "note.md", "ab" * 32)
    assert (await world.one.status()).vaults[0].state == "ready", "a refusal stops nothing"


async def test_deleted_notes_are_listed_and_come_back(world: World) -> None:
    (world.a / "note.md").unlink()
    await world.settled()
    (gone,) = await world.other.deleted(world.vault)
    assert (gone.path, gone.action, gone.device_name, gone.restorable) == ("note.md", "deleted", "Anna", True)
    await world.other.restore(world.vault, gone.path, gone.content)
    assert await world.settled() == {"note.md": b"one\n\ntwo\n\nthree\n"}
    assert await world.one.deleted(world.vault) == []


async def test_the_vault_as_of_a_time_is_previewed_and_then_restored(world: World) -> None:
    then, before = unix_ms(), tree(world.a)
    (world.a / "note.md").write_text("changed\n")
    (world.a / "new.md").write_text("new\n")
    await world.settled()
    preview = await world.one.restore_to(world.vault, then, preview=True)
    assert [v.path for v in preview.change_back] == ["note.md"]
    assert (preview.remove, preview.bring_back, preview.lost, preview.done) == (("new.md",), (), (), False)
    assert (world.a / "note.md").read_text() == "changed\n"
    done = await world.one.restore_to(world.vault, then, preview=False)
    assert done.done
    assert await world.settled() == before


async def test_a_merge_is_listed_undone_and_gone_everywhere(world: World) -> None:
    await world.part()
    (world.a / "note.md").write_text("ONE\n\ntwo\n\nthree\n")
    (world.b / "note.md").write_text("one\n\ntwo\n\nTHREE\n")
    await eventually(lambda: _newest_is(world.one, world.vault, "edited"))
    await eventually(lambda: _newest_is(world.other, world.vault, "edited"))
    await world.meet()
    assert await world.settled() == {"note.md": b"ONE\n\ntwo\n\nTHREE\n"}
    listed = [(client, found) for client in (world.one, world.other) for found in await client.conflicts(world.vault)]
    assert listed
    client, found = listed[0]
    assert found.kind == "merge"
    assert found.mine is not None
    assert found.theirs is not None
    mine = await client.content(world.vault, "note.md", found.mine.content)
    await client.undo_merge(world.vault, "note.md")
    assert await world.settled() == {"note.md": mine}
    with pytest.raises(RequestError):
        await client.undo_merge(world.vault, "note.md")


async def _newest_is(client: RecoveryClient, vault: str, action: str) -> bool:
    return (await client.history(vault, "note.md"))[0].action == action


async def test_a_conflict_copy_is_resolved_everywhere(world: World) -> None:
    await world.part()
    (world.a / "cat.png").write_bytes(b"\x89PNG of Anna")
    (world.b / "cat.png").write_bytes(b"\x89PNG of Bert")
    await world.meet()
    await eventually(lambda: _has_copy(world))
    await world.settled()
    (copy,) = await world.one.conflicts(world.vault)
    assert (copy.kind, copy.original) == ("copy", "cat.png")
    with pytest.raises(RequestError):
        await world.one.resolve(world.vault, "note.md", "mine")
    await world.one.resolve(world.vault, copy.path, "mine")
    assert set(await world.settled()) == {"note.md", "cat.png"}
    assert await world.other.conflicts(world.vault) == []


async def _has_copy(world: World) -> bool:
    return bool(await world.one.conflicts(world.vault)) and bool(await world.other.conflicts(world.vault))


async def test_held_deletions_are_told_approved_and_undone(world: World) -> None:
    for number in range(80):
        (world.a / f"{number}.md").write_text(f"{number}\n")
    await world.settled()
    for number in range(80):
        (world.a / f"{number}.md").unlink()

    async def held() -> bool:
        return (await world.one.held_deletions(world.vault)).count == 80

    await eventually(held)
    first = await world.one.held_deletions(world.vault)
    assert "disappeared from this device's folder" in first.cause
    vault = (await world.one.status()).vaults[0]
    assert (vault.held, vault.held_cause) == (first.count, first.cause)
    undone = await world.one.undo_deletions(world.vault, [first.paths[0]])
    assert undone == 1
    assert await world.one.approve_deletions(world.vault) == first.count - 1
    left = await world.settled()
    assert set(left) == {"note.md", first.paths[0]}


async def test_a_path_is_explained_with_names(world: World) -> None:
    found = await world.other.explain(world.vault, "note.md")
    assert (found.kind, found.state) == ("file", "in sync with what this device knows")
    assert found.has_it == ("Anna",)
    assert [counter.device_name for counter in found.version] == ["Anna"]
    assert [version.device_name for version in found.versions] == ["Anna"]
    assert (await world.one.explain(world.vault, "nothing.md")).state.startswith("unknown")


async def test_a_vault_that_is_offline_cannot_be_asked_and_says_so(world: World) -> None:
    world.a.rename(world.a.with_name("aside"))

    async def offline() -> bool:
        return (await world.one.status()).vaults[0].state == "offline"

    await eventually(offline)
    with pytest.raises(VaultsyncError, match=r"no vault marker|cannot be reached|cannot be asked"):
        await world.one.history(world.vault, "note.md")
    with pytest.raises(VaultsyncError, match="No vault has the id"):
        await world.one.history("nothing", "note.md")


async def test_an_edited_resolution_must_say_what_to_write(world: World) -> None:
    with pytest.raises(VaultsyncError):
        await world.one.resolve(world.vault, "x (conflict 2026-11-20 1403 Laptop).md", "edit")
