"""What requests about history, conflicts and held deletions carry."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from vaultsync.server.models import MAX_PATH, Request

NotePath = Annotated[str, Field(min_length=1, max_length=MAX_PATH)]
Content = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""Names a content: its BLAKE3 hash in hex."""


class RestoreOne(Request):
    """Put one version of a note back."""

    path: NotePath
    """Relative to the vault."""
    content: Content
    """Which version, as the history names it."""


class RestoreMany(Request):
    """Bring a folder or the vault to what it held at a time."""

    at: Annotated[int, Field(ge=0, lt=2**53)]
    """Unix ms of this device."""
    folder: Annotated[str, Field(max_length=MAX_PATH)] = ""
    """Relative to the vault; empty: all of it."""
    preview: bool = True
    """Only tell what would change."""


class Resolve(Request):
    """End a conflict."""

    path: NotePath
    """Of the conflict copy, or of the merged note."""
    choice: Literal["mine", "theirs", "both", "edit"]
    text: Annotated[str, Field(max_length=48 << 10)] | None = None
    """What is to stand in the note's place; only with `edit`."""


class UndoMerge(Request):
    """Take back the newest merge of a note."""

    path: NotePath


class SomeDeletions(Request):
    """Which of the held deletions are meant."""

    paths: Annotated[list[NotePath], Field(max_length=1_000)] | None = None
    """Those at or below these paths; null: all."""
