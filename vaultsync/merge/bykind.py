"""What merges each kind of text."""

from __future__ import annotations

from typing import Final

from vaultsync.merge.excalidraw import merge_excalidraw
from vaultsync.merge.kinds import TextKind
from vaultsync.merge.lines import Text
from vaultsync.merge.markdown import merge_markdown
from vaultsync.merge.structured import merge_json_texts
from vaultsync.merge.text import merge_texts
from vaultsync.merge.yaml import merge_yaml_texts

_BY_LINES: Final = {
    TextKind.MARKDOWN: merge_markdown,
    TextKind.EXCALIDRAW: merge_excalidraw,
    TextKind.YAML: merge_yaml_texts,
    TextKind.PLAIN: merge_texts,
}
"""All kinds but JSON and canvases, whose lines say nothing."""


def merge_by_kind(path: str, kind: TextKind, base: str | None, a: str, b: str, notes: set[str]) -> str:
    """Merge two texts of one kind; `notes` takes what a person should know. `CannotMergeError`."""
    if kind is TextKind.JSON or kind is TextKind.CANVAS:
        settings = ".obsidian" in path.split("/")
        return merge_json_texts(base, a, b, notes, settings=settings)
    origin = None if base is None else Text.split(base)
    first, second = Text.split(a), Text.split(b)
    return _BY_LINES[kind](origin, first, second, notes).join()
