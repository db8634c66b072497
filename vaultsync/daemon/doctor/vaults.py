"""The vaults: their folders, their indexes, and who else writes there."""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from vaultsync.daemon.config import Places
from vaultsync.daemon.doctor.device import check_space
from vaultsync.daemon.doctor.finding import Finding, fine, problem, warning
from vaultsync.errors import VaultsyncError
from vaultsync.model.ids import VaultId
from vaultsync.store.checkup import digest_is_right, edits_from_the_future, folder_count, look_at, vault_roots
from vaultsync.store.vault_store import SCHEMA
from vaultsync.sync.brakes import other_tools
from vaultsync.vault import marker
from vaultsync.vault.filesystem import TEMP_DIR
from vaultsync.vault.recognition import has_lost_its_marker

SKEW_MS: Final = 60_000
"""An edit that is this far in the future was made by a clock that is wrong, or this one is."""

OLD_S: Final = 86_400.0
"""A temporary file of this age belongs to no run that is going on."""

CLOUDS: Final = {
    "Mobile Documents": "iCloud Drive",
    "com~apple~CloudDocs": "iCloud Drive",
    "CloudStorage": "a cloud drive",
    "iCloudDrive": "iCloud Drive",
    "Dropbox": "Dropbox",
    "OneDrive": "OneDrive",
    "Google Drive": "Google Drive",
    "GoogleDrive": "Google Drive",
    "Nextcloud": "Nextcloud",
    "pCloudDrive": "pCloud",
    "MEGA": "MEGA",
}
"""Folders above a vault that tell of a tool which syncs all below them."""

WATCHES: Final = Path("/proc/sys/fs/inotify/max_user_watches")


def check_vaults(places: Places, *, node_runs: bool) -> Iterator[Finding]:
    """Everything about the vaults of this device. Blocks; reads every index, and no note."""
    if not places.node_database.exists():
        yield fine("vaults", "This device has no vault yet.")
        return
    try:
        known = vault_roots(places.node_database)
    except sqlite3.Error as error:
        yield problem("vaults", f"The list of vaults cannot be read: {error}.", "See what is said of the database.")
        return
    if not known:
        yield fine("vaults", "This device has no vault yet.")
    folders = 0
    for raw, root, name in known:
        vault = VaultId(bytes.fromhex(raw))
        yield from check_folder(vault, root, name)
        yield from check_others(root, name)
        yield from check_leftovers(root, name, node_runs=node_runs)
        database = places.vault_database(str(vault))
        if database.exists():
            yield from check_index(database, name)
            yield from check_clocks(database, name, time.time_ns() // 1_000_000)
            try:
                folders += folder_count(database)
            except sqlite3.Error:
                # What is wrong with it has been said.
                continue
    yield from check_watches(folders + len(known))


def check_folder(vault: VaultId, root: Path, name: str) -> Iterator[Finding]:
    """Whether the folder is there, is this vault, and can be written to."""
    try:
        found = marker.read(str(root))
    except VaultsyncError as error:
        mend = "Connect its disk, or put the folder back. Nothing is deleted anywhere meanwhile."
        if has_lost_its_marker(str(root)):
            mend += f" If this is it, brought back from a backup: vaultsync adopt {shlex.quote(str(root))}"
        yield problem("folder", f"The folder of “{name}” cannot be used: {error.message}", mend)
        return
    if found.vault != vault:
        yield problem("folder", f"{root} is another vault now.", f"Put the folder of “{name}” back where it was.")
    elif not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        yield problem("folder", f"You may not write in {root}.", f"chmod u+rwx '{root}'")
    else:
        yield fine("folder", f"“{name}” is in {root}.")
    yield from check_space(root, f"“{name}”")


def check_others(root: Path, name: str) -> Iterator[Finding]:
    """Whether another tool syncs the same folder."""
    mend = "Let one tool alone sync a folder: move the vault out of it, or switch the other one off there."
    above = next((CLOUDS[part] for part in root.parts if part in CLOUDS), None)
    if above is None and any(part.startswith("OneDrive - ") for part in root.parts):
        above = "OneDrive"
    if above is not None:
        yield warning("other-tools", f"“{name}” lies in a folder that {above} syncs.", mend)
    try:
        names = os.listdir(root)
    except OSError:
        return
    if (said := other_tools(names)) is not None:
        yield warning("other-tools", f"“{name}”: {said}", mend)
    if _obsidian_sync(root):
        yield warning("other-tools", f"“{name}”: Obsidian Sync is switched on in this vault.", mend)


def check_leftovers(root: Path, name: str, *, node_runs: bool) -> Iterator[Finding]:
    """Whether runs that broke off have left files that nothing needs."""
    now_s, old, size = time.time(), 0, 0
    for folder, _, files in os.walk(root / TEMP_DIR):
        for file in files:
            try:
                found = os.lstat(os.path.join(folder, file))
            except OSError:
                continue
            if now_s - found.st_mtime > OLD_S:
                old, size = old + 1, size + found.st_size
    if old:
        text = f"“{name}” holds {old} temporary files ({size / 1e6:.1f} MB) older than a day."
        again = "Stop vaultsync and start it again" if node_runs else "Start vaultsync"
        yield warning("leftovers", text, f"{again}: it takes away what is not needed.")


def check_index(database: Path, name: str) -> Iterator[Finding]:
    """Whether the index is whole, and its digest that of its records."""
    health = look_at(database, SCHEMA)
    if health.newer:
        yield problem("index", f"The index of “{name}” was written by a newer vaultsync.", "Update vaultsync here.")
        return
    if health.fault:
        yield problem("index", f"The index of “{name}” ({database}) is damaged: {health.fault}.", SCHEMA.advice)
        return
    try:
        right = digest_is_right(database)
    except sqlite3.Error as error:
        yield warning("index", f"The digest of “{name}” could not be checked: {error}.", "Start vaultsync, then again.")
        return
    if right:
        yield fine("index", f"The index of “{name}” is whole, and its digest right.")
    else:
        yield problem("index", f"The digest of “{name}” is not that of its records.", SCHEMA.advice)


def check_clocks(database: Path, name: str, now_ms: int) -> Iterator[Finding]:
    """Whether edits come from the future: then a clock is wrong, here or there."""
    try:
        found = edits_from_the_future(database, now_ms + SKEW_MS)
    except sqlite3.Error:
        # What is wrong with it has been said.
        return
    for device, at_ms in found:
        when = datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
        text = f"In “{name}” there are edits of {device or 'a device'} from {when}, which is still to come."
        mend = "Set the clock of that device, or of this one: of two clashing files the later counts as newer."
        yield warning("clock", text, mend)


def check_watches(folders: int) -> Iterator[Finding]:
    """Whether the system lets all folders be watched (Linux: one inotify watch each)."""
    if sys.platform != "linux":
        return
    try:
        allowed = int(WATCHES.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    if folders * 2 > allowed:
        text = f"The vaults have {folders:,} folders; the system lets {allowed:,} be watched, by all programs together."
        mend = f"echo fs.inotify.max_user_watches={max(524_288, folders * 4)} | sudo tee /etc/sysctl.d/60-watches.conf"
        level = problem if folders > allowed else warning
        yield level("watches", text, f"{mend} && sudo sysctl --system")
    elif folders > 0:
        yield fine("watches", f"Every folder can be watched: {folders:,} of the {allowed:,} that the system allows.")


def _obsidian_sync(root: Path) -> bool:
    """Whether Obsidian's own sync is among the core plugins that are on."""
    try:
        found = json.loads((root / ".obsidian" / "core-plugins.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    has_state = (root / ".obsidian" / "sync.json").exists()
    if isinstance(found, dict):
        return found.get("sync") is True and has_state
    return isinstance(found, list) and "sync" in found and has_state
