"""What people type, as values, and back."""

from __future__ import annotations

from pathlib import Path


def typed_folder(text: str) -> Path | None:
    """An absolute path, `~` put in full; None if nothing was typed."""
    return Path(text.strip()).expanduser().absolute() if text.strip() else None


def shown_folder(root: str) -> str:
    """The path as people type it: with `~` for their home."""
    path = Path(root)
    return f"~/{path.relative_to(Path.home()).as_posix()}" if path.is_relative_to(Path.home()) else root
