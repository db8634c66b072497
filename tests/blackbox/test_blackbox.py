"""A short pass of `python -m tests.blackbox`, which is for longer ones; and that it would find what is broken."""

from __future__ import annotations

import random
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from tests.blackbox.device import Device
from tests.blackbox.history import play
from tests.blackbox.judge import Findings, check_words
from tests.blackbox.ledger import Ledger
from tests.blackbox.person import Person
from tests.blackbox.sabotage import SABOTAGES, broken_build

pytestmark = pytest.mark.e2e


def test_nothing_is_lost_and_all_agree(tmp_path: Path) -> None:
    outcome = play(tmp_path, seed=1, spells=2)
    assert not outcome.found.bad, f"{outcome.found}\n" + "\n".join(outcome.diary)
    assert outcome.copies <= outcome.clashes


@pytest.mark.long
@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_what_is_broken_is_found(tmp_path: Path, sabotage: str) -> None:
    build = broken_build(tmp_path / "build", sabotage)
    spells = SABOTAGES[sabotage].spells
    outcomes = (play(tmp_path, seed, build=build, only=spells) for seed in range(1, 9))
    assert any(outcome.found.bad or outcome.only_in_history for outcome in outcomes)


def test_a_lost_word_is_found() -> None:
    ledger, found = Ledger(), Findings()
    kept, lost = ledger.word("Desk", "a.md"), ledger.word("Desk", "a.md")
    check_words([], {"a.md": f"{kept}\n".encode()}, ledger, found)
    assert found.lost == [f"{lost} (Desk in a.md)"]
    assert not found.ghosts


def test_a_word_that_comes_back_is_found() -> None:
    ledger, found = Ledger(), Findings()
    word = ledger.word("Desk", "a.md").encode()
    ledger.saw("Desk", "a.md", word)
    ledger.remove("Desk", "a.md", {word}, "cut a line of")
    check_words([], {"a.md": word}, ledger, found)
    assert len(found.ghosts) == 1
    assert not found.lost


def test_a_word_that_is_taken_from_one_of_two_notes_stays_in_the_other(tmp_path: Path) -> None:
    """As where a note was given two names at once."""
    device = create_autospec(Device, instance=True, vault=tmp_path)
    device.name = "Desk"
    device.names.return_value = {"a.md": True, "b.md": True}
    ledger, found = Ledger(), Findings()
    word = ledger.word("Desk", "a.md").encode()
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_bytes(word)
    Person(device, ledger, random.Random(1)).remove("a.md", "deleted")
    check_words([], {"b.md": word}, ledger, found)
    assert not found.ghosts


def test_a_version_whose_content_one_device_has_not_is_asked_of_the_next() -> None:
    ledger, found = Ledger(), Findings()
    word = ledger.word("Phone", "a.md")
    desk, phone = create_autospec(Device, instance=True), create_autospec(Device, instance=True)
    for device in (desk, phone):
        answers = {"deleted": [{"path": "a.md"}], "history": [{"content": "1f2e"}]}
        device.command.side_effect = lambda verb, *_, answers=answers: answers[verb]
    desk.show.return_value, phone.show.return_value = None, f"{word}\n".encode()
    assert check_words([desk, phone], {}, ledger, found) == {f"{word} (Phone in a.md)"}
    assert not found.bad
