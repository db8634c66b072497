"""The brakes that judge what was seen on a disk."""

from __future__ import annotations

import pytest

from vaultsync.sync.brakes import CLOCK_JUMP_MS, clock_went_back, deletion_cause, is_mass_deletion, other_tools

NOW_MS = 1_800_000_000_000


@pytest.mark.parametrize(
    ("deleted", "before", "expected", "why"),
    [
        (0, 0, False, "nothing happened"),
        (50, 50, False, "fifty files are few, even if they are all"),
        (51, 51, True, "more than fifty, and all"),
        (51, 254, True, "a little over a fifth"),
        (51, 255, False, "exactly a fifth is no more than a fifth"),
        (5_000, 25_000, False, "many, but a fifth of a large vault"),
        (5_001, 25_000, True, "more than a fifth of a large vault"),
    ],
)
def test_mass_deletion(deleted: int, before: int, expected: bool, why: str) -> None:
    assert is_mass_deletion(deleted, before) is expected, why


@pytest.mark.parametrize(
    ("folders", "tail"),
    [
        ([], "folder"),
        (["Work"], "folder, all of “Work”"),
        (["A", "B", "C"], "folder, all of “A”, “B”, “C”"),
        (["A", "B", "C", "D"], "folder, all of “A”, “B”, “C” and 1 more"),
        (["A", "B", "C", "D", "E"], "folder, all of “A”, “B”, “C” and 2 more"),
    ],
)
def test_the_cause_names_what_is_gone(folders: list[str], tail: str) -> None:
    assert deletion_cause(60, 80, folders) == f"60 of 80 files (75 %) disappeared from this device's {tail}"


def test_the_cause_where_nothing_was_known() -> None:
    assert deletion_cause(1500, 0, []) == "1,500 of 0 files (100 %) disappeared from this device's folder"


def test_a_clock_that_went_back_by_a_day_is_told() -> None:
    assert clock_went_back(NOW_MS, NOW_MS) is None
    assert clock_went_back(NOW_MS, NOW_MS - 10 * CLOCK_JUMP_MS) is None, "time has passed"
    assert clock_went_back(NOW_MS, NOW_MS + CLOCK_JUMP_MS - 1) is None, "a time zone set wrong is no reason to worry"
    one, many = clock_went_back(NOW_MS, NOW_MS + CLOCK_JUMP_MS), clock_went_back(NOW_MS, NOW_MS + 400 * CLOCK_JUMP_MS)
    tail = (
        " behind its newest edit. Edits sync all the same; which of two clashing files counts as newer may be wrong "
        "until the clock is set."
    )
    assert one == f"This device's clock is 1 day{tail}"
    assert many == f"This device's clock is 400 days{tail}"


BRING_BACK = " Two tools that sync one folder bring back what the other deleted; switch one of them off for it."


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ([], None),
        (["note.md", ".obsidian", ".vaultsync"], None),
        ([".stfolder", ".stversions"], "Syncthing seems to sync this folder too." + BRING_BACK),
        (
            [".git", ".gitignore"],
            "There is a Git repository in this vault. Its files stay on this device; let only one device commit and "
            "pull, or both will bring each other's changes twice.",
        ),
        ([".dropbox.cache", ".sync"], "Dropbox and Resilio Sync seem to sync this folder too." + BRING_BACK),
        ([".git", ".stfolder"], "Git and Syncthing seem to sync this folder too." + BRING_BACK),
    ],
)
def test_traces_of_other_tools_are_told(names: list[str], told: str | None) -> None:
    assert other_tools(names) == told
