"""Differences, settings and what people type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.scene import SceneClient
from vaultsync.client.values import DeviceConfig
from vaultsync.tui.diffing import COMPARED_BYTES, difference
from vaultsync.tui.options import byte_count, device_rows, vault_rows, whole_number
from vaultsync.tui.typed import typed_folder


def test_a_difference_has_signs_that_need_no_colour() -> None:
    lines = difference(b"one\ntwo\nthree\n", b"one\n2\nthree\nfour\n")
    assert [(line.sign, line.text) for line in lines[1:]] == [
        (" ", "one"),
        ("-", "two"),
        ("+", "2"),
        (" ", "three"),
        ("+", "four"),
    ]


def test_lines_that_look_like_headers_are_not_lost() -> None:
    lines = difference(b"a\n", b"a\n++ b\n-- c\n")
    assert [(line.sign, line.text) for line in lines if line.sign in "+-"] == [("+", "++ b"), ("+", "-- c")]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"same", b"same", "No difference."),
        (b"\0\1", b"\2\0", "No text: 2 bytes before, 2 bytes after."),
        (b"", b"x" * (COMPARED_BYTES + 1), "Too large to compare"),
        (b"a\n", b"a", "They differ only in how the last line ends."),
    ],
)
def test_what_cannot_be_compared_by_lines_is_said_in_words(old: bytes, new: bytes, said: str) -> None:
    assert difference(old, new)[0].text.startswith(said)


@pytest.mark.parametrize(
    ("typed", "meant"), [("2 GB", 2 * 10**9), ("1.5gb", 15 * 10**8), ("500 MB", 5 * 10**8), ("1,000 bytes", 1_000)]
)
def test_sizes_are_read_as_people_write_them(typed: str, meant: int) -> None:
    assert byte_count(typed) == meant


@pytest.mark.parametrize("typed", ["", "much", "GB", "-5x"])
def test_no_size_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        byte_count(typed)


def test_a_whole_number_has_bounds() -> None:
    assert whole_number("65535", 65_535) == 65_535
    for typed in ("65536", "-1", "1.5", "x"):
        with pytest.raises(ValueError, match="0 to 65,535"):
            whole_number(typed, 65_535)


async def test_every_setting_says_what_it_means_and_can_be_changed() -> None:
    options = await SceneClient().vault_options("v")
    config = DeviceConfig("/c", "laptop", "", 0, mdns=True, restart_needed=False)
    identity, rules = await SceneClient().identity(), await SceneClient().ignore_rules("v")
    rows = device_rows(config, identity) + vault_rows(options, rules)
    assert len({row.key for row in rows}) == len(rows)
    for row in rows:
        assert row.title
        assert row.help.endswith(".")
        assert [row.switch is None, row.change is None, row.deed is None].count(False) == 1
        if row.change is not None:
            assert row.change(row.present)


def test_a_typed_folder_is_absolute_and_nothing_typed_is_none() -> None:
    assert typed_folder("~/Notes") == Path.home() / "Notes"
    assert typed_folder("  ") is None
