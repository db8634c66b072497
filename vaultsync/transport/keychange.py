"""Taking a device's key out of its store, putting one in, and changing it for a new one.

A new key first lies beside the old one: only once every vault's member list has been signed over to it does it take
the old one's place, so that a crash in between costs nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vaultsync.errors import IdentityError
from vaultsync.model.ids import NodeId, to_base32
from vaultsync.transport import keystore
from vaultsync.transport.identity import Identity

NEXT_FILE: Final = "identity.next"
"""Holds the key that takes over at the next start."""


def export_text(identity: Identity) -> str:
    """The key as text: whoever has it is this device. It is what `VAULTSYNC_IDENTITY` takes."""
    return to_base32(identity.export_seed())


def import_text(config_dir: Path, text: str, *, environ: Mapping[str, str], replace: bool = False) -> Identity:
    """Make the exported key `text` this device's. Raises `IdentityError` if it is none, or if there is one already.

    `replace`: put it in the place of the present one, which is then lost unless it was exported.
    """
    identity = keystore.decode(text, "The text")
    present = (config_dir / keystore.KEY_FILE).exists() or (config_dir / keystore.KEYCHAIN_NOTE).exists()
    if present and not replace:
        raise IdentityError(
            "This device has a key already.",
            hint="Export that one first, then import with --replace. A key must not be used on two devices at once.",
        )
    keystore.store(config_dir, identity, environ=environ)
    return identity


def refuse_given_key(environ: Mapping[str, str]) -> None:
    """`IdentityError` if the key is given by the environment: there is nothing here that could be changed."""
    if environ.get(keystore.IDENTITY_VARIABLE, "").strip():
        raise IdentityError(
            f"The key comes from {keystore.IDENTITY_VARIABLE}, which vaultsync cannot change.", hint="Change it there."
        )


def prepare_rotation(config_dir: Path) -> NodeId:
    """Make the key that takes over at the next start, or find the one made before. Returns its node id."""
    pending = next_identity(config_dir)
    if pending is None:
        pending = Identity.generate()
        keystore.write_key(config_dir / NEXT_FILE, pending)
    return pending.node_id


def next_identity(config_dir: Path) -> Identity | None:
    """The key that waits to take over. `IdentityError` if it is damaged or others can read it."""
    path = config_dir / NEXT_FILE
    return keystore.read_key(path) if path.exists() else None


def finish_rotation(config_dir: Path, identity: Identity, *, environ: Mapping[str, str]) -> None:
    """Put the new key in the old one's place. `IdentityError` if the key is given by the environment."""
    if environ.get(keystore.IDENTITY_VARIABLE, "").strip():
        raise IdentityError(
            f"The key comes from {keystore.IDENTITY_VARIABLE}, which vaultsync cannot change.",
            hint=f"Put the new key there, or delete {config_dir / NEXT_FILE}.",
        )
    keystore.store(config_dir, identity, environ=environ)
    os.unlink(config_dir / NEXT_FILE)
