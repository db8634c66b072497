"""Every action has a key, a description, a tooltip and a place in the command palette."""

from __future__ import annotations

import pytest
from textual.binding import Binding
from textual.screen import Screen

from tests.tui.kit import SMALL
from tests.tui.scene import scene, settled
from vaultsync.tui.app import Dashboard
from vaultsync.tui.dialogs.choose import Choose
from vaultsync.tui.dialogs.code import Code
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.dialogs.edit import EditSides
from vaultsync.tui.dialogs.leave import Leave
from vaultsync.tui.dialogs.prompt import Prompt
from vaultsync.tui.dialogs.rules import EditRules
from vaultsync.tui.palette import Actions
from vaultsync.tui.screens.attention import AttentionScreen
from vaultsync.tui.screens.history import HistoryScreen
from vaultsync.tui.screens.overview import OverviewScreen
from vaultsync.tui.screens.pair import PairScreen
from vaultsync.tui.screens.peer import PeerScreen
from vaultsync.tui.screens.settings import SettingsScreen

PLACES: list[type[Dashboard | Screen[None]]] = [
    Dashboard, OverviewScreen, PairScreen, PeerScreen, HistoryScreen, AttentionScreen, SettingsScreen,
]  # fmt: skip
DIALOGS = [Choose, Code, Confirm, EditRules, EditSides, Leave, Prompt]


@pytest.mark.parametrize("place", [*PLACES, *DIALOGS], ids=lambda place: place.__name__)
def test_every_key_says_what_it_does(place: type[Dashboard | Screen[None]]) -> None:
    for binding in place.BINDINGS:
        assert isinstance(binding, Binding)
        if binding.action != "app.focus_next":
            assert binding.description, binding
            assert binding.tooltip, binding


@pytest.mark.parametrize("place", PLACES[1:], ids=lambda place: place.__name__)
def test_no_screen_takes_a_key_of_the_application_for_something_else(place: type[Screen[None]]) -> None:
    ours = {key: b.action for b in Dashboard.BINDINGS if isinstance(b, Binding) for key in b.key.split(",")}
    for binding in place.BINDINGS:
        assert isinstance(binding, Binding)
        for key in binding.key.split(","):
            assert ours.get(key, binding.action) == binding.action.removeprefix("app."), key


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "5"])
async def test_the_palette_lists_every_action_that_has_a_key_here(key: str) -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.press(key)
        await settled(pilot)
        provider = Actions(app.screen)
        listed = {str(hit.text or "").partition("  (")[0] async for hit in provider.discover()}
        taken: set[str] = set()
        for place in (app.screen, app):
            for binding in place.BINDINGS:
                assert isinstance(binding, Binding)
                keys = set(binding.key.split(","))
                if place.check_action(binding.action.partition("(")[0], ()) and not keys & taken:
                    assert binding.description in listed
                taken |= keys


async def test_an_action_runs_from_the_palette() -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"settings")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "settings"


async def test_a_click_on_the_bar_goes_there() -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.click(app.screen.query("NavTab")[3])
        await settled(pilot)
        assert app.current_mode == "attention"
