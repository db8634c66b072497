"""Who belongs to a vault, by keys, over the API of real nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, TabbedContent, TextArea

from tests.support.nodes import running_node, until
from tests.tui.kit import dashboard, ready, says, served_node, shown, write
from vaultsync.daemon.events import ChangesRefused
from vaultsync.daemon.service import Node
from vaultsync.errors import AskedError
from vaultsync.tui.app import Dashboard
from vaultsync.tui.dialogs.confirm import Confirm
from vaultsync.tui.screens.peer import PeerScreen


async def ask_to_join(one: Node, other: Node, target: Path) -> str:
    """`other` asks `one` to be let in, with a ticket that is worth nothing any more."""
    service = next(iter(one.vaults.values()))
    ticket, made = await one.make_ticket(service, role="member", life_s=600, reusable=False)
    await one.pairing.revoke((await one.pairing.open_tickets())[0].id)
    assert made.vault == service.vault
    with pytest.raises(AskedError):
        await other.join(ticket, target)
    return ticket


async def test_a_device_that_asks_is_seen_let_in_or_turned_away(tmp_path: Path) -> None:
    notes = write(tmp_path / "Notes", {"a.md": "a"})
    async with (
        served_node(tmp_path, "laptop") as one,
        running_node(tmp_path, "tablet") as two,
        running_node(tmp_path, "stranger") as three,
        dashboard(one) as (app, pilot),
    ):
        await ready(one, notes)
        service = next(iter(one.vaults.values()))
        await two.peers.ready.wait()
        await three.peers.ready.wait()
        await pilot.press("2", "w")
        await shown(pilot, lambda: says(pilot, "No device asks to be let in"))
        await pilot.press("1")
        assert app.client is not None
        await app.client.change_vault_options(str(service.vault), {"strangers": "ask"})
        await ask_to_join(one, three, tmp_path / "elsewhere")
        await shown(pilot, lambda: says(pilot, "Pair !1") and says(pilot, "? asks stranger"))
        await shown(pilot, lambda: says(pilot, "stranger asks to join Notes"))
        await pilot.press("tab", "enter")
        await shown(pilot, lambda: app.screen.query_one("#pair", TabbedContent).active == "asking")
        await shown(pilot, lambda: says(pilot, "Requests !1"))
        await pilot.press("n")
        await shown(pilot, lambda: says(pilot, "No device asks to be let in"))
        await shown(pilot, lambda: not says(pilot, "Pair !1"))

        ticket = await ask_to_join(one, two, tmp_path / "there")
        await shown(pilot, lambda: says(pilot, "? asks tablet"))
        await pilot.press("o")
        await shown(pilot, lambda: isinstance(app.screen, Confirm) and says(pilot, str(two.node_id)))
        await pilot.press("y")
        await shown(pilot, lambda: says(pilot, "No device asks to be let in"))
        joined = await two.join(ticket, tmp_path / "there")
        assert joined.role == "observer"


async def test_a_device_may_only_receive_and_may_edit_again(tmp_path: Path) -> None:
    async with served_node(tmp_path, "laptop") as one, served_node(tmp_path, "phone") as two:
        await ready(one, write(tmp_path / "Notes", {"a.md": "a"}))
        service = next(iter(one.vaults.values()))
        ticket, _ = await one.make_ticket(service, role="member", life_s=600, reusable=False)
        target = tmp_path / "other"
        await two.join(ticket, target)
        async with dashboard(one) as (app, pilot), dashboard(two) as (other, there):
            await shown(pilot, lambda: says(pilot, "● synced phone"))
            await pilot.press("tab", "e")
            await shown(pilot, lambda: isinstance(app.screen, PeerScreen))
            await pilot.press("l")
            await shown(pilot, lambda: says(pilot, "Let phone only receive?"))
            await pilot.press("y")
            await shown(pilot, lambda: says(pilot, "Notes only receives"))
            await shown(there, lambda: says(there, "this device now only receives Notes"))
            (target / "kept.md").write_text("kept back")
            await shown(there, lambda: other.board.vaults[0].withheld_count == 1)
            assert says(there, "receives only")
            await there.press("4")
            await shown(there, lambda: says(there, "1 note kept back") and says(there, "kept.md"))
            # A device that goes by its role sends nothing; one that does not is told of.
            one.bus.emit(ChangesRefused(str(service.vault), str(two.node_id), ("kept.md",), 1))
            await pilot.press("escape", "4")
            await shown(pilot, lambda: says(pilot, "1 change of phone"))
            await pilot.press("o")
            await shown(pilot, lambda: isinstance(app.screen, PeerScreen))
            await pilot.press("l")
            await shown(pilot, lambda: says(pilot, "Let phone edit?"))
            await pilot.press("y")
            await until(lambda: (tmp_path / "Notes/kept.md").exists())
            await shown(there, lambda: says(there, "Nothing waits for you"))


async def test_a_device_that_was_removed_says_so_until_a_person_takes_note(tmp_path: Path) -> None:
    async with running_node(tmp_path, "laptop") as one, served_node(tmp_path, "phone") as two:
        await ready(one, write(tmp_path / "Notes", {"a.md": "a"}))
        service = next(iter(one.vaults.values()))
        ticket, _ = await one.make_ticket(service, role="member", life_s=600, reusable=False)
        await two.peers.ready.wait()
        await two.join(ticket, tmp_path / "there")
        async with dashboard(two) as (_, pilot):
            await shown(pilot, lambda: says(pilot, "● synced laptop"))
            await one.peers.remove_peer(two.node_id)
            await shown(pilot, lambda: says(pilot, "laptop removed this device") and says(pilot, "Attention !1"))
            await pilot.press("4")
            await shown(pilot, lambda: says(pilot, "This device was removed from Notes by laptop on 20"))
            assert says(pilot, "your notes stay here")
            await pilot.press("x")
            await shown(pilot, lambda: says(pilot, "Nothing waits for you") and not says(pilot, "Attention !"))
            assert (tmp_path / "there/a.md").exists()


async def see_the_comparison(other: Dashboard, there: Pilot[None], ticket: str, target: Path) -> None:
    await there.press("j")
    await shown(there, lambda: isinstance(other.focused, TextArea))
    other.post_message(events.Paste(ticket))
    await shown(there, lambda: says(there, "from laptop"))
    other.screen.query_one("#folder", Input).value = str(target)
    await shown(there, lambda: says(there, "They are compared with the vault's first"))
    await there.press("ctrl+s")
    await shown(there, lambda: says(there, "Join these?"))


async def test_a_join_that_is_looked_at_can_be_left(tmp_path: Path) -> None:
    notes = {"same.md": "alike", "both.md": "here", "one.md": "1"}
    target = write(tmp_path / "full", {"same.md": "alike", "both.md": "there", "two.md": "2"})
    async with served_node(tmp_path, "laptop") as one, served_node(tmp_path, "phone") as two:
        await ready(one, write(tmp_path / "Notes", notes))
        service = next(iter(one.vaults.values()))
        async with dashboard(two) as (other, there):
            ticket, _ = await one.make_ticket(service, role="member", life_s=600, reusable=False)
            await see_the_comparison(other, there, ticket, target)
            for line in ("= 1 the same on both", "↑ 1 only here", "↓ 1 only there", "≠ 1 different"):
                assert says(there, line)
            await there.press("escape")
            await shown(there, lambda: says(there, "Not joined; nothing was written"))
            await until(lambda: not one.peers.get_peers())
            assert not two.vaults
            assert sorted(path.name for path in target.iterdir()) == ["both.md", "same.md", "two.md"]
