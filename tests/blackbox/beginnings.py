"""What is in the folders before the devices know of each other."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.blackbox.deeds import act

if TYPE_CHECKING:
    from tests.blackbox.history import History


def begin(history: History) -> None:
    """Each has notes of its own, or a copy of the first one's, changed or not, or other notes under the same names."""
    lot, people = history.lot, history.people
    first = people[0]
    for _ in range(lot.choice([0, 3, 10])):
        history.deed(first, act(first))
    for person in people[1:]:
        kind = lot.choice(["own", "own", "copy", "dated copy", "changed copy", "same names"])
        history.note(f"{person.who} begins with: {kind}")
        if kind == "same names":
            for name in lot.sample(first.notes(), len(first.notes()) // 2):
                history.deed(person, person.create(name))
        elif kind != "own":
            copier = shutil.copy2 if kind == "dated copy" else shutil.copyfile
            shutil.copytree(first.folder, person.folder, copy_function=copier, dirs_exist_ok=True)
            for content in first.device.tree().values():
                history.ledger.copied(content or b"")
        if kind in ("own", "changed copy"):
            for _ in range(lot.choice([0, 3, 10])):
                if kind == "changed copy" and (notes := person.notes()):
                    note = lot.choice(notes)
                    # Made apart: there is no version that both had.
                    for each in people:
                        history.ledger.touch(each.who, f"path {note}")
                    history.deed(person, person.edit(note))
                else:
                    history.deed(person, act(person))
