"""Which held deletions a person means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from vaultsync.cli.place import In, Place, find_note, find_place

Named = Sequence[Sequence[str]]
"""For each name that was typed the paths that it may mean, the likeliest first."""


def find_named(texts: Sequence[str] | None, folder: In) -> tuple[Place, Named | None]:
    """The vault, and what is meant in it; None: all that is held. `VaultError` if there is no vault."""
    if not texts:
        return find_place(folder), None
    found = [find_note(text, folder) for text in texts]
    return found[0][0], [paths for _, paths in found]


async def decide(decision: Callable[[Sequence[str] | None], Awaitable[int]], named: Named | None) -> int:
    """Have `decision` made; of the paths that a name may mean, for the first one of which anything is held.

    Returns for how many files and folders it was made.
    """
    if named is None:
        return await decision(None)
    count = 0
    for paths in named:
        for path in paths:
            if decided := await decision([path]):
                count += decided
                break
    return count
