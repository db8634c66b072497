"""The rules that a vault's own ignore file sets, also while that file has a mistake in it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from contextlib import suppress

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.errors import ConfigError, ContentError, UnstableFileError
from vaultsync.model.filters import CATEGORY_WORDS, IGNORE_FILE, Category
from vaultsync.store.history import History
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.selection import Selection


def load_rules(fs: FileSystem, history: History, categories: AbstractSet[Category]) -> Selection:
    """The rules to start with: those of the ignore file, or while it can't be used its newest version that can.

    Raises `ConfigError` if there is no such version: then nobody knows what may leave this device.
    """
    try:
        return Selection.load(fs, categories)
    except ConfigError as error:
        for version in history.versions(IGNORE_FILE):
            with suppress(ConfigError, ContentError, UnicodeDecodeError):
                if version.hash and (content := history.read(version.hash)) is not None:
                    return Selection(content.decode(), categories)
        error.hint = error.hint or "Mend that line, or remove the file; the vault is tried again by itself."
        raise


def reload_rules(state: ReplicaState) -> Selection | None:
    """The rules of an ignore file that has changed. None: it can't be used, which is now shown as a trouble."""
    try:
        selection = Selection.load(state.fs, state.selection.categories)
    except (ConfigError, UnstableFileError, OSError) as error:
        state.set_trouble(IGNORE_FILE, f"{error}; the rules of before go on")
        return None
    state.set_trouble(IGNORE_FILE, "")
    return selection


def change_words(before: Selection, after: Selection) -> str:
    """What is different now, in one sentence for the log."""
    changes = []
    for words, categories in (
        ("switched on", after.categories - before.categories),
        ("switched off", before.categories - after.categories),
    ):
        if categories:
            changes.append(f"{', '.join(CATEGORY_WORDS[category] for category in sorted(categories))} {words}")
    if not after.same_rules(before):
        changes.append(f"{IGNORE_FILE} has new rules")
    return f"This device's selection: {'; '.join(changes) or 'as it was'}."
