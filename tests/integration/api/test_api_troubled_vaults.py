"""A node whose vaults can't all be served: it starts, says why, and serves the others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.nodes import running_node, until
from vaultsync.client.client import NodeClient
from vaultsync.errors import NodeRunningError, VaultError
from vaultsync.server.serve import serve_api


def make_vault(root: Path) -> None:
    root.mkdir()
    (root / "note.md").write_text("a note\n")


async def test_vaults_that_cannot_be_had_do_not_keep_the_others_from_being_served(tmp_path: Path) -> None:
    names = ("sound", "gone", "locked out")
    for name in names:
        make_vault(tmp_path / name)
    async with running_node(tmp_path, "Anna") as node:
        for name in names:
            await node.add_vault(tmp_path / name)
    shutil.move(tmp_path / "gone", tmp_path / "elsewhere")
    lock = tmp_path / "locked out" / ".vaultsync" / "lock"
    lock.unlink()
    lock.mkdir()
    async with running_node(tmp_path, "Anna") as node, serve_api(node), NodeClient.find(node.places) as client:
        await until(lambda: sorted(s.state for s in node.vaults.values()) == ["failed", "offline", "ready"])
        found = {vault.name: vault for vault in (await client.status()).vaults}
        assert found["sound"].files == 1
        assert (found["gone"].state, found["gone"].digest) == ("offline", "")
        assert str(tmp_path / "gone") in found["gone"].reason
        assert "The disk says" in found["locked out"].reason

        shutil.move(tmp_path / "elsewhere", tmp_path / "gone")
        await until(lambda: sorted(s.state for s in node.vaults.values()) == ["failed", "ready", "ready"])


async def test_a_folder_whose_lock_cannot_be_taken_is_refused_in_words(tmp_path: Path) -> None:
    make_vault(tmp_path / "notes")
    async with running_node(tmp_path, "Anna") as node:
        await node.add_vault(tmp_path / "notes")
    lock = tmp_path / "notes" / ".vaultsync" / "lock"
    lock.unlink()
    lock.mkdir()
    async with running_node(tmp_path, "Bert") as other:
        with pytest.raises(VaultError, match="The disk says"):
            await other.add_vault(tmp_path / "notes")


async def test_two_nodes_do_not_share_a_home(tmp_path: Path) -> None:
    async with running_node(tmp_path, "Anna"):
        with pytest.raises(NodeRunningError, match="It is held by process"):
            async with running_node(tmp_path, "Anna"):
                pass
