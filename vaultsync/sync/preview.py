"""What joining a vault with a folder that has notes already would bring together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preview:
    """How a folder and the vault that it is to join compare. Paths in order."""

    same: int
    """Files that are alike on both sides."""
    only_here: tuple[str, ...]
    """They will go to the others."""
    only_there: tuple[str, ...]
    """They will come here."""
    differ: tuple[str, ...]
    """They will be merged, or kept side by side where that is impossible."""


def compare_folders(here: Mapping[str, bytes], there: Mapping[str, bytes]) -> Preview:
    """Compare files by path and content hash."""
    both = here.keys() & there.keys()
    return Preview(
        same=sum(here[path] == there[path] for path in both),
        only_here=tuple(sorted(here.keys() - there.keys())),
        only_there=tuple(sorted(there.keys() - here.keys())),
        differ=tuple(sorted(path for path in both if here[path] != there[path])),
    )
