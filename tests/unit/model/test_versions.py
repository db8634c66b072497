"""Version vectors at their ends: what a malicious member may have made of them stays usable."""

from __future__ import annotations

from vaultsync.model.versions import MAX_COUNTER, MAX_DEVICES, Order, Version, join_all

ME = b"m" * 32


def crowd(count: int, counter: int = 5) -> Version:
    return Version(tuple((number.to_bytes(32, "big"), counter) for number in range(1, count + 1)))


def test_an_edit_comes_after_what_it_edits() -> None:
    before = Version(((ME, 7),))
    assert before.bump(ME, 3) == Version(((ME, 8),))
    assert before.bump(ME, 30) == Version(((ME, 30),))
    assert before.bump(b"o" * 32, 3).compare(before) is Order.AFTER


def test_a_counter_never_passes_its_end() -> None:
    full = Version(((ME, MAX_COUNTER),))
    assert full.bump(ME, 3) == full


def test_an_edit_of_a_full_version_comes_after_it_and_names_no_more_devices() -> None:
    full = crowd(MAX_DEVICES)
    edited = full.bump(ME, 3)
    assert edited.compare(full) is Order.AFTER
    assert len(edited.counters) == MAX_DEVICES


def test_whether_two_versions_fit_into_one() -> None:
    full = crowd(MAX_DEVICES)
    assert full.fits_with(full)
    assert full.fits_with(crowd(3, 9))
    assert not full.fits_with(Version(((ME, 1),)))
    assert crowd(MAX_DEVICES - 1).fits_with(Version(((ME, 1),)))


def test_a_full_version_takes_an_edit_in_anothers_name() -> None:
    """As many devices as there may be: the one with the lowest counter lends its place, the same everywhere."""
    full = Version(tuple((number.to_bytes(32, "big"), 5 if number == 7 else 9) for number in range(1, MAX_DEVICES + 1)))
    edited = full.bump(b"\xff" * 32, 50)
    assert len(edited.counters) == MAX_DEVICES
    assert dict(edited.counters)[(7).to_bytes(32, "big")] == 50
    assert edited.compare(full) is Order.AFTER


def test_includes_and_emptiness() -> None:
    one, two = Version(((b"a" * 32, 1),)), Version(((b"a" * 32, 2),))
    assert two.includes(one)
    assert one.includes(one)
    assert not one.includes(two)
    assert one
    assert not Version()


def test_all_joined_is_the_smallest_that_includes_each() -> None:
    versions = [Version(((node * 32, counter),)) for node, counter in ((b"a", 1), (b"b", 2), (b"a", 3))]
    assert join_all(versions) == Version(((b"a" * 32, 3), (b"b" * 32, 2)))
    assert join_all([]) == Version()
