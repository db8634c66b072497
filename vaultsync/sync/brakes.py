"""Safety brakes: what makes a device stop and ask before it believes its own disk. Each is a named function.

A missing folder, a missing marker and another disk under the mount point are noticed by `vault/folder.py`, an emptied
file by `vault/scanner.py`: they look at the disk, these look at what was seen there.
"""

from __future__ import annotations

from typing import Final

MASS_DELETION_FILES: Final = 50
MASS_DELETION_SHARE: Final = 0.2
"""More files than this, and more than this share of the vault (DESIGN §8)."""

DELETION_WINDOW_MS: Final = 10_000
"""Deletions this close together count as one: emptying a folder takes a file manager more than one moment."""

CLOCK_JUMP_MS: Final = 24 * 3_600_000
"""A wall clock this far behind what it showed before was set wrong then, or is now."""


def is_mass_deletion(deleted: int, before: int) -> bool:
    """Whether the disappearance of `deleted` files, of `before` that there were, needs a person's word."""
    return deleted > MASS_DELETION_FILES and deleted > before * MASS_DELETION_SHARE


def deletion_cause(deleted: int, before: int, folders: list[str]) -> str:
    """What a person is told of a held deletion. `folders`: the topmost that are gone, if all of it lay in them."""
    share = round(100 * deleted / before) if before else 100
    where = ""
    if folders:
        shown = ", ".join(f"“{folder}”" for folder in folders[:3])
        where = f", all of {shown}" + (f" and {len(folders) - 3} more" if len(folders) > 3 else "")
    return f"{deleted:,} of {before:,} files ({share} %) disappeared from this device's folder{where}"


def clock_went_back(now_ms: int, newest_known_ms: int) -> str | None:
    """What to say if the clock shows an earlier time than this device's own newest edit, by a day or more."""
    if newest_known_ms - now_ms < CLOCK_JUMP_MS:
        return None
    days = (newest_known_ms - now_ms) // CLOCK_JUMP_MS
    return (
        f"This device's clock is {days} day{'s' if days != 1 else ''} behind its newest edit. Edits sync all the "
        "same; which of two clashing files counts as newer may be wrong until the clock is set."
    )


OTHER_TOOLS: Final = {
    ".stfolder": "Syncthing",
    ".stversions": "Syncthing",
    ".git": "Git",
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".sync": "Resilio Sync",
    ".owncloudsync.log": "ownCloud or Nextcloud",
    ".nextcloudsync.log": "Nextcloud",
    ".tmp.driveupload": "Google Drive",
}


def other_tools(names: list[str]) -> str | None:
    """What to say, once, if names at a vault's top level tell of another tool that changes the same files."""
    tools = sorted({OTHER_TOOLS[name] for name in names if name in OTHER_TOOLS})
    if not tools:
        return None
    if tools == ["Git"]:
        return (
            "There is a Git repository in this vault. Its files stay on this device; let only one device commit and "
            "pull, or both will bring each other's changes twice."
        )
    return (
        f"{' and '.join(tools)} seem{'s' if len(tools) == 1 else ''} to sync this folder too. Two tools that sync one "
        "folder bring back what the other deleted; switch one of them off for it."
    )
