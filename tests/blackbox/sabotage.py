"""Builds of the product that are broken on purpose: what the judge is judged by."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "vaultsync"


@dataclass(frozen=True, slots=True)
class Sabotage:
    breaks: tuple[tuple[str, str, str], ...]
    """Each: a file, the text in it that is replaced, and by what."""
    spells: tuple[str, ...] = ()
    """The kinds of spells that are to find it; all if none is named."""


SABOTAGES = {
    "the newer edit wins, the other is gone": Sabotage(
        (
            (
                "sync/reconcile.py",
                "    return Merge(winner.with_version(version), split)\n",
                "    chosen = winner.with_version(version)\n"
                '    return Keep(chosen, "sabotaged") if winner is local else Take(chosen, "sabotaged")\n',
            ),
        )
    ),
    "deletions stay where they are": Sabotage(
        (
            (
                "sync/reconcile.py",
                "    if order is Order.AFTER:\n",
                "    if remote.deleted:\n        return Ignore()\n    if order is Order.AFTER:\n",
            ),
        )
    ),
    "an edit and a deletion: the deletion wins": Sabotage(
        (
            (
                "sync/reconcile.py",
                "        outcome = alive.with_version(version)\n",
                "        outcome = gone.with_version(version)\n        alive = gone\n",
            ),
        )
    ),
    "an edit of a note that was moved elsewhere is gone": Sabotage(
        (
            (
                "sync/reconcile.py",
                "            return Follow(gone.with_version(version), alive, because)\n",
                "            chosen = gone.with_version(version)\n"
                '            return Keep(chosen, "") if gone is local else Take(chosen, "")\n',
            ),
        ),
        ("folder_race",),
    ),
    "what came replaces what nobody has looked at yet": Sabotage(
        (
            (
                "vault/applier.py",
                "            if before is None or before.signature != action.expected:\n"
                "                return self._otherwise(before)\n",
                "            if before is None:\n                return self._otherwise(before)\n",
            ),
            (
                "vault/applier.py",
                "                if busy or not _is_same(self._fs.stat(staged.path), action.expected):\n",
                "                if busy:\n",
            ),
        ),
        ("ping_pong", "at_once"),
    ),
}
"""What is broken."""


def broken_build(base: Path, name: str) -> Path:
    """A folder with a copy of the package that has this fault."""
    shutil.copytree(PACKAGE, base / "vaultsync", ignore=shutil.ignore_patterns("__pycache__"))
    for path, right, wrong in SABOTAGES[name].breaks:
        file = base / "vaultsync" / path
        text = file.read_text()
        assert text.count(right) == 1, f"{path} has changed: break it in another way"
        file.write_text(text.replace(right, wrong))
    return base
