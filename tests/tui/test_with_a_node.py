"""Every screen's actions, by key, over the API of a real node."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import events
from textual.widgets import Input, Static, TextArea

from tests.support.nodes import running_node, until
from tests.tui.kit import dashboard, ready, says, served_node, shown, typed, write
from vaultsync.server.serve import serve_api
from vaultsync.tui.app import Dashboard
from vaultsync.tui.screens.peer import PeerScreen
from vaultsync.tui.state import Contact
from vaultsync.tui.widgets.items import ItemList


async def test_the_overview_shows_a_vault_and_an_edit_as_it_happens(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a", "b.md": "b"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            await shown(pilot, lambda: says(pilot, "2 files, 2 bytes"))
            assert says(pilot, "not on any other device yet")
            assert says(pilot, "No other device yet. Press a to add one")
            (notes / "c.md").write_text("c")
            await shown(pilot, lambda: says(pilot, "→ c.md created here") and says(pilot, "3 files"))


async def test_a_folder_becomes_a_vault_from_the_empty_dashboard(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node, dashboard(node) as (app, pilot):
        assert says(pilot, "No vault yet. Press n")
        await pilot.press("n")
        await shown(pilot, lambda: bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = str(notes)
        await pilot.press("enter")
        await shown(pilot, lambda: says(pilot, "1 file, 1 byte"))


async def test_two_dashboards_pair_by_a_ticket_that_is_copied_and_pasted(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    target = write(tmp_path / "other", {"Mine.md": "mine"})
    async with served_node(tmp_path, "laptop") as one, served_node(tmp_path, "phone") as two:
        await ready(one, notes)
        async with dashboard(one) as (app, pilot), dashboard(two) as (other, there):
            await pilot.press("a")
            await shown(pilot, lambda: says(pilot, "Waiting for the other device"))
            await pilot.press("y")
            ticket = app.clipboard
            assert ticket.startswith("vault1")
            await pilot.press("Y")
            assert app.clipboard == f"vaultsync join {ticket} ~/Notes"
            await there.press("j")
            await shown(there, lambda: isinstance(other.focused, TextArea))
            other.post_message(events.Paste(ticket[:80] + "\n"))
            await shown(there, lambda: says(there, "The ticket is damaged"))
            other.post_message(events.Paste(ticket[80:]))
            await shown(there, lambda: says(there, "“Notes” from laptop"))
            other.screen.query_one("#folder", Input).value = str(target)
            await shown(there, lambda: says(there, "holds 1 file. They are compared"))
            await there.press("ctrl+s")
            await shown(there, lambda: says(there, "Join these?"))
            for line in ("↑ 1 only here: they go to the other devices", "Mine.md", "↓ 1 only there: they come here"):
                assert says(there, line)
            assert not (target / "a.md").exists()
            await there.press("y")
            await shown(there, lambda: says(there, "Paired with laptop"))
            await shown(pilot, lambda: says(pilot, "Paired with phone"))
            words = app.board.paired[-1].words
            assert says(pilot, " ".join(words))
            assert says(there, " ".join(words))
            await there.press("escape", "1")
            await shown(there, lambda: says(there, "in sync with laptop"))
            (notes / "new.md").write_text("crossing")
            await shown(there, lambda: says(there, "← new.md created by laptop"))
            assert (target / "new.md").read_text() == "crossing"
            ids = [str(one.node_id)[:10], next(iter(two.vaults)).short]
            told = [entry.text for entry in other.board.activity.entries]
            assert not [text for text in told for each in ids if each in text], "things are told by their names"
            assert (notes / "Mine.md").read_text() == "mine"


async def test_a_ticket_of_this_device_is_refused_in_words_and_can_be_revoked(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, write(tmp_path / "Notes", {}))
        async with dashboard(node) as (app, pilot):
            await pilot.press("a")
            await shown(pilot, lambda: says(pilot, "Waiting for the other device"))
            await pilot.press("y", "j")
            await shown(pilot, lambda: isinstance(app.focused, TextArea))
            app.post_message(events.Paste(app.clipboard))
            await shown(pilot, lambda: says(pilot, "This ticket was made on this device"))
            await pilot.press("escape", "t")
            await shown(pilot, lambda: says(pilot, "one device · not used yet"))
            app.screen.query_one("#tickets").focus()
            await pilot.press("x")
            await shown(pilot, lambda: says(pilot, "No ticket can be used now"))


async def test_a_note_is_found_compared_and_restored(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"Garden/Spring plan.md": "seeds\n", "Other.md": "x"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (app, pilot):
            note = notes / "Garden/Spring plan.md"
            note.write_text("seeds\nspade\n")
            await shown(pilot, lambda: says(pilot, "Spring plan.md edited here"))
            await pilot.press("3")
            await shown(pilot, lambda: says(pilot, "Other.md"))
            await typed(pilot, "plan sp")
            await shown(pilot, lambda: says(pilot, "+ spade") and not says(pilot, "Other.md"))
            await pilot.press("enter", "enter", "down")
            await shown(pilot, lambda: says(pilot, "+ seeds") and not says(pilot, "+ spade"))
            await pilot.press("b")
            await shown(pilot, lambda: says(pilot, "+ spade"))
            await pilot.press("r")
            await shown(pilot, lambda: says(pilot, "Restore this version?"))
            await pilot.press("y")
            await shown(pilot, lambda: note.read_text() == "seeds\n")
            note.unlink()
            await pilot.press("1")
            await shown(pilot, lambda: says(pilot, "Spring plan.md deleted here"))
            await pilot.press("3", "escape", "D")
            await shown(pilot, lambda: says(pilot, "Deleted notes") and says(pilot, "Spring plan.md"))
            await shown(pilot, lambda: app.screen.query_one("#versions", ItemList).key is not None)
            await pilot.press("r")
            await shown(pilot, lambda: says(pilot, "Restore this version?"))
            await pilot.press("y")
            await shown(pilot, note.exists)


async def test_the_vault_goes_back_to_what_it_was_at_a_time(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            await pilot.press("3", "escape", "T")
            await shown(pilot, lambda: says(pilot, "The vault as of a time"))
            await typed(pilot, "1d ago")
            await pilot.press("enter")
            await shown(pilot, lambda: says(pilot, "- a.md is removed"))
            await pilot.press("r")
            await shown(pilot, lambda: says(pilot, "Restore the whole vault?"))
            assert says(pilot, "1 are removed")
            await pilot.press("y")
            await shown(pilot, lambda: not (notes / "a.md").exists())


async def test_a_folder_alone_goes_back_to_what_it_was(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"In/a.md": "a", "b.md": "b"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (app, pilot):
            await pilot.press("3", "escape", "T")
            await shown(pilot, lambda: says(pilot, "The vault as of a time"))
            await typed(pilot, "1d ago")
            await pilot.press("enter")
            await shown(pilot, lambda: says(pilot, "- In/a.md is removed") and says(pilot, "- b.md is removed"))
            app.screen.query_one("#notes", ItemList).go_to("In/a.md")
            await pilot.press("f")
            await shown(pilot, lambda: says(pilot, "In, as of") and not says(pilot, "- b.md is removed"))
            await pilot.press("r")
            await shown(pilot, lambda: says(pilot, "Restore this folder?"))
            await pilot.press("y")
            await shown(pilot, lambda: not (notes / "In/a.md").exists())
            assert (notes / "b.md").exists()


COPY = "Trip (conflict 2026-11-20 1403 Phone).md"


async def test_a_conflict_is_seen_side_by_side_and_ended(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"Trip.md": "by train\n", COPY: "by boat\n"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            await shown(pilot, lambda: says(pilot, "Attention !1"))
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "• by train") and says(pilot, "• by boat"))
            await pilot.press("t")
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))
            assert (notes / "Trip.md").read_text() == "by boat\n"
            assert not (notes / COPY).exists()


async def test_a_conflict_is_ended_by_writing_what_is_to_stand(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"Trip.md": "by train\n", COPY: "by boat\n"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "• by boat"))
            await pilot.press("e")
            await shown(pilot, lambda: says(pilot, "to copy from"))
            await typed(pilot, "both ")
            await pilot.press("ctrl+s")
            await shown(pilot, lambda: says(pilot, "Nothing waits for you"))
            assert (notes / "Trip.md").read_text() == "both by train\n"


async def test_held_deletions_are_undone_or_approved(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {f"{n}.md": f"{n}" for n in range(60)})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        async with dashboard(node) as (_, pilot):
            for answer, left in ((["u"], 60), (["p", "y"], 0)):
                for note in notes.glob("*.md"):
                    note.unlink()
                await pilot.press("4")
                await shown(pilot, lambda: says(pilot, "60 deletions in Notes"))
                for key in answer:
                    await pilot.press(key)
                    await pilot.pause()
                await shown(pilot, lambda: says(pilot, "Nothing waits for you"))
                await shown(pilot, lambda wanted=left: len(list(notes.glob("*.md"))) == wanted)  # type: ignore[misc]


async def test_a_device_is_renamed_disconnected_connected_and_removed(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as one, running_node(tmp_path, "phone") as two:
        await ready(one, write(tmp_path / "Notes", {"a.md": "a"}))
        await two.peers.ready.wait()
        service = next(iter(one.vaults.values()))
        ticket, _ = await one.make_ticket(service, role="member", life_s=600, reusable=False)
        await two.join(ticket, tmp_path / "other")
        async with dashboard(one) as (app, pilot):
            await shown(pilot, lambda: says(pilot, "● synced phone"))
            await pilot.press("tab", "enter")
            await shown(pilot, lambda: isinstance(app.screen, PeerScreen))
            await shown(pilot, lambda: says(pilot, str(two.node_id)))
            await pilot.press("r")
            await shown(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = "Pocket"
            await pilot.press("enter")
            await shown(pilot, lambda: app.board.peers[0].name == "Pocket")
            await pilot.press("d")
            await shown(pilot, lambda: says(pilot, "○ off"))
            await pilot.press("c")
            await shown(pilot, lambda: says(pilot, "● synced"))
            before = one.peers.get_peers()[0].link
            await pilot.press("y")
            await shown(pilot, lambda: one.peers.get_peers()[0].link not in (None, before))
            await shown(pilot, lambda: says(pilot, "● synced"))
            await pilot.press("o")
            await shown(pilot, lambda: says(pilot, "no: only when asked for"))
            await pilot.press("x")
            await shown(pilot, lambda: says(pilot, "Remove this device?"))
            await pilot.press("escape")
            await shown(pilot, lambda: isinstance(app.screen, PeerScreen))
            assert one.peers.get_peers()
            await pilot.press("x")
            await shown(pilot, lambda: says(pilot, "Remove this device?"))
            await pilot.press("y")
            await shown(pilot, lambda: says(pilot, "No other device yet"))
            assert not one.peers.get_peers()


async def test_settings_are_switched_and_typed(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, write(tmp_path / "Notes", {}))
        service = next(iter(node.vaults.values()))
        async with dashboard(node) as (app, pilot):
            await pilot.press("5")
            rows = app.screen.query_one("#settings", ItemList)
            await shown(pilot, lambda: rows.go_to("category images") and says(pilot, "[✓] Sync images"))
            rows.go_to("clashes")
            await pilot.press("enter")
            await shown(pilot, lambda: says(pilot, "keep a conflict copy"))
            assert service.settings.clashes == "copy"
            rows.go_to("category images")
            await pilot.press("enter")
            await shown(pilot, lambda: says(pilot, "[ ] Sync images"))
            assert "images" not in service.settings.categories
            rows.go_to("keep_all_days")
            await pilot.press("enter")
            await shown(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = "99"
            await pilot.press("enter")
            await shown(pilot, lambda: service.settings.retention.keep_all_days == 99)
            rows.go_to("listen_port")
            await pilot.press("enter")
            await shown(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = "70000"
            await pilot.press("enter")
            await shown(pilot, lambda: not app.screen.query(Input))
            assert not node.places.config_file.exists()
            await pilot.press("enter")
            await shown(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = "40123"
            await pilot.press("enter")
            await shown(pilot, node.places.config_file.exists)
            assert "listen_port = 40123" in node.places.config_file.read_text()
            await shown(pilot, lambda: says(pilot, "The node runs with other settings"))


async def test_the_dashboard_goes_on_when_the_node_comes_back(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with served_node(tmp_path, "laptop") as node:
        await ready(node, notes)
        places = node.places
    app = Dashboard(places)
    async with app.run_test() as pilot:
        await shown(pilot, lambda: says(pilot, "✖ stopped, R starts"))
        async with served_node(tmp_path, "laptop") as node:
            await shown(pilot, lambda: app.board.contact is Contact.LIVE and says(pilot, "1 file"))
            (notes / "b.md").write_text("b")
            await shown(pilot, lambda: says(pilot, "→ b.md created here"))
        await shown(pilot, lambda: app.board.contact is Contact.LOST)
        assert says(pilot, "Notes"), "what was known stays on show"
        async with served_node(tmp_path, "laptop") as node:
            await shown(pilot, lambda: app.board.contact is Contact.LIVE)
            (notes / "c.md").write_text("c")
            await shown(pilot, lambda: says(pilot, "→ c.md created here"))


async def test_leaving_can_leave_the_node_running_or_stop_it(tmp_path: Path) -> None:
    async with running_node(tmp_path, "laptop") as node:
        await node.peers.ready.wait()
        async with serve_api(node):
            for key, stops in (("escape", False), ("l", False), ("s", True)):
                async with dashboard(node) as (app, pilot):
                    await pilot.press("q")
                    await shown(pilot, lambda: says(pilot, "Quit the dashboard"))
                    await pilot.press(key)
                    if key == "escape":
                        await shown(pilot, lambda: not says(pilot, "Quit the dashboard"))
                        assert app.is_running
                    else:
                        await until(lambda: not app.is_running)
                assert node.stopping.is_set() is stops


async def test_nothing_freezes_while_thousands_of_changes_come(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {f"{n // 100}/{n}.md": "x" for n in range(3_000)})
    async with served_node(tmp_path, "laptop") as node, dashboard(node) as (app, pilot):
        adding = asyncio.create_task(node.add_vault(notes))
        # Keys are answered while it is looked through; the pilot would give up on a blocked application.
        for _ in range(5):
            await pilot.press("5", "1")
        await adding
        await shown(pilot, lambda: says(pilot, "3,000 files"))
        assert len(app.board.activity.entries) < 100
        assert isinstance(app.screen.query_one("#lines"), Static)
