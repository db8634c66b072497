"""A node that is told to stop while it starts, or while it does what it was started for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.support.nodes import ENVIRON
from vaultsync.cli import foreground
from vaultsync.cli.foreground import NodeNames, _presenter, _run
from vaultsync.cli.presenter import Presenter
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeError

CONFIG = Config("A", listen_host="127.0.0.1", mdns=False)


async def begin_nothing(_node: Node, _presenter: Presenter) -> None:
    """Nothing to do first."""


async def test_a_node_that_is_told_to_stop_before_it_is_ready_stops(tmp_path: Path) -> None:
    places = Places(tmp_path / "config", tmp_path / "data")
    async with open_node(places, CONFIG, command="test", environ=ENVIRON) as node, asyncio.timeout(30):
        node.stopping.set()
        await _run(node, _presenter(NodeNames(node), as_json=True), begin_nothing, until_eof=False)


async def test_a_node_that_is_told_to_stop_while_it_joins_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a join waits for may never come: the vault was not opened any more, and the node never ended."""
    monkeypatch.setattr(foreground, "LAST_WORDS_S", 0.1)
    places = Places(tmp_path / "config", tmp_path / "data")

    async def wait_for_ever(node: Node, _presenter: Presenter) -> None:
        node.stopping.set()
        await asyncio.Event().wait()

    async with open_node(places, CONFIG, command="test", environ=ENVIRON) as node, asyncio.timeout(30):
        await _run(node, _presenter(NodeNames(node), as_json=True), wait_for_ever, until_eof=False)


async def test_a_node_that_has_stopped_takes_no_vault(tmp_path: Path) -> None:
    places = Places(tmp_path / "config", tmp_path / "data")
    (tmp_path / "a").mkdir()
    async with open_node(places, CONFIG, command="test", environ=ENVIRON) as node, asyncio.timeout(30):
        node.stopping.set()
        await node.run()
        with pytest.raises(NodeError, match="stopping"):
            await node.add_vault(tmp_path / "a")
        assert node.vaults == {}
    async with open_node(places, CONFIG, command="test", environ=ENVIRON) as node:
        [service] = node.vaults.values()
        assert service.record.root == (tmp_path / "a").resolve()
