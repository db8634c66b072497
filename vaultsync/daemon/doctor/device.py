"""This device: its key, its settings, its folders, its disk, what failed runs left behind."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from vaultsync import __version__
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.descriptor import TOKEN_NAME
from vaultsync.daemon.doctor.finding import Finding, fine, problem, warning
from vaultsync.errors import VaultsyncError
from vaultsync.store.checkup import look_at
from vaultsync.store.node_store import SCHEMA
from vaultsync.transport.keychange import NEXT_FILE, next_identity
from vaultsync.transport.keystore import IDENTITY_VARIABLE, KEY_FILE, KEYCHAIN_NOTE, decode, read_key

LITTLE_SPACE: Final = 1 << 30
NO_SPACE: Final = 100 << 20
"""Bytes that are free on a disk."""


def check_device(places: Places, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Everything about this device that no vault has a part in. Blocks."""
    system = f"Python {sys.version_info.major}.{sys.version_info.minor} on {sys.platform}"
    yield fine("version", f"This is vaultsync {__version__}, {system}.")
    yield check_identity(places.config, environ)
    yield from check_next_key(places.config)
    yield check_config(places.config_file)
    yield from check_private(places)
    yield from check_space(places.data, "the data folder")
    if places.node_database.exists():
        yield check_database(places.node_database)


def check_identity(config: Path, environ: Mapping[str, str]) -> Finding:
    """Whether the key can be read, and by its owner alone. A keychain is not opened: that may ask for a password."""
    try:
        if given := environ.get(IDENTITY_VARIABLE, "").strip():
            name = decode(given, IDENTITY_VARIABLE).node_id.short
            return fine("identity", f"This device is {name}; its key comes from {IDENTITY_VARIABLE}.")
        if (config / KEYCHAIN_NOTE).exists():
            return fine("identity", "This device's key is in the system's keychain.")
        if not (config / KEY_FILE).exists():
            return fine("identity", "This device has no key yet; one is made when vaultsync first runs.")
        name = read_key(config / KEY_FILE).node_id.short
    except VaultsyncError as error:
        mend = error.hint or f"Put the right key into {IDENTITY_VARIABLE}, or unset it: then the stored one is used."
        return problem("identity", f"{error.title}: {error.message}", mend)
    return fine("identity", f"This device is {name}; only you can read its key.")


def check_next_key(config: Path) -> Iterator[Finding]:
    """Whether a new key waits to take over."""
    try:
        coming = next_identity(config)
    except VaultsyncError as error:
        mend = error.hint or f"Delete {config / NEXT_FILE}, then `vaultsync identity rotate` again."
        yield problem("identity", f"The key that is to take over cannot be used: {error.message}", mend)
        return
    if coming is not None:
        text = f"A new key waits: this device becomes {coming.node_id.short} at the next start."
        yield warning("identity", text, "Stop vaultsync and start it again.")


def check_config(path: Path) -> Finding:
    try:
        Config.load(path)
    except VaultsyncError as error:
        return problem("config", error.message, error.hint or f"Make {path} readable for yourself.")
    return fine("config", f"The settings in {path} are in order." if path.exists() else "All settings are the usual.")


def check_private(places: Places) -> Iterator[Finding]:
    """Whether others on this computer are kept out of what is private."""
    if os.name != "posix":
        return
    private = [places.config, places.data, places.data / TOKEN_NAME, places.node_database]
    for path in private:
        try:
            found = path.stat()
        except OSError:
            continue
        if found.st_uid != os.getuid():
            mend = f"Give it back to yourself: sudo chown -R {os.getuid()} '{path}'"
            yield problem("permissions", f"{path} belongs to another user of this computer.", mend)
        elif found.st_mode & 0o077:
            mode = "700" if stat.S_ISDIR(found.st_mode) else "600"
            yield warning("permissions", f"Others on this computer can look into {path}.", f"chmod {mode} '{path}'")


def check_space(path: Path, called: str) -> Iterator[Finding]:
    """How much room there is on the disk that holds `path`."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        free = shutil.disk_usage(path).free
    except OSError as error:
        yield problem("disk", f"The disk of {called} ({path}) does not answer: {error.strerror}.", "Is it connected?")
        return
    room = f"{free / 1e9:.1f} GB are free on the disk of {called}."
    mend = "Make room. Until then nothing is lost: what does not fit waits on the other devices."
    if free < NO_SPACE:
        yield problem("disk", f"Only {free / 1e6:.0f} MB are free on the disk of {called}.", mend)
    elif free < LITTLE_SPACE:
        yield warning("disk", f"Only {free / 1e6:.0f} MB are free on the disk of {called}.", mend)
    else:
        yield fine("disk", room)


def check_database(path: Path) -> Finding:
    """Whether the node's own database is whole."""
    health = look_at(path, SCHEMA)
    if health.newer:
        text = f"{path} was written by a newer vaultsync."
        return problem("database", text, "Update vaultsync on this device.")
    if health.fault:
        return problem("database", f"{path} is damaged: {health.fault}.", SCHEMA.advice)
    return fine("database", "The list of vaults and devices is whole.")
