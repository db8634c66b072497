"""History that grows beyond what it may take is not left so until the next time that it is looked through."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from tests.support.nodes import running_node, until
from vaultsync.daemon import vaults
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.settings import VaultSettings
from vaultsync.daemon.vaults import VaultService
from vaultsync.store.retention import Retention
from vaultsync.vault.hashing import hash_bytes


async def test_a_note_that_is_saved_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "PRUNE_AFTER_S", 0.0)
    monkeypatch.setattr(vaults, "WEIGH_EVERY_S", 0.05)
    monkeypatch.setattr(vaults, "GROWN_BYTES", 20_000)
    monkeypatch.setattr(VaultService, "settings", VaultSettings(retention=Retention(max_bytes=1)))
    note = tmp_path / "a" / "note.md"
    note.parent.mkdir()
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(note.parent)
        await until(lambda: service.state == "ready")
        assert service.engine is not None
        for number in range(8):
            note.write_text(Random(number).randbytes(5_000).hex())
            await _until_newest(service.engine, note.read_bytes())
        while await service.engine.read(lambda replica: replica.history_bytes) > 20_000:
            await asyncio.sleep(0.01)


async def _until_newest(engine: Engine, content: bytes) -> None:
    while True:
        versions = await engine.read(lambda replica: replica.state.store.history.versions("note.md"))
        if versions and versions[0].hash == hash_bytes(content):
            return
