"""What a person may set: for one vault on this device, and for this device."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Body

from vaultsync.daemon.config import Config
from vaultsync.daemon.configfile import changed_text, write_text
from vaultsync.daemon.service import Node
from vaultsync.daemon.settings import VaultSettings
from vaultsync.daemon.status import DeviceConfig, VaultOptions
from vaultsync.daemon.vaults import VaultService
from vaultsync.model.filters import CATEGORY_WORDS, Category
from vaultsync.server.access import TheNode, find_vault

router = APIRouter(tags=["settings"])

Changes = Annotated[dict[str, object], Body(description="The keys to change, with their new values.")]


@router.get("/vaults/{vault}/settings")
async def vault_settings(node: TheNode, vault: str) -> VaultOptions:
    """One vault's settings on this device."""
    return _options(find_vault(node, vault))


@router.patch("/vaults/{vault}/settings")
async def change_vault_settings(node: TheNode, vault: str, changes: Changes) -> VaultOptions:
    """Change `categories` (a list), `clashes` (`merge` or `copy`), `retention` (an object), `mesh`, `strangers`.

    Deselecting a category deletes nothing anywhere.
    """
    service = find_vault(node, vault)
    settings = service.settings.changed(changes)
    record = await node.database.run(lambda store: store.vaults.update(service.vault, settings_json=settings.to_json()))
    await service.apply_settings(record)
    return _options(service)


@router.get("/config")
async def config(node: TheNode) -> DeviceConfig:
    """This device's settings, as they stand in its file."""
    return await _config(node)


@router.patch("/config")
async def change_config(node: TheNode, changes: Changes) -> DeviceConfig:
    """Change settings of this device. They are checked, stored in its file, and hold from the next start on."""
    path = node.places.config_file

    def change() -> None:
        text = changed_text(path, changes)
        Config.parse(path, text)
        write_text(path, text)

    await asyncio.to_thread(change)
    return await _config(node)


async def _config(node: Node) -> DeviceConfig:
    stored = await asyncio.to_thread(Config.load, node.places.config_file)
    return DeviceConfig(
        path=str(node.places.config_file),
        name=stored.name,
        listen_host=stored.listen_host or "",
        listen_port=stored.listen_port,
        mdns=stored.mdns,
        restart_needed=stored != node.config,
    )


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
    )
