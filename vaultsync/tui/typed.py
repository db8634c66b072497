"""What people type, as values."""

from __future__ import annotations

from pathlib import Path


def typed_folder(text: str) -> Path | None:
    """An absolute path, `~` put in full; None if nothing was typed."""
    return Path(text.strip()).expanduser().absolute() if text.strip() else None
