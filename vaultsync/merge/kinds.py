"""Which files merge, and as what."""

from __future__ import annotations

from enum import Enum
from typing import Final

MAX_MERGED_BYTES: Final = 1 << 20
"""Larger files are kept whole: the newer stays, the other becomes a conflict copy. They cross the network in pieces,
their versions are not all kept, and a merge would take seconds in which no other note syncs."""


class TextKind(Enum):
    """How a file is merged."""

    MARKDOWN = "markdown"
    EXCALIDRAW = "excalidraw"
    """A drawing inside a Markdown note (the Excalidraw plugin's format)."""
    CANVAS = "canvas"
    """JSON Canvas 1.0, jsoncanvas.org."""
    JSON = "json"
    YAML = "yaml"
    PLAIN = "plain"


_PLAIN: Final = """
    txt text org rst adoc asciidoc tex bib csv tsv ics vcf srt vtt fountain ledger journal taskpaper opml log
    css scss less js mjs cjs ts jsx tsx py rb sh lua r html htm toml ini cfg conf properties
    gitignore vaultsyncignore
"""

_KINDS: Final = {
    **dict.fromkeys(("md", "markdown", "mdown", "mdx", "qmd", "rmd"), TextKind.MARKDOWN),
    "canvas": TextKind.CANVAS,
    **dict.fromkeys(("json", "jsonc", "geojson"), TextKind.JSON),
    **dict.fromkeys(("yaml", "yml", "base"), TextKind.YAML),
    **dict.fromkeys(_PLAIN.split(), TextKind.PLAIN),
}


def kind_of(path: str) -> TextKind | None:
    """How the file at `path` is merged, by its name; None if it isn't.

    What has no extension (README, todo, .bashrc) is text more often than not; what is none is refused by its content.
    """
    name = path.rpartition("/")[2].casefold()
    if name.endswith(".excalidraw.md"):
        return TextKind.EXCALIDRAW
    stem, dot, extension = name.rpartition(".")
    kind = _KINDS.get(extension) if dot else None
    return kind if kind is not None or stem else TextKind.PLAIN


def is_mergeable(path: str, size: int) -> bool:
    """Whether a file of `size` bytes at `path` is of a kind that merges. Its content may still refuse."""
    return size <= MAX_MERGED_BYTES and kind_of(path) is not None
