"""What file systems do with names and times: a value for the simulated disk and for the person who works on it."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from vaultsync.model.paths import fold


@dataclass(frozen=True, slots=True)
class Manners:
    """Of one disk. The default is that of Linux file systems."""

    name: str = "plain"
    folds_case: bool = False
    """`Note.md` and `note.md` are one name; the form stays in which it was made."""
    decomposes: bool = False
    """Names are kept in NFD, as on HFS+."""
    tick_ns: int = 1
    """What times are rounded down to."""
    swaps: bool = True
    """Whether two names can be exchanged in one step."""

    @property
    def is_loose(self) -> bool:
        """Whether a name may be reached under others."""
        return self.folds_case or self.decomposes

    def key(self, path: str) -> str:
        """Equal for two paths that are one here."""
        return fold(path) if self.folds_case else unicodedata.normalize("NFC", path)

    def written(self, name: str) -> str:
        """The form in which a new name is kept."""
        return unicodedata.normalize("NFD", name) if self.decomposes else name

    def spelled(self, names: Iterable[str], name: str) -> str:
        """Which of a folder's `names` a call for `name` reaches; the form that it would get, if none."""
        key = self.key(name)
        return next((there for there in names if self.key(there) == key), self.written(name))

    def real(self, root: str, path: str) -> str:
        """Where a person's program reaches `path`."""
        exactly = os.path.join(root, path)
        if not self.is_loose and os.path.lexists(exactly):
            return exactly
        found = root
        for name in path.split("/"):
            names = os.listdir(found) if os.path.isdir(found) else []
            found = os.path.join(found, self.spelled(names, name))
        return found


PLAIN = Manners()
EXACT = (Manners("decomposing", decomposes=True), Manners("in seconds", tick_ns=10**9))
FOLDING = (
    Manners("case-insensitive", folds_case=True),
    Manners("like HFS+", folds_case=True, decomposes=True, tick_ns=10**9, swaps=False),
    Manners("like FAT", folds_case=True, tick_ns=2 * 10**9, swaps=False),
)


def some_manners(random: Random, *, folding: bool) -> Manners:
    """Of three disks, two are plain; `folding`: the others may fold case."""
    return PLAIN if random.random() < 0.65 else random.choice((*EXACT, *FOLDING) if folding else EXACT)
