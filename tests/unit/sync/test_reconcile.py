"""The decision table of DESIGN §7, row by row, each winner tested both ways round."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from tests.support.records import a_file, a_folder, a_tombstone, version
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.sync.reconcile import (
    Decision,
    Follow,
    Ignore,
    Keep,
    Merge,
    Split,
    Take,
    copy_of,
    displaced_copy,
    is_beyond,
    reconcile,
)

OLD, A, B, JOIN = version(a=1), version(a=2), version(a=1, b=2), version(a=2, b=2)


@dataclass(frozen=True)
class Case:
    says: str
    local: FileRecord | None
    remote: FileRecord
    expected: type[Decision]
    outcome: FileRecord | None = None
    """What the index says afterwards; None where nothing changes."""
    beside: FileRecord | None = None
    mergeable: bool = False
    can_follow: bool = False


def swapped(says: str, one: FileRecord, other: FileRecord, outcome: FileRecord, **more: object) -> list[Case]:
    """The same pair from both sides, where whoever has the outcome's content keeps it and the other takes it."""
    cases = []
    for side, local, remote in (("here", one, other), ("there", other, one)):
        expected = Keep if outcome.same_content(local) else Take
        cases.append(Case(f"{says} ({side})", local, remote, expected, outcome, **more))  # type: ignore[arg-type]
    return cases


def split(says: str, winner: FileRecord, loser: FileRecord, beside: FileRecord, **more: object) -> list[Case]:
    return [
        Case(f"{says} ({side})", local, remote, Split, winner.with_version(JOIN), beside, **more)  # type: ignore[arg-type]
        for side, local, remote in (("winner here", winner, loser), ("winner there", loser, winner))
    ]


NEWER_A = a_file("a", A, by=1, when=9)
OLDER_B = a_file("b", B, by=2, when=5)
MOVED = a_tombstone(A, moved_to="new.md", when=3)
EDITED = a_file("edited", B, by=2, when=4)
SCRIPT = a_file("run", A, by=1, when=1, executable=True)

CASES = [
    Case("a path that nobody here knows is taken", None, a_file("x", A), Take, a_file("x", A)),
    Case("a tombstone of a path that nobody here knows is taken too", None, a_tombstone(A), Take, a_tombstone(A)),
    Case("what is older than ours says nothing", a_file("new", A), a_file("old", OLD), Ignore),
    Case("an older tombstone does not delete a newer file", a_file("new", A), a_tombstone(OLD), Ignore),
    Case("the same record again says nothing", a_file("x", A), a_file("x", A), Ignore),
    Case("another mtime under one version is no conflict", a_file("x", A), a_file("x", A, when=7), Ignore),
    Case("what is newer than ours is taken", a_file("old", OLD), a_file("new", A), Take, a_file("new", A)),
    Case("a newer tombstone deletes", a_file("old", OLD), a_tombstone(A), Take, a_tombstone(A)),
    Case("a newer file brings back what was deleted", a_tombstone(OLD), a_file("new", A), Take, a_file("new", A)),
    Case("a newer folder replaces a file", a_file("old", OLD), a_folder(A), Take, a_folder(A)),
    Case("a newer version of the same content is kept", a_file("x", OLD), a_file("x", A), Keep, a_file("x", A)),
    *(
        Case(f"two contents under one version: the same one stays on both sides ({side})", local, remote, decision, out)
        for low, high in [sorted((a_file("x", A), a_file("y", A)), key=lambda r: r.hash)]
        for side, local, remote, decision, out in (
            ("ours wins", high, low, Ignore, None),
            ("theirs wins", low, high, Take, high),
        )
    ),
    Case("one version: a file beats a tombstone (here)", a_file("x", A), a_tombstone(A), Ignore),
    Case("one version: a file beats a tombstone (there)", a_tombstone(A), a_file("x", A), Take, a_file("x", A)),
    Case("one version: a folder beats a file (here)", a_folder(A), a_file("x", A), Ignore),
    Case("one version: a folder beats a file (there)", a_file("x", A), a_folder(A), Take, a_folder(A)),
    Case(
        "the same edit made on both sides joins the versions; the newer edit's metadata stays (here)",
        a_file("same", A, when=9),
        a_file("same", B, by=2, when=5),
        Keep,
        a_file("same", JOIN, when=9),
    ),
    Case(
        "the same edit made on both sides joins the versions; the newer edit's metadata stays (there)",
        a_file("same", B, by=2, when=5),
        a_file("same", A, when=9),
        Keep,
        a_file("same", JOIN, when=9),
    ),
    Case(
        "the same content with another mode never makes a conflict",
        a_file("run", B, by=2, when=0),
        SCRIPT,
        Keep,
        SCRIPT.with_version(JOIN),
    ),
    Case(
        "deleted on both sides joins; a hint to a move survives even an older record (here)",
        MOVED,
        a_tombstone(B, by=2, when=8),
        Keep,
        MOVED.with_version(JOIN),
    ),
    Case(
        "deleted on both sides joins; a hint to a move survives even an older record (there)",
        a_tombstone(B, by=2, when=8),
        MOVED,
        Keep,
        MOVED.with_version(JOIN),
    ),
    Case(
        "a folder made on both sides is one folder",
        a_folder(A, when=1),
        a_folder(B, by=2, when=2),
        Keep,
        a_folder(JOIN, by=2, when=2),
    ),
    *swapped(
        "edited and deleted: the edit stays, however late the deletion",
        EDITED,
        a_tombstone(A, when=99),
        EDITED.with_version(JOIN),
    ),
    *swapped(
        "a folder in use and deleted elsewhere stays",
        a_folder(B, by=2),
        a_tombstone(A, kind=Kind.DIR, when=99),
        a_folder(JOIN, by=2),
    ),
    *swapped(
        "edited and moved, but this device has no file at the new place: the edit stays",
        EDITED,
        MOVED,
        EDITED.with_version(JOIN),
    ),
    *swapped(
        "a new file at a path from which another was moved stays, whatever else the tombstone was joined with",
        a_file("new", version(a=2, b=7, c=1), by=2, when=6),
        a_tombstone(version(a=2, b=1, c=5), moved_to="new.md", when=3),
        a_file("new", version(a=2, b=7, c=5), by=2, when=6),
        can_follow=True,
    ),
    *swapped(
        "a folder does not follow a moved file",
        a_folder(B, by=2),
        MOVED,
        a_folder(JOIN, by=2),
        can_follow=True,
    ),
    *split(
        "unmergeable: the newer stays, the older goes beside it under its own version",
        NEWER_A,
        OLDER_B,
        replace(OLDER_B, path="note (conflict 2027-01-15 0805 Device 2).md"),
    ),
    *split(
        "unmergeable at the same moment: the greater node id stays",
        a_file("b", A, by=2, when=5),
        a_file("a", B, by=1, when=5),
        replace(a_file("a", B, by=1, when=5), path="note (conflict 2027-01-15 0805 Device 1).md"),
    ),
    *split(
        "a file against a folder: the folder stays, however old, and the file is beside it",
        a_folder(A, when=0),
        a_file("b", B, by=2, when=9),
        replace(a_file("b", B, by=2, when=9), path="note (conflict 2027-01-15 0809 Device 2).md"),
    ),
]


def _run(case: Case) -> Decision:
    return reconcile(case.local, case.remote, mergeable=case.mergeable, can_follow=case.can_follow)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_table(case: Case) -> None:
    decision = _run(case)
    assert type(decision) is case.expected
    match decision:
        case Ignore():
            assert case.outcome is None
        case Take(record, because) | Keep(record, because):
            assert record == case.outcome
            assert because
        case Split(record, beside, because):
            assert (record, beside) == (case.outcome, case.beside)
            assert because
        case Merge() | Follow():
            pytest.fail("not in the table")


@pytest.mark.parametrize(("local", "remote"), [(NEWER_A, OLDER_B), (OLDER_B, NEWER_A)])
def test_text_edited_on_both_sides_is_merged_under_the_join(local: FileRecord, remote: FileRecord) -> None:
    decision = reconcile(local, remote, mergeable=True)
    assert isinstance(decision, Merge)
    assert decision.record == NEWER_A.with_version(JOIN), "time, name and mode of the newer edit, on both sides"
    assert decision.clash == reconcile(local, remote, mergeable=False), "a clash decides as if it were no text"


@pytest.mark.parametrize(("local", "remote"), [(MOVED, EDITED), (EDITED, MOVED)])
def test_an_edit_follows_a_move(local: FileRecord, remote: FileRecord) -> None:
    decision = reconcile(local, remote, mergeable=True, can_follow=True)
    assert isinstance(decision, Follow)
    assert decision.record == MOVED.with_version(JOIN), "the old path ends, and what it hints at stays"
    assert decision.alive == EDITED


@pytest.mark.parametrize("mergeable", [True, False])
@pytest.mark.parametrize(
    "other", [a_tombstone(A), a_folder(A), a_file("same", A, by=1)], ids=["deleted", "folder", "same"]
)
def test_only_two_different_texts_merge(other: FileRecord, mergeable: bool) -> None:
    mine = a_file("same", B, by=2)
    assert not isinstance(reconcile(mine, other, mergeable=mergeable), Merge)
    assert not isinstance(reconcile(other, mine, mergeable=mergeable), Merge)


def test_paths_are_never_mixed_up() -> None:
    with pytest.raises(AssertionError):
        reconcile(a_file("x", A, path="a.md"), a_file("x", B, path="b.md"), mergeable=True)


def test_a_copy_carries_no_hint_to_a_move() -> None:
    copy = copy_of(a_file("x", A, moved_from="old.md"))
    assert copy.moved_from is None
    assert copy.version == A


def test_versions_that_cannot_be_joined_end_alike_on_both_sides() -> None:
    """A malicious member may write more devices into versions than one may name; no join is made then."""
    crowds = [Version(tuple((n.to_bytes(32, "big"), 5) for n in range(start, start + 200))) for start in (1, 1_000)]
    for one, other in (("x", "y"), ("x", "x")):
        a = replace(a_file(one, OLD), version=crowds[0])
        b = replace(a_file(other, OLD), version=crowds[1])
        decisions = reconcile(a, b, mergeable=True), reconcile(b, a, mergeable=True)
        assert {type(decision) for decision in decisions} == {Ignore, Take}


def test_beyond_the_bound_one_content_is_picked_the_same_way_on_both_sides() -> None:
    crowds = [Version(tuple((n.to_bytes(32, "big"), 5) for n in range(start, start + 200))) for start in (1, 1_000)]
    a = replace(a_file("x", OLD), version=crowds[0])
    b = replace(a_file("y", OLD), version=crowds[1])
    winner, loser = sorted((a, b), key=lambda record: record.hash, reverse=True)
    taken = reconcile(loser, winner, mergeable=True)
    assert isinstance(taken, Take)
    assert taken.record == winner
    assert taken.because
    assert reconcile(winner, loser, mergeable=True) == Ignore()


def test_an_edit_follows_only_where_it_can_and_by_default_it_cannot() -> None:
    moved = a_tombstone(version(a=1, b=2), moved_to="new.md", by=2)
    edit = a_file("edited", version(a=2))
    follows = reconcile(edit, moved, mergeable=True, can_follow=True)
    assert isinstance(follows, Follow)
    assert follows.because
    assert isinstance(reconcile(edit, moved, mergeable=True), Keep)


def test_what_its_mover_never_counted_in_is_an_edit() -> None:
    """A counter that is not there is less than every one that is."""
    moved = a_tombstone(version(b=1), moved_to="new.md", by=2)
    assert isinstance(reconcile(a_file("x", version(a=1)), moved, mergeable=True, can_follow=True), Follow)


def test_a_copy_of_what_is_on_its_way_elsewhere_stays_where_it_is() -> None:
    assert copy_of(replace(a_file("x", A), moved_to="new.md")).moved_to is None


def test_every_decision_that_changes_something_says_why() -> None:
    pairs = [
        (a_file("x", OLD), a_file("x", A)),
        (a_file("x", A), a_file("y", A)),
        (a_file("x", A), a_file("x", B)),
        (a_file("x", A), a_tombstone(B)),
        (a_file("x", A), a_folder(B)),
        (a_file("x", A), a_file("y", B)),
    ]
    reasons = set()
    for one, other in pairs:
        for local, remote in ((one, other), (other, one)):
            decision = reconcile(local, remote, mergeable=False)
            if not isinstance(decision, Ignore):
                reasons.add(getattr(decision, "because", ""))
    assert reasons == {
        "same content, newer version",
        "the same edits merged elsewhere",
        "same content on both sides",
        "edited on one device and deleted on the other: the edit stays",
        "a file on one device and a folder on the other: the folder stays, the file is beside it",
        "edited on both devices and cannot be merged: the newer stays, the other is beside it",
    }


def test_what_an_index_has_dealt_with() -> None:
    beside = a_file("x", A)
    assert is_beyond(a_file("y", JOIN), beside)
    assert is_beyond(a_file("y", A), beside)
    assert not is_beyond(a_file("y", B), beside)
    crowds = [Version(tuple((n.to_bytes(32, "big"), 5) for n in range(start, start + 200))) for start in (1, 1_000)]
    full, other = (replace(beside, version=crowd) for crowd in crowds)
    assert is_beyond(full, other), "no version can include both"


def _copies(first: Version, second: Version, *, by: int = 1) -> tuple[FileRecord, FileRecord]:
    """The conflict copies of two edits of one minute, the second one's by device `by`, at the same path."""
    return copy_of(a_file("first", first)), copy_of(replace(a_file("second", second), modified_by=bytes([by]) * 32))


def test_a_copy_that_another_edit_displaces_is_kept_beside_it() -> None:
    first, second = _copies(version(a=1), version(a=2, b=1))
    assert first.path == second.path
    kept = displaced_copy(first, second)
    assert kept is not None
    assert kept == replace(first, path=f"note (conflict 2027-01-15 0800 Device 1) ({first.hash[:4].hex()}).md")


def test_a_copy_of_another_device_of_that_name_may_not_have_been_made_on_top() -> None:
    first, second = _copies(version(a=1), version(a=1, c=2), by=3)
    assert displaced_copy(first, second) is not None
    assert displaced_copy(replace(first, modified_name="Device 7"), second) is None, (
        "edited by a person, and then again"
    )
    assert displaced_copy(*_copies(version(a=1), version(a=1, b=1, c=2), by=3)) is not None


@pytest.mark.parametrize(
    ("says", "local", "remote"),
    [
        ("made on top of it", *_copies(version(a=1), version(a=2))),
        ("made on top of it, with others' edits", *_copies(version(a=1, b=3), version(a=2, b=3))),
        ("deleted by a person", copy_of(a_file("x", A)), replace(copy_of(a_file("x", A)), version=JOIN, deleted=True)),
        ("deleted before", replace(copy_of(a_file("x", A)), deleted=True), copy_of(a_file("y", JOIN))),
        (
            "edited by a person later",
            copy_of(a_file("x", A)),
            replace(a_file("y", JOIN, when=3), path=copy_of(a_file("x", A)).path),
        ),
        ("no copy", a_file("x", A), a_file("y", JOIN)),
        ("a folder", replace(a_folder(A), path=copy_of(a_file("x", A)).path), copy_of(a_file("y", JOIN))),
    ],
)
def test_other_copies_give_way_to_what_is_newer(says: str, local: FileRecord, remote: FileRecord) -> None:
    assert displaced_copy(local, remote) is None, says


def test_a_decision_that_a_person_may_ask_about_says_why() -> None:
    follows = reconcile(EDITED, MOVED, mergeable=True, can_follow=True)
    assert isinstance(follows, Follow)
    assert follows.because == "edited on one device and moved on the other: the edit follows"


def test_a_tombstone_whose_mover_never_counted_ends_what_never_counted_it_either() -> None:
    """Only a peer that lies sends one; without a counter of the move, nobody edited before it."""
    lie = a_tombstone(version(a=1), moved_to="new.md", by=2)
    assert isinstance(reconcile(a_file("x", version(c=1)), lie, mergeable=True, can_follow=True), Keep)


def test_a_displaced_copy_is_no_move() -> None:
    first, second = _copies(version(a=1), JOIN)
    kept = displaced_copy(replace(first, moved_to="there.md", moved_from="here.md"), second)
    assert kept is not None
    assert (kept.moved_to, kept.moved_from) == (None, None)


def test_versions_that_cannot_be_joined_say_so() -> None:
    one, other = (Version.of({n.to_bytes(32, "big"): 5 for n in range(first, first + 200)}) for first in (0, 57))
    local, remote = sorted((a_file("x", one), a_file("y", other)), key=lambda record: record.hash)
    decision = reconcile(local, remote, mergeable=True)
    assert isinstance(decision, Take)
    assert decision.because == "versions that name too many devices to be joined"
