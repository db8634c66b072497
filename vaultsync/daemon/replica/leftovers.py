"""What a run that broke off left among its temporary files: mostly ours, and now and then a person's."""

from __future__ import annotations

from vaultsync.daemon.replica.resume import finish_commit
from vaultsync.store.vault_store import VaultStore
from vaultsync.vault.applier import Applier
from vaultsync.vault.filesystem import TEMP_DIR, FileSystem


def clean_up(fs: FileSystem, applier: Applier, store: VaultStore, now_ms: int) -> list[str]:
    """Finish what was begun, remove leftovers, put back what a person wrote. Returns the homes of what was put back.

    A replaced file lies among the temporary ones for a moment before it is looked at. If a person wrote to it in that
    very moment and the power went in the next, it is their only copy: it is a file that the index knows by its inode,
    with a content that nobody has. Where a replacement takes two steps, and the second was never made, the file is
    missing at its place although nobody removed it.
    """
    leftovers = {item.signature.inode: f"{TEMP_DIR}/{item.name}" for item in applier.leftovers()}
    rescued: list[str] = []
    if leftovers:
        removing = {intent.record.path for intent in store.intents.all() if intent.record.deleted}
        for entry in store.index.below(""):
            path = leftovers.get(entry.signature.inode) if entry.signature is not None else None
            if path is None:
                continue
            content, _ = fs.hash(path)
            unseen = content != entry.record.hash and not store.history.has(content)
            if unseen or (entry.record.path not in removing and fs.stat(entry.record.path) is None):
                applier.put_back(path, entry.record.path)
                rescued.append(entry.record.path)
    finish_commit(fs, store, now_ms)
    applier.clean_up(now_ms)
    store.history.settle_all()
    return rescued
