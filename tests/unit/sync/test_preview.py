"""What joining with a full folder brings together."""

from __future__ import annotations

from vaultsync.sync.preview import Preview, compare_folders


def test_every_path_is_in_exactly_one_place() -> None:
    here = {"same.md": b"1", "z.md": b"2", "b.md": b"3", "x.md": b"4", "c.md": b"5"}
    there = {"same.md": b"1", "x.md": b"other", "c.md": b"other", "y.md": b"6", "a.md": b"7"}
    assert compare_folders(here, there) == Preview(1, ("b.md", "z.md"), ("a.md", "y.md"), ("c.md", "x.md"))
    assert compare_folders({}, {}) == Preview(0, (), (), ())
