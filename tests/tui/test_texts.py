"""Differences, settings and what people type."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.scene import SceneClient
from vaultsync.client.values import DeviceConfig
from vaultsync.tui.diffing import COMPARED_BYTES, difference
from vaultsync.tui.options import device_rows, vault_rows
from vaultsync.tui.typed import shown_folder, typed_folder


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


@pytest.mark.parametrize("shared", [True, False])
async def test_every_setting_says_what_it_means_and_can_be_changed(*, shared: bool) -> None:
    options = await SceneClient().vault_options("v")
    config = DeviceConfig("/c", "laptop", "", 0, mdns=True, restart_needed=False)
    identity, rules = await SceneClient().identity(), await SceneClient().ignore_rules("v")
    rows = device_rows(config, identity) + vault_rows(options, rules, shared=shared)
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


def test_a_folder_is_shown_as_people_type_it() -> None:
    assert shown_folder(str(Path.home() / "Notes" / "Work")) == "~/Notes/Work"
    assert shown_folder("/srv/notes") == "/srv/notes"
