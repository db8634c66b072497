"""Replacing a file where no two names can be exchanged in one step."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulation.disk import SimulatedDisk
from tests.simulation.manners import Manners
from tests.unit.vault.kit import Kit
from vaultsync.vault.actions import Result
from vaultsync.vault.applier import Applier


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    kit = Kit(tmp_path / "vault")
    kit.fs = SimulatedDisk(str(kit.root), Manners(swaps=False))
    kit.applier = Applier(kit.fs, prefix="t")
    kit.write("note.md", "before")
    return kit


def before_move(kit: Kit, number: int, act: Callable[[], object]) -> None:
    """Do `act` before the disk's move of that number."""
    moves = 0

    def watch(name: str, path: str) -> None:
        nonlocal moves
        moves += name == "move"
        if name == "move" and moves == number:
            act()

    assert isinstance(kit.fs, SimulatedDisk)
    kit.fs.before_call = watch


def save_beside(kit: Kit) -> None:
    """As editors do that never write in place."""
    kit.write("beside", "in the last moment")
    os.replace(kit.root / "beside", kit.root / "note.md")


def test_a_file_is_replaced(kit: Kit) -> None:
    assert kit.put("note.md", b"after", replaces=True).result is Result.DONE
    assert (kit.root / "note.md").read_text() == "after"
    assert kit.temporary() == []


@pytest.mark.parametrize("in_place", [True, False])
def test_what_is_written_in_the_last_moment_stays(kit: Kit, in_place: bool) -> None:
    before_move(kit, 1, lambda: kit.write("note.md", "in the last moment") if in_place else save_beside(kit))
    assert kit.put("note.md", b"after", replaces=True).result is Result.CHANGED
    assert (kit.root / "note.md").read_text() == "in the last moment"
    assert len(kit.temporary()) == 1, "what was staged, for the next try"


def test_what_is_saved_between_the_steps_stays(kit: Kit) -> None:
    before_move(kit, 2, lambda: kit.write("note.md", "in the last moment"))
    assert kit.put("note.md", b"after", replaces=True).result is Result.CHANGED
    assert (kit.root / "note.md").read_text() == "in the last moment"
    assert len(kit.temporary()) == 1


def test_what_cannot_be_replaced_goes_back(kit: Kit) -> None:
    def refuse() -> None:
        raise PermissionError(13, "no")

    before_move(kit, 2, refuse)
    outcome = kit.put("note.md", b"after", replaces=True)
    assert (outcome.result, outcome.reason, outcome.retry) == (Result.FAILED, "permission denied", True)
    assert (kit.root / "note.md").read_text() == "before"
