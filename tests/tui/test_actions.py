"""Every action has a key, a description, a tooltip and a place in the command palette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.binding import Binding
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets._footer import FooterKey

from tests.tui.kit import LARGE, SMALL
from tests.tui.scene import NOTES, TABLET, TEAM, SceneClient, scene, settled
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
from vaultsync.tui.widgets.add_device import AddDevice
from vaultsync.tui.widgets.items import ItemList

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


WAYS = {
    "overview": ["1"],
    "device": ["tab", "e"],
    "pair": ["2"],
    "tickets": ["2", "t"],
    "requests": ["2", "w"],
    "history": ["3", "escape"],
    "attention": ["4"],
    "settings": ["5"],
}
"""How to get to each place."""


async def go(pilot: Pilot[None], keys: list[str]) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


@pytest.mark.parametrize("keys", WAYS.values(), ids=WAYS)
async def test_every_key_of_a_screen_has_a_hint_with_a_tooltip_at_the_bottom(keys: list[str]) -> None:
    async with scene(LARGE) as (app, pilot):
        await go(pilot, keys)
        hints = {hint.action: hint for hint in app.screen.query(FooterKey)}
        for binding in app.screen.BINDINGS:
            assert isinstance(binding, Binding)
            if app.screen.check_action(binding.action.partition("(")[0], ()):
                hint = hints[binding.action]
                assert hint.description == binding.description
                assert str(hint.tooltip) == binding.tooltip
                assert hint.region.right <= LARGE[0], f"{binding.description} is cut off"


@pytest.mark.parametrize("keys", WAYS.values(), ids=WAYS)
async def test_the_palette_lists_every_action_that_has_a_key_here(keys: list[str]) -> None:
    async with scene(SMALL) as (app, pilot):
        await go(pilot, keys)
        provider = Actions(app.screen)
        listed = {str(hit.text or "").partition("  (")[0] async for hit in provider.discover()}
        taken: set[str] = set()
        for place in (app.screen, app):
            for binding in place.BINDINGS:
                assert isinstance(binding, Binding)
                own = set(binding.key.split(","))
                if place.check_action(binding.action.partition("(")[0], ()) and not own & taken:
                    assert binding.description in listed
                taken |= own


async def test_an_action_runs_from_the_palette() -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"settings")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await settled(pilot)
        assert app.current_mode == "settings"


async def click(pilot: Pilot[None], key: str, items: str) -> None:
    """Click on the item with that key in the list `items`."""
    target = pilot.app.screen.query_one(items, ItemList)
    index = target.keys.index(key)
    target.scroll_to_highlight()
    heights = [len(str(target.get_option_at_index(each).prompt).split("\n")) for each in range(index)]
    top = sum(heights)
    await pilot.click(target, offset=(4, 1 + top - target.scroll_offset.y))
    await settled(pilot)


async def hint(pilot: Pilot[None], action: str) -> None:
    """Click on the hint of that action at the bottom."""
    await pilot.click(next(each for each in pilot.app.screen.query(FooterKey) if each.action == action))
    await settled(pilot)


async def test_with_the_mouse_alone_every_screen_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("connect_to_peer", "sync_vault_now", "sync_peer_now", "undo_deletions", "change_config"):
        monkeypatch.setattr(SceneClient, name, recorder(asked, name))
    async with scene(LARGE) as (app, pilot):
        # Overview: a click means one thing, a second opens it.
        await click(pilot, TEAM, "#vaults")
        await hint(pilot, "sync_one")
        await click(pilot, TABLET, "#peers")
        await hint(pilot, "sync_one")
        await hint(pilot, "connect")
        assert asked == [f"sync_vault_now {TEAM}", f"sync_peer_now {TABLET}", f"connect_to_peer {TABLET}"]
        await click(pilot, TABLET, "#peers")
        assert isinstance(app.screen, PeerScreen)
        await hint(pilot, "back")
        await click(pilot, f"peer {TABLET}", "#waiting")
        await click(pilot, f"peer {TABLET}", "#waiting")
        assert app.current_mode == "attention"
        assert app.screen.query_one("#matters", ItemList).key == f"peer {TABLET}"
        # Attention.
        await click(pilot, f"held {NOTES}", "#matters")
        await hint(pilot, "undo")
        assert asked[-1] == f"undo_deletions {NOTES}"
        # Settings.
        await pilot.click(app.screen.query("NavTab")[4])
        await settled(pilot)
        await click(pilot, "mdns", "#settings")
        assert asked[-1] == f"undo_deletions {NOTES}"
        await hint(pilot, "change")
        assert asked[-1].startswith("change_config")
        # Pair: its tabs, and what is in them.
        await pilot.click(app.screen.query("NavTab")[1])
        await settled(pilot)
        await hint(pilot, "make_ticket")
        assert app.screen.query_one(AddDevice).made is not None
        await pilot.click(app.screen.query("ContentTab")[2])
        await settled(pilot)
        await click(pilot, "7", "#tickets")
        await hint(pilot, "revoke")
        # History.
        await pilot.click(app.screen.query("NavTab")[2])
        await settled(pilot)
        await click(pilot, "Plan.md", "#notes")
        await click(pilot, app.screen.query_one("#versions", ItemList).keys[1], "#versions")
        assert app.screen.query_one("#versions", ItemList).highlighted == 1


def recorder(asked: list[str], name: str) -> Callable[..., Awaitable[None]]:
    async def ask(client: SceneClient, what: object = None) -> None:
        asked.append(f"{name} {what}")

    return ask


async def test_a_click_on_the_bar_goes_there() -> None:
    async with scene(SMALL) as (app, pilot):
        await pilot.click(app.screen.query("NavTab")[3])
        await settled(pilot)
        assert app.current_mode == "attention"
