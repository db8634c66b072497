"""YAML files: by key where they are mappings, else by lines; either way the result must still be YAML."""

from __future__ import annotations

from vaultsync.merge.lines import Text, agree_on_endings, merge_frame
from vaultsync.merge.properties import merge_properties, parse_yaml, read_properties
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.text import merge_texts


def merge_yaml_texts(base: Text | None, a: Text, b: Text, notes: set[str]) -> Text:
    """Merge two YAML texts; `CannotMergeError` if both changed one value, or the result would not parse."""
    origin, a, b = agree_on_endings(base or Text(()), a, b)
    own, first, second = (read_properties(text.lines) for text in (origin, a, b))
    if own is not None and first is not None and second is not None:
        lines = merge_properties(own, first, second, notes)
        return merge_frame(origin, a, b, lines)
    merged = merge_texts(base, a, b, notes)
    if all(_is_yaml(text) for text in (a, b)) and not _is_yaml(merged):
        raise CannotMergeError("The merge would no longer be valid YAML.")
    return merged


def _is_yaml(text: Text) -> bool:
    return parse_yaml("\n".join(line.text for line in text.lines)) is not None
