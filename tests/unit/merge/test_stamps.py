"""Which lines and properties are stamps, and which of two holds."""

from __future__ import annotations

import pytest

from vaultsync.merge.stamps import later_stamp_line, pick_stamp, without_stamp


@pytest.mark.parametrize(
    ("key", "a", "b", "held"),
    [
        ("modified", "2026-01-02", "2026-01-03", "2026-01-03"),
        ("updated", "2026-01-03T09:05", "2026-01-03T10:01", "2026-01-03T10:01"),
        ("date modified", "2026-01-03 9:05", "2026-01-03 10:01", "2026-01-03 10:01"),
        ("last_modified", "2026-01-03", "2026-01-03T00:01", "2026-01-03T00:01"),
        ("mtime", "1700000000", "1700000000500", "1700000000500"),
        ("Created", "2026-01-02", "2026-01-03", "2026-01-02"),
        ("modified", "yesterday", "2026-01-03", None),
        ("deadline", "2026-01-02", "2026-01-03", None),
        ("updated", "2026/01/04", "2026-01-03", "2026/01/04"),
        ("updated", "2026/01/02", "2026-01-03", "2026-01-03"),
        ("updated", "20260102", "2026-01-03", "2026-01-03"),
        ("updated", "20260103T0905", "2026-01-03T09:04", "20260103T0905"),
        ("mtime", "1700000001", "1700000000500", "1700000001"),
        ("mtime", "1700000000", "2026-01-03", None),
        ("updated", "2026-01-02 by Ann", "2026-01-03 by Bob", None),
        ("updated", "2026-01-02 Аня", "2026-01-03 Боря", None),
        ("updated", "2026-01-02, 40 pages", "2026-01-03, 50 pages", None),
        ("updated", "2026-01-02 100", "2026-01-03 250", None),
        ("updated", "am 2026-01-02", "on 2026-01-03", None),
        ("updated", "2026-01-02 by Ann", "2026-01-03 by Ann", "2026-01-03 by Ann"),
        ("updated", "2026-01-03T10:00Z", "2026-01-03T09:00:30.5+02:00", "2026-01-03T10:00Z"),
        ("updated", "20260103T1000", "20260103T090000", "20260103T1000"),
        ("updated", "202601031000", "202601030900", "202601031000"),
        ("updated", "2026/01/03 at 9:05 UTC", "2026/01/03, 10:01", "2026/01/03, 10:01"),
    ],
)
def test_the_later_change_and_the_earlier_birth_hold(key: str, a: str, b: str, held: str | None) -> None:
    assert pick_stamp(key, a, b) == pick_stamp(key, b, a) == held


def test_stamp_lines_in_the_text() -> None:
    for a, b in (("updated:: 2026-01-02", "updated:: 2026-01-03"), ("updated:: 2026-01-03", "updated:: 2026-01-02")):
        assert later_stamp_line(a, b) == "updated:: 2026-01-03"
    assert later_stamp_line("updated:: 2026-01-02", "changed:: 2026-01-03") is None
    assert later_stamp_line("updated:: 2026-01-02", "words") is None
    assert later_stamp_line("words", "updated:: 2026-01-03") is None
    assert later_stamp_line("Last updated: 2026-01-02", "Last updated: 2026-01-03") == "Last updated: 2026-01-03"
    assert later_stamp_line("updated:: 2026-01-02 by Ann", "updated:: 2026-01-03 by Bob") is None
    assert later_stamp_line("due:: 2026-01-02", "due:: 2026-01-03") is None
    assert later_stamp_line("updated:: 2026-01-02 by Ann", "updated:: 2026-01-03 by Ann") is not None
    assert without_stamp("updated:: 2026-01-02T10:00+02:00 by Ann").split() == ["updated::", "by", "Ann"]
    assert without_stamp("mtime:: 1700000000").strip() == "mtime::"
    assert without_stamp("updated:: chapter 5") == "updated:: chapter 5"
    assert without_stamp("due:: 2026-01-02") == "due:: 2026-01-02"
    assert without_stamp("met 2026-01-02") == "met 2026-01-02"
