"""What a person may set: for one vault on this device, and for this device."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body

from vaultsync.daemon.answers import DeviceConfig, IgnoreRules, VaultOptions
from vaultsync.daemon.deviceconfig import change_file, device_config
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.state import Effects
from vaultsync.daemon.service import Node
from vaultsync.daemon.settings import VaultSettings
from vaultsync.daemon.vaults import VaultService
from vaultsync.model.filters import CATEGORY_WORDS, IGNORE_FILE, Category
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import act, engine_of
from vaultsync.server.models import ChangeIgnoreRules

router = APIRouter(tags=["settings"])

Changes = Annotated[dict[str, object], Body(description="The keys to change, with their new values.")]


@router.get("/vaults/{vault}/settings")
async def vault_settings(node: TheNode, vault: str) -> VaultOptions:
    """One vault's settings on this device."""
    return _options(find_vault(node, vault))


@router.patch("/vaults/{vault}/settings")
async def change_vault_settings(node: TheNode, vault: str, changes: Changes) -> VaultOptions:
    """Change `categories` (a list), `clashes` (`merge` or `copy`), `retention` (an object), `mesh`, `strangers`,
    `sync`.

    Deselecting a category deletes nothing anywhere.
    """
    service = find_vault(node, vault)
    await node.change_vault_settings(service, changes)
    return _options(service)


@router.get("/config")
async def config(node: TheNode) -> DeviceConfig:
    """This device's settings, as they stand in its file."""
    return await _config(node)


@router.patch("/config")
async def change_config(node: TheNode, changes: Changes) -> DeviceConfig:
    """Change settings of this device. They are checked, and stored in its file.

    The limits hold at once, the others from the next start on.
    """
    node.follow(await asyncio.to_thread(change_file, node.places.config_file, changes))
    return await _config(node)


@router.get("/vaults/{vault}/ignore")
async def ignore_rules(node: TheNode, vault: str) -> IgnoreRules:
    """The vault's ignore file: gitignore patterns of what no device syncs."""
    return await engine_of(find_vault(node, vault)).read(_ignore_rules)


@router.put("/vaults/{vault}/ignore")
async def change_ignore_rules(node: TheNode, vault: str, request: ChangeIgnoreRules) -> IgnoreRules:
    """Put other patterns in its place, on every device. What they leave out stays where it is."""

    def step(replica: Replica, now_ms: int) -> tuple[IgnoreRules, Effects]:
        effects = replica.set_ignore_rules(request.text, now_ms)
        return _ignore_rules(replica), effects

    return await act(find_vault(node, vault), step)


def _ignore_rules(replica: Replica) -> IgnoreRules:
    state = replica.state
    there = state.fs.stat(IGNORE_FILE) is not None
    text = state.fs.read(IGNORE_FILE)[0].decode(errors="replace") if there else ""
    return IgnoreRules(text, state.troubles.get(IGNORE_FILE, ""))


async def _config(node: Node) -> DeviceConfig:
    path = node.places.config_file
    return device_config(path, await asyncio.to_thread(change_file, path, {}), node.config)


def _options(service: VaultService) -> VaultOptions:
    settings: VaultSettings = service.settings
    return VaultOptions(
        vault=str(service.vault),
        categories=tuple(sorted(category.value for category in settings.categories)),
        known_categories=tuple(category.value for category in Category),
        category_words=tuple(CATEGORY_WORDS[category] for category in Category),
        clashes=settings.clashes,
        keep_all_days=settings.retention.keep_all_days,
        daily_days=settings.retention.daily_days,
        max_bytes=settings.retention.max_bytes,
        mesh=settings.mesh,
        strangers=settings.strangers,
        sync=settings.sync,
    )
