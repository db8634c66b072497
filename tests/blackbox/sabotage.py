"""Builds of the product that are broken on purpose: what the judge is judged by."""

from __future__ import annotations

import shutil
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "vaultsync"

SABOTAGES = {
    "the newer edit wins, the other is gone": (
        "sync/reconcile.py",
        "    return Merge(winner.with_version(version), split)\n",
        "    chosen = winner.with_version(version)\n"
        '    return Keep(chosen, "sabotaged") if winner is local else Take(chosen, "sabotaged")\n',
    ),
    "deletions stay where they are": (
        "sync/reconcile.py",
        "    if order is Order.AFTER:\n",
        "    if remote.deleted:\n        return Ignore()\n    if order is Order.AFTER:\n",
    ),
    "an edit and a deletion: the deletion wins": (
        "sync/reconcile.py",
        "        outcome = alive.with_version(version)\n",
        "        outcome = gone.with_version(version)\n        alive = gone\n",
    ),
}
"""What is broken: a file, the text in it that is replaced, and by what."""


def broken_build(base: Path, sabotage: str) -> Path:
    """A folder with a copy of the package that has this fault."""
    name, right, wrong = SABOTAGES[sabotage]
    shutil.copytree(PACKAGE, base / "vaultsync", ignore=shutil.ignore_patterns("__pycache__"))
    file = base / "vaultsync" / name
    text = file.read_text()
    assert text.count(right) == 1, f"{name} has changed: break it in another way"
    file.write_text(text.replace(right, wrong))
    return base
