"""The package's verb: two versions of a file, and what they come from, to one."""

from __future__ import annotations

from typing import Final

from vaultsync.merge.excalidraw import merge_excalidraw
from vaultsync.merge.kinds import MAX_MERGED_BYTES, TextKind, kind_of
from vaultsync.merge.lines import Text
from vaultsync.merge.markdown import merge_markdown
from vaultsync.merge.result import CannotMergeError, Clash, Merged
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


def merge_contents(path: str, base: bytes | None, a: bytes, b: bytes) -> Merged | Clash:
    """Merge two versions of the file at `path`.

    `base` is the newest content that both come from; None if there is none. A deterministic function of the base
    and the set of the two sides. Where it returns `Merged`, every word that either side added is in it.
    """
    if a == b:
        return Merged(a)
    if base == a:
        return Merged(b)
    if base == b:
        return Merged(a)
    if a > b:
        a, b = b, a
    kind = kind_of(path)
    if kind is None:
        return Clash("Files of this kind can't be merged.")
    if max(len(a), len(b), len(base or b"")) > MAX_MERGED_BYTES:
        return Clash("It is too large to merge.")
    notes: set[str] = set()
    try:
        texts = _decode(a), _decode(b)
        origin = None if base is None else _decode(base)
        merged = _merge(path, kind, origin, *texts, notes)
        return Merged(merged.encode(), tuple(sorted(notes)))
    except CannotMergeError as error:
        return Clash(error.reason)
    except UnicodeError:
        return Clash("One of the versions isn't UTF-8 text.")


def _decode(content: bytes) -> str:
    if b"\0" in content:
        raise CannotMergeError("One of the versions holds binary data.")
    return content.decode()


def _merge(path: str, kind: TextKind, base: str | None, a: str, b: str, notes: set[str]) -> str:
    if kind is TextKind.JSON or kind is TextKind.CANVAS:
        settings = ".obsidian" in path.split("/")
        return merge_json_texts(base, a, b, notes, settings=settings)
    origin = None if base is None else Text.split(base)
    first, second = Text.split(a), Text.split(b)
    return _BY_LINES[kind](origin, first, second, notes).join()
