"""A vault in service whose disk misbehaves: it stops, says why, and goes on by itself."""

from __future__ import annotations

import asyncio
import errno
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon import vaults
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import VaultError, VaultOfflineError
from vaultsync.model.changes import Author
from vaultsync.store.history import HistoryVersion
from vaultsync.store.retention import DAY_MS, Pruned, Retention
from vaultsync.vault import marker
from vaultsync.vault.lock import VaultLock


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "OFFLINE_RETRY_S", 0.05)
    monkeypatch.setattr(vaults, "FAILED_RETRY_S", 0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    place = tmp_path / "small disk"
    place.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("makes a small file system with Linux's tmpfs")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("may not mount file systems here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


async def ready(node: Node, root: Path) -> VaultService:
    service = await node.add_vault(root)
    await until(lambda: service.state == "ready")
    return service


async def test_a_full_disk_stops_the_vault_and_room_lets_it_go_on(tmp_path: Path, small_disk: Path) -> None:
    root = tmp_path / "a"
    root.mkdir()
    for number in range(30):
        (root / f"{number}.md").write_text(f"note {number}\n" * 10_000)
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        here = await ready(anna, root)
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, small_disk / "b")
        (there,) = bert.vaults.values()
        await until(lambda: there.state == "failed")
        assert there.reason.startswith("The disk is full: There is no room for what is arriving. Free some space;")
        assert here.state == "ready"
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
        await until(lambda: tree(small_disk / "b") == tree(root))
        await until(lambda: there.state == "ready")
        assert there.reason == ""
        assert not list((small_disk / "b/.vaultsync/tmp").iterdir())


async def test_a_folder_that_vanishes_takes_the_vault_offline_until_it_is_back(tmp_path: Path) -> None:
    root, aside = tmp_path / "a", tmp_path / "aside"
    root.mkdir()
    (root / "note.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        here = await ready(anna, root)
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        await until(lambda: tree(tmp_path / "b") == tree(root))
        root.rename(aside)
        await until(lambda: here.state == "offline")
        # Before Python 3.11.4 a timeout ends such a task: nobody would look for the folder, nor dial.
        await until(lambda: not any(task.cancelling() for task in asyncio.all_tasks()))
        assert here.reason.startswith(f"{root} is not there. Connect the disk or put the folder back.")
        (tmp_path / "b/other.md").write_text("meanwhile\n")
        aside.rename(root)
        await until(lambda: tree(tmp_path / "b") == tree(root))
        assert set(tree(root)) == {"note.md", "other.md"}
        # Now it was one of the two that dialed, and whoever did has to dial again.
        for peer in (*anna.peers._peers.values(), *bert.peers._peers.values()):
            await until(lambda peer=peer: peer.link is not None)  # type: ignore[misc]
        root.rename(aside)
        await until(lambda: here.state == "offline")
        await until(lambda: not any(task.cancelling() for task in asyncio.all_tasks()))


@pytest.mark.parametrize("running", [True, False])
async def test_a_marker_that_was_deleted_is_put_back_where_the_files_are_the_same(
    tmp_path: Path, running: bool
) -> None:
    """Whoever deleted it, with `git clean` for example, had no way back: not even `leave` found the vault."""
    root = tmp_path / "a"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna:
        here = await ready(anna, root)
        vault = here.vault
        if running:
            shutil.rmtree(root / ".vaultsync")
            (root / "0.md").unlink()
            await until(lambda: vaults.MARKER_PUT_BACK in here.notices)
    if not running:
        shutil.rmtree(root / ".vaultsync")
        (root / "0.md").unlink()
    async with running_node(tmp_path, "Anna") as anna:
        await until(lambda: bool(anna.vaults) and anna.vaults[vault].state == "ready")
        assert marker.read(str(root)).vault == vault
        engine = anna.vaults[vault].engine
        assert engine is not None
        while await engine.read(lambda replica: replica.state.store.index.counts().files) != 3:
            await asyncio.sleep(0.01)


async def test_a_vault_that_was_moved_is_not_called_a_copy(tmp_path: Path) -> None:
    root, moved = tmp_path / "a", tmp_path / "moved"
    root.mkdir()
    async with running_node(tmp_path, "Anna") as anna:
        here = await ready(anna, root)
        root.rename(moved)
        await until(lambda: here.state == "offline")
        with pytest.raises(VaultError, match="is the vault that was at") as told:
            await anna.add_vault(moved)
        assert "ln -s" in told.value.hint
        root.symlink_to(moved)
        await until(lambda: here.state == "ready")


async def test_other_files_in_the_vaults_place_are_not_taken_for_it(tmp_path: Path) -> None:
    root = tmp_path / "a"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna:
        here = await ready(anna, root)
        root.rename(tmp_path / "aside")
        # A copy: the same contents.
        shutil.copytree(tmp_path / "aside", root, ignore=shutil.ignore_patterns(".vaultsync"))
        await until(lambda: "put it back" in here.reason)
        assert here.state == "offline"
        assert f"vaultsync adopt {root}" in here.reason
        assert not (root / ".vaultsync").exists()


async def test_a_folder_from_a_backup_is_taken_back_when_a_person_says_so(tmp_path: Path) -> None:
    root = tmp_path / "a"
    root.mkdir()
    for number in range(4):
        (root / f"{number}.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        here = await ready(anna, root)
        with pytest.raises(VaultError, match="nothing to adopt"):
            await here.adopt()
        shutil.copytree(root, tmp_path / "backup", ignore=shutil.ignore_patterns(".vaultsync"))
        text, _ = await anna.make_ticket(here, role="member", life_s=60, reusable=False)
        await bert.join(text, tmp_path / "b")
        (root / "0.md").write_text("other words\n")
        (root / "new.md").write_text("new\n")
        await until(lambda: len(tree(tmp_path / "b")) == 5 and tree(tmp_path / "b") == tree(root))
        wanted = tree(root)
        root.rename(tmp_path / "lost")
        await until(lambda: here.state == "offline")
        with pytest.raises(VaultOfflineError, match="There is no folder"):
            await here.adopt()
        (tmp_path / "backup").rename(root)
        await here.adopt()
        await until(lambda: here.state == "ready")
        assert vaults.ADOPTED in here.notices
        assert marker.read(str(root)).vault == here.vault
        (tmp_path / "b/after.md").write_text("after\n")
        await until(lambda: (root / "after.md").exists())
        assert tree(root) == tree(tmp_path / "b") == wanted | {"after.md": b"after\n"}


async def test_whoever_waits_for_a_folder_to_be_taken_back_hears_why_it_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "a"
    root.mkdir()
    (root / "note.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna:
        here = await ready(anna, root)
        root.rename(tmp_path / "lost")
        await until(lambda: here.state == "offline")
        root.mkdir()

        def refuse(_store: object) -> None:
            raise OSError(errno.EIO, "it is broken")

        monkeypatch.setattr(vaults, "expect_nothing", refuse)
        with pytest.raises(VaultError, match="it is broken"):
            await here.adopt()
        monkeypatch.undo()
        await here.adopt()
        await until(lambda: here.state == "ready")


async def test_traces_of_another_tool_are_told_once_and_change_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = tmp_path / "a"
    (root / ".stfolder").mkdir(parents=True)
    (root / "note.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna:
        service = await ready(anna, root)
        assert [notice.split(" seem")[0] for notice in service.notices] == ["Syncthing"]
        root.rename(tmp_path / "aside")
        await until(lambda: service.state == "offline")
        (tmp_path / "aside").rename(root)
        await until(lambda: service.state == "ready")
        assert len(service.notices) == 1
        assert [record.getMessage() for record in caplog.records if "Syncthing" in record.getMessage()] == [
            f"a: {service.notices[0]}"
        ]


async def test_a_clock_that_went_back_is_told_and_the_edit_still_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "a"
    root.mkdir()
    (root / "note.md").write_text("words\n")
    async with running_node(tmp_path, "Anna") as anna:
        service = await ready(anna, root)
        assert service.notices == []
        (root / "note.md").write_text("more words\n")
        await _until_versions(service, "note.md", 2)
        real = service._now_ms
        monkeypatch.setattr(service, "_now_ms", lambda: real() - 30 * DAY_MS)
        root.rename(tmp_path / "aside")
        await until(lambda: service.state == "offline")
        (tmp_path / "aside").rename(root)
        await until(lambda: service.state == "ready")
        assert "30 days behind its newest edit" in service.notices[0] or "29 days" in service.notices[0]
        before = await _versions(service, "note.md")
        (root / "note.md").write_text("words of the past\n")
        await _until_versions(service, "note.md", len(before) + 1)
        newest, older = (await _versions(service, "note.md"))[:2]
        assert newest.version.includes(older.version)


async def test_old_versions_are_pruned_by_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "PRUNE_AFTER_S", 0.05)
    monkeypatch.setattr(vaults, "PRUNE_EVERY_S", 0.05)
    root = tmp_path / "a"
    root.mkdir()
    (root / "note.md").write_text("first\n")
    async with running_node(tmp_path, "Anna") as anna:
        service = await ready(anna, root)
        for number in range(3):
            (root / "note.md").write_text(f"version {number}\n")
            await _until_versions(service, "note.md", number + 2)
        real = service._now_ms
        monkeypatch.setattr(service, "_now_ms", lambda: real() + 1000 * DAY_MS)
        await _until_versions(service, "note.md", 1)


async def _versions(service: VaultService, path: str) -> list[HistoryVersion]:
    assert service.engine is not None
    return await service.engine.read(lambda replica: replica.state.store.history.versions(path))


async def _until_versions(service: VaultService, path: str, count: int) -> None:
    while len(await _versions(service, path)) != count:
        pass


async def test_a_vault_that_is_stopped_while_it_opens_lets_go_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    begun, go_on, over = threading.Event(), threading.Event(), threading.Event()
    opened = VaultService._open

    def slowly(service: VaultService, adopting: bool, author: Author) -> Replica:
        begun.set()
        go_on.wait(10)
        try:
            return opened(service, adopting, author)
        finally:
            over.set()

    monkeypatch.setattr(VaultService, "_open", slowly)
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(tmp_path / "a")
        await asyncio.to_thread(begun.wait, 10)
        anna.stopping.set()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
    assert service.state == "stopped"
    await asyncio.to_thread(over.wait, 10)
    with VaultLock(str(tmp_path / "a")) as lock:
        lock.acquire("another node")


async def test_a_node_stops_while_history_is_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's end reached the pruning first, and what that said of it took the place of the stop."""
    monkeypatch.setattr(vaults, "PRUNE_AFTER_S", 0.0)
    pruning = asyncio.Event()
    loop = asyncio.get_running_loop()
    real = Replica.prune

    def prune(replica: Replica, policy: Retention, now_ms: int) -> Pruned:
        loop.call_soon_threadsafe(pruning.set)
        return replace(real(replica, policy, now_ms), more=True)

    monkeypatch.setattr(Replica, "prune", prune)
    (tmp_path / "a").mkdir()
    async with running_node(tmp_path, "Anna") as anna:
        await ready(anna, tmp_path / "a")
        await pruning.wait()
