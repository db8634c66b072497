"""Every screen at two sizes, as it was when somebody last looked at it and found it good.

`VAULTSYNC_SNAPSHOTS=write pytest tests/tui/test_snapshots.py` stores what is drawn now; look at the pictures then.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.kit import LARGE, SMALL
from tests.tui.scene import NOTES, NOW_MS, THE_BOARD, THE_STATUS, scene, settled
from vaultsync.client.values import OpenJoinInfo, PeerPaired, RequestInfo, Status
from vaultsync.tui.messages import JoinCompared
from vaultsync.tui.state import Board, Contact
from vaultsync.tui.widgets.join_vault import JoinVault

FOLDER = Path(__file__).parent / "snapshots"
SIZES = {"80x24": SMALL, "160x48": LARGE}


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    time.tzset()


WALK: tuple[tuple[str, list[str]], ...] = (
    ("overview", []),
    ("peer", ["tab", "down", "down", "e"]),
    ("pair", ["escape", "a"]),
    ("join", ["j"]),
    ("tickets", ["escape", "t"]),
    ("history", ["3", "enter"]),
    ("history-deleted", ["D"]),
    ("attention", ["4"]),
    ("attention-conflict", ["down"]),
    ("attention-blocked", ["down"]),
    ("settings", ["5"]),
    ("keys", ["question_mark"]),
    ("leave", ["escape", "q"]),
)
"""Through all screens: what is come to, and by which keys from what was before."""

EMPTY = {
    "empty": Board(Contact.LIVE, status=Status(THE_STATUS.node, (), ())),
    "lost": Board(Contact.LOST, why="Nothing syncs on this computer until it is started."),
}


@pytest.mark.parametrize("size", SIZES)
async def test_every_screen_looks_as_it_did(size: str) -> None:
    changed = []
    async with scene(SIZES[size]) as (_, pilot):
        for name, keys in WALK:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            if not same(pilot, f"{name}-{size}"):
                changed.append(name)
    assert not changed, "compare the pictures named *.new.svg with those stored"


LIGHT: tuple[tuple[str, list[str]], ...] = (
    ("overview", ["ctrl+t"]),
    ("pair", ["a"]),
    ("history", ["3", "enter"]),
    ("attention", ["4", "down"]),
    ("settings", ["5"]),
)


async def test_the_light_theme_looks_as_it_did() -> None:
    changed = []
    async with scene(LARGE) as (_, pilot):
        for name, keys in LIGHT:
            for key in keys:
                await pilot.press(key)
                await settled(pilot)
            if not same(pilot, f"{name}-light-160x48"):
                changed.append(name)
    assert not changed, "compare the pictures named *.new.svg with those stored"


@pytest.mark.parametrize("name", EMPTY)
async def test_what_to_do_next_is_said_where_there_is_nothing(name: str) -> None:
    async with scene(SMALL, EMPTY[name]) as (_, pilot):
        assert same(pilot, f"overview-{name}-80x24")


async def test_a_used_ticket_turns_into_the_six_words() -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.press("a")
        await settled(pilot)
        words = ("acorn", "basket", "canoe", "daisy", "echo", "falcon")
        app.board = replace(app.board, paired=(PeerPaired("newpeer234" + "n" * 42, "Tablet", NOTES, words),))
        await settled(pilot)
        assert same(pilot, "paired-80x24")


async def test_devices_that_ask_are_counted_and_listed() -> None:
    request = RequestInfo(NOTES, "Notes", "reader2345" + "r" * 42, "E-reader", "kobo", "192.168.1.40:40100", NOW_MS)
    async with scene(SMALL, replace(THE_BOARD, requests=(request,))) as (_, pilot):
        assert same(pilot, "overview-asked-80x24")
        await pilot.press("2", "w")
        await settled(pilot)
        assert same(pilot, "requests-80x24")
        await pilot.press("l")
        await settled(pilot)
        assert same(pilot, "requests-let-in-80x24")


async def test_what_joining_brings_together_is_shown_before_it_is_written() -> None:
    words = ("acorn", "basket", "canoe", "daisy", "echo", "falcon")
    here, there, both = ("Journal/2026-11-19.md", "Boat.md"), ("Recipes/Soup.md",), ("Garden plan.md",)
    found = OpenJoinInfo("1", "Notes", "Laptop", "/home/ada/Notes", words, 1_180, 2, 1, 1, here, there, both)
    async with scene(SMALL) as (app, pilot):
        await pilot.press("j")
        await settled(pilot)
        app.screen.query_one(JoinVault).post_message(JoinCompared(found))
        await settled(pilot)
        assert same(pilot, "joins-80x24")


def same(pilot: Pilot[None], name: str) -> bool:
    """Whether what is drawn is what is stored; if not, it is put beside it as `*.new.svg`."""
    drawn = pilot.app.export_screenshot(title="vaultsync")
    stored, seen = FOLDER / f"{name}.svg", FOLDER / f"{name}.new.svg"
    seen.unlink(missing_ok=True)
    if os.environ.get("VAULTSYNC_SNAPSHOTS") == "write":
        FOLDER.mkdir(exist_ok=True)
        stored.write_text(drawn)
        return True
    if stored.exists() and drawn == stored.read_text():
        return True
    seen.write_text(drawn)
    return False
