"""What settings do, by keys, over the API of a real node."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tests.support.nodes import running_node
from tests.tui.kit import dashboard, ready, says, served_node, shown, write
from vaultsync.tui.app import Dashboard
from vaultsync.tui.dialogs.rules import EditRules
from vaultsync.tui.widgets.items import ItemList


async def choose(app: Dashboard, pilot: Pilot[None], key: str) -> None:
    """Press Enter on a setting."""
    app.screen.query_one("#settings", ItemList).go_to(key)
    await pilot.pause()
    await pilot.press("enter")


async def answer(app: Dashboard, pilot: Pilot[None], text: str) -> None:
    await shown(pilot, lambda: bool(app.screen.query(Input)))
    app.screen.query_one(Input).value = text
    await pilot.press("enter")


async def test_what_a_vault_does_here_is_switched(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, write(tmp_path / "Notes", {"a.md": "a"}))
        service = next(iter(node.vaults.values()))
        async with dashboard(node) as (app, pilot):
            await pilot.press("5")
            await shown(pilot, lambda: "sync" in app.screen.query_one("#settings", ItemList).keys)
            for key, said in (("sync", "Sync off"), ("mesh", "introduce each other off"), ("strangers", "may ask")):
                await choose(app, pilot, key)
                await shown(pilot, lambda said=said: says(pilot, said))  # type: ignore[misc]
            settings = service.settings
            assert (settings.sync, settings.mesh, settings.strangers) == (False, False, "ask")
            await pilot.press("1")
            await shown(pilot, lambda: says(pilot, "○ sync off"))
            await pilot.press("5")
            await choose(app, pilot, "sync")
            await shown(pilot, lambda: service.settings.sync)


async def test_a_folder_that_is_shared_is_left_and_one_that_is_not_is_forgotten(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node, running_node(tmp_path, "phone") as other:
        await ready(node, write(tmp_path / "Notes", {"a.md": "a"}))
        service = next(iter(node.vaults.values()))
        ticket, _ = await node.make_ticket(service, role="member", life_s=600, reusable=False)
        await other.peers.ready.wait()
        await other.join(ticket, tmp_path / "there")
        async with dashboard(node) as (app, pilot):
            await pilot.press("5")
            await shown(pilot, lambda: "leave" in app.screen.query_one("#settings", ItemList).keys)
            await choose(app, pilot, "leave")
            await shown(pilot, lambda: says(pilot, "Leave Notes?"))
            await pilot.press("y")
            await shown(pilot, lambda: "forget" in app.screen.query_one("#settings", ItemList).keys)
            assert service.record.role == "solo"
            await choose(app, pilot, "forget")
            await shown(pilot, lambda: says(pilot, "Look after Notes no more?"))
            await pilot.press("y")
            await shown(pilot, lambda: "sync" not in app.screen.query_one("#settings", ItemList).keys)
            assert not node.vaults
    assert (tmp_path / "Notes" / "a.md").read_text() == "a"


async def test_limits_hold_at_once_and_a_new_key_at_the_next_start(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node, dashboard(node) as (app, pilot):
        await pilot.press("5")
        await shown(pilot, lambda: "key" in app.screen.query_one("#settings", ItemList).keys)
        await choose(app, pilot, "upload_limit_kb_s")
        await answer(app, pilot, "much")
        await shown(pilot, lambda: any("It is a size" in each.message for each in app._notifications))
        await choose(app, pilot, "upload_limit_kb_s")
        await answer(app, pilot, "2 MB/s")
        await shown(pilot, lambda: says(pilot, "Send at most 2.0 MB/s"))
        assert node.config.upload_limit_kb_s == 2_000
        await choose(app, pilot, "key")
        await shown(pilot, lambda: says(pilot, "Change this device's key?"))
        await pilot.press("escape")
        await shown(pilot, lambda: not says(pilot, "Change this device's key?"))
        assert not says(pilot, ", next: ")
        await choose(app, pilot, "key")
        await shown(pilot, lambda: says(pilot, "Change this device's key?"))
        await pilot.press("y")
        await shown(pilot, lambda: says(pilot, ", next: "))


async def test_ignore_rules_are_edited_and_a_wrong_one_stays_in_front_of_its_author(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (app, pilot):
            await pilot.press("5")
            rows = app.screen.query_one("#settings", ItemList)
            await shown(pilot, lambda: rows.go_to("rules") and says(pilot, "Ignore rules 0 rules"))
            await pilot.press("i")
            await shown(pilot, lambda: isinstance(app.screen, EditRules))
            app.screen.query_one(TextArea).text = "Drafts/\n!\n"
            await pilot.press("ctrl+s")
            await shown(pilot, lambda: says(pilot, "✖") and isinstance(app.screen, EditRules))
            assert app.screen.query_one(TextArea).text == "Drafts/\n!\n"
            app.screen.query_one(TextArea).text = "Drafts/\n"
            await pilot.press("ctrl+s")
            await shown(pilot, lambda: says(pilot, "Ignore rules 1 rule"))
            assert (notes / ".vaultsyncignore").read_text() == "Drafts/\n"


async def test_the_highlighted_setting_stays_in_view_when_the_terminal_shrinks(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, write(tmp_path / "Notes", {"a.md": "a"}))
        async with dashboard(node) as (app, pilot):
            await pilot.resize_terminal(120, 40)
            await pilot.press("5")
            settings = app.screen.query_one("#settings", ItemList)
            await shown(pilot, lambda: "forget" in settings.keys)
            settings.go_to("forget")
            await pilot.resize_terminal(60, 15)
            await shown(
                pilot, lambda: settings.scroll_offset.y > 0 and settings.max_scroll_y == settings.scroll_offset.y
            )
