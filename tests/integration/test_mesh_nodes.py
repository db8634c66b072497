"""Three and more whole nodes over QUIC on loopback: introductions, removal, roles, several vaults."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.peers import PeerState
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeError, UsedTicketError
from vaultsync.tickets.ticket import Role


def make_notes(root: Path, count: int = 5) -> None:
    root.mkdir(parents=True)
    for number in range(count):
        (root / f"note {number}.md").write_text(f"# Note {number}\n\nsome words\n")


def connected(*nodes: Node) -> bool:
    """Whether each of `nodes` is connected to all the others."""
    return all(
        one.peers.get_peer_states().get(other.node_id) in (PeerState.CONNECTED, PeerState.SYNCING)
        for one in nodes
        for other in nodes
        if one is not other
    )


async def invite(host: Node, root: Path, guest: Node, guest_root: Path, role: Role = "member") -> None:
    text, _ = await host.make_ticket(host.find_vault(root), role=role, life_s=60, reusable=False)
    await guest.join(text, guest_root)


async def test_a_device_that_takes_another_name_is_called_that_where_nobody_has_named_it(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")

    def name_of(node: Node, other: Node) -> str:
        peer = node.peers.get_peer(other.node_id)
        assert peer is not None
        return peer.record.name

    async with running_node(tmp_path, "Bert") as bert, running_node(tmp_path, "Carl") as carl:
        async with running_node(tmp_path, "Anna") as anna:
            await anna.add_vault(tmp_path / "a")
            await invite(anna, tmp_path / "a", bert, tmp_path / "b")
            await invite(anna, tmp_path / "a", carl, tmp_path / "c")
            await until(lambda: connected(anna, bert, carl))
        await carl.peers.update_peer(anna.node_id, name="Mine")
        async with running_node(tmp_path, "Anna", called="Laptop") as anna:
            await until(lambda: name_of(bert, anna) == "Laptop" and connected(anna, bert, carl))
            assert name_of(carl, anna) == "Mine"
        async with running_node(tmp_path, "Anna", called="Desk") as anna:
            await until(lambda: name_of(bert, anna) == "Desk" and connected(anna, bert, carl))
            assert name_of(carl, anna) == "Mine"


async def test_who_is_paired_with_one_is_connected_to_all_and_edits_go_on_without_the_first(tmp_path: Path) -> None:
    make_notes(tmp_path / "b")
    async with running_node(tmp_path, "Bert") as bert, running_node(tmp_path, "Carl") as carl:
        async with running_node(tmp_path, "Anna") as anna:
            await bert.add_vault(tmp_path / "b")
            await invite(bert, tmp_path / "b", anna, tmp_path / "a")
            await invite(bert, tmp_path / "b", carl, tmp_path / "c")
            await until(lambda: connected(anna, bert, carl))
            record = anna.peers.get_peer(carl.node_id)
            assert record is not None
            assert record.record.memberships[0].introduced_by == bert.node_id
            await until(lambda: tree(tmp_path / "a") == tree(tmp_path / "b") == tree(tmp_path / "c"))
        await until(lambda: not connected(anna, bert))
        (tmp_path / "c" / "while anna is away.md").write_text("carl\n")
        await until(lambda: (tmp_path / "b" / "while anna is away.md").exists())
    # Carl has gone too: what Anna missed, Bert has stored and forwards.
    async with running_node(tmp_path, "Bert"), running_node(tmp_path, "Anna"):
        await until(lambda: (tmp_path / "a" / "while anna is away.md").exists())
    # Anna and Carl have never been paired, and do not need Bert any more.
    (tmp_path / "a" / "from anna.md").write_text("anna\n")
    async with running_node(tmp_path, "Anna"), running_node(tmp_path, "Carl"):
        await until(lambda: (tmp_path / "c" / "from anna.md").exists())


async def test_a_removed_device_is_out_everywhere_and_its_tickets_are_dead(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await invite(anna, tmp_path / "a", carl, tmp_path / "c")
        await until(lambda: connected(anna, bert, carl))
        kept, _ = await bert.make_ticket(bert.find_vault(tmp_path / "b"), role="member", life_s=600, reusable=True)
        assert await anna.peers.remove_peer(carl.node_id)
        await until(lambda: bert.peers.get_peer(carl.node_id) is None)
        await until(lambda: carl.find_vault(tmp_path / "c").record.role == "solo")
        assert carl.peers.get_peers() == []
        (tmp_path / "c" / "from carl.md").write_text("still mine\n")
        (tmp_path / "a" / "from anna.md").write_text("anna\n")
        await until(lambda: (tmp_path / "b" / "from anna.md").exists())
        with pytest.raises(UsedTicketError, match="was removed"):
            await carl.join(kept, tmp_path / "c")
        with pytest.raises(NodeError, match="not shared"):
            await carl.make_ticket(carl.find_vault(tmp_path / "c"), role="member", life_s=60, reusable=False)
        assert not (tmp_path / "c" / "from anna.md").exists()
        assert not (tmp_path / "b" / "from carl.md").exists()
        # Inviting it anew is a person's decision, and works.
        assert carl.find_vault(tmp_path / "c").record.removed_by == "Anna"
        await invite(bert, tmp_path / "b", carl, tmp_path / "c")
        assert carl.find_vault(tmp_path / "c").record.removed_by is None
        await until(lambda: connected(anna, bert, carl))
        await until(lambda: (tmp_path / "a" / "from carl.md").exists() and (tmp_path / "c" / "from anna.md").exists())


async def test_a_device_removed_while_it_was_away_is_told_when_it_comes_back(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna:
        await anna.add_vault(tmp_path / "a")
        async with running_node(tmp_path, "Bert") as bert:
            await invite(anna, tmp_path / "a", bert, tmp_path / "b")
            await until(lambda: connected(anna, bert))
        await anna.peers.remove_peer(bert.node_id)
        (tmp_path / "b" / "late.md").write_text("late\n")
        async with running_node(tmp_path, "Bert") as again:
            await until(lambda: again.find_vault(tmp_path / "b").record.role == "solo")
            await until(lambda: again.peers.get_peers() == [])
        # It says so for as long as nobody has taken note, over restarts.
        async with running_node(tmp_path, "Bert") as later:
            service = later.find_vault(tmp_path / "b")
            assert service.record.removed_by == "Anna"
            assert service.record.removed_at is not None
            await later.leave_vault(service)
            record = await later.database.run(lambda store: store.vaults.get(service.vault))
            assert record == replace(service.record, removed_by=None, removed_at=None)
        assert not (tmp_path / "a" / "late.md").exists()


async def test_a_peer_learns_only_of_the_vaults_that_it_shares(tmp_path: Path) -> None:
    make_notes(tmp_path / "a-work")
    make_notes(tmp_path / "a-home", 3)
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        work = await anna.add_vault(tmp_path / "a-work")
        home = await anna.add_vault(tmp_path / "a-home")
        await invite(anna, tmp_path / "a-work", bert, tmp_path / "b-work")
        await invite(anna, tmp_path / "a-home", carl, tmp_path / "c-home")
        await until(lambda: connected(anna, bert) and connected(anna, carl))
        await until(lambda: tree(tmp_path / "c-home") == tree(tmp_path / "a-home"))
        assert bert.peers.get_peer(carl.node_id) is None
        link = anna.peers.get_peer(bert.node_id)
        assert link is not None
        await until(lambda: link.link is not None and set(link.link.shared) == {work.vault})
        # The second vault goes over the same connection.
        await invite(anna, tmp_path / "a-home", bert, tmp_path / "b-home")
        await until(lambda: tree(tmp_path / "b-home") == tree(tmp_path / "a-home"))
        await until(lambda: connected(anna, bert, carl))
        await until(lambda: link.link is not None and set(link.link.shared) == {work.vault, home.vault})
        carls = bert.peers.get_peer(carl.node_id)
        assert carls is not None
        assert [m.vault for m in carls.record.memberships] == [home.vault]
        await anna.mesh.expel(bert.node_id, [home.vault])
        await until(lambda: bert.peers.get_peer(carl.node_id) is None)
        await until(lambda: connected(anna, bert))
        assert bert.find_vault(tmp_path / "b-work").record.role == "member"
        assert bert.find_vault(tmp_path / "b-home").record.role == "solo"
        (tmp_path / "a-work" / "more.md").write_text("more\n")
        await until(lambda: (tmp_path / "b-work" / "more.md").exists())


async def test_introductions_can_be_switched_off(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        service = await anna.add_vault(tmp_path / "a")
        stored = await anna.database.run(
            lambda store: store.vaults.update(
                service.vault, settings_json=service.settings.changed({"mesh": False}).to_json()
            )
        )
        await service.apply_settings(stored)
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await invite(anna, tmp_path / "a", carl, tmp_path / "c")
        await until(lambda: tree(tmp_path / "a") == tree(tmp_path / "b") == tree(tmp_path / "c"))
        (tmp_path / "b" / "through anna.md").write_text("hello\n")
        await until(lambda: (tmp_path / "c" / "through anna.md").exists())
        assert bert.peers.get_peer(carl.node_id) is None


async def test_leaving_keeps_the_notes_and_tells_the_others(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: connected(anna, bert))
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        await bert.mesh.leave(service.vault)
        await until(lambda: anna.peers.get_peer(bert.node_id) is None)
        assert bert.find_vault(tmp_path / "b").record.role == "solo"
        assert bert.peers.get_peers() == []
        assert tree(tmp_path / "b") == tree(tmp_path / "a")


async def test_an_observer_receives_and_keeps_its_own_changes_to_itself(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b", "observer")
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        mine = bert.find_vault(tmp_path / "b")
        with pytest.raises(NodeError, match="only receives"):
            await bert.make_ticket(mine, role="member", life_s=60, reusable=False)
        with pytest.raises(NodeError, match="observer"):
            await bert.peers.remove_peer(anna.node_id)
        (tmp_path / "b" / "own.md").write_text("bert's\n")
        (tmp_path / "b" / "note 1.md").write_text("# Note 1\n\nbert was here\n")
        (tmp_path / "a" / "note 2.md").write_text("from anna\n")
        await until(lambda: (tmp_path / "b" / "note 2.md").read_text() == "from anna\n")
        while set(await bert.withheld(mine)) != {"own.md", "note 1.md"}:
            await until(lambda: True)
        assert not (tmp_path / "a" / "own.md").exists()
        # Promoted, it gives what it had kept.
        await anna.mesh.set_role(service.vault, bert.node_id, "member")
        await until(lambda: (tmp_path / "a" / "own.md").exists())
        await until(lambda: (tmp_path / "a" / "note 1.md").read_text() == "# Note 1\n\nbert was here\n")
        assert await bert.withheld(bert.find_vault(tmp_path / "b")) == []


async def test_what_a_demoted_device_still_sends_is_refused_and_kept_on_it(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(tmp_path / "a")
        async with running_node(tmp_path, "Bert") as bert:
            await invite(anna, tmp_path / "a", bert, tmp_path / "b")
            await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        (tmp_path / "b" / "written before it heard.md").write_text("bert\n")
        await anna.mesh.set_role(service.vault, bert.node_id, "observer")
        async with running_node(tmp_path, "Bert") as again:
            mine = again.find_vault(tmp_path / "b")
            await until(lambda: mine.record.role == "observer" and connected(anna, again))
            (tmp_path / "a" / "anna.md").write_text("anna\n")
            await until(lambda: (tmp_path / "b" / "anna.md").exists())
            assert await again.withheld(mine) == ["written before it heard.md"]
        assert not (tmp_path / "a" / "written before it heard.md").exists()


async def test_syncing_is_a_state_that_is_told_and_the_last_sync_is_kept(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        states: list[PeerState] = []
        anna.peers.on_peer_state_change(lambda peer: states.append(peer.state))
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: states[-1:] == [PeerState.CONNECTED] and PeerState.SYNCING in states)
        assert bert.peers.get_peer_states()[anna.node_id] in (PeerState.CONNECTED, PeerState.SYNCING)
        states.clear()
        (tmp_path / "a" / "new.md").write_text("new\n")
        await until(lambda: states == [PeerState.SYNCING, PeerState.CONNECTED])
        assert (tmp_path / "b" / "new.md").read_text() == "new\n"
        connected_ms = anna.now_ms()
    async with running_node(tmp_path, "Anna") as again:
        await again.peers.ready.wait()
        (peer,) = again.peers.get_peers()
        assert peer.record.last_sync_at is not None
        # Not when the connection began: when it ended.
        assert peer.record.last_seen is not None
        assert peer.record.last_seen >= connected_ms


async def test_an_observer_that_keeps_something_to_itself_is_not_syncing_for_ever(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b", "observer")
        await until(lambda: tree(tmp_path / "b") == tree(tmp_path / "a"))
        mine = bert.find_vault(tmp_path / "b")
        (tmp_path / "b" / "own.md").write_text("bert's\n")
        while await bert.withheld(mine) != ["own.md"]:
            await until(lambda: True)
        (tmp_path / "a" / "more.md").write_text("more\n")
        await until(lambda: (tmp_path / "b" / "more.md").exists())
        for one, other in ((anna, bert), (bert, anna)):
            await until(lambda: one.peers.get_peer_states()[other.node_id] is PeerState.CONNECTED)  # noqa: B023


async def test_an_observer_that_joins_with_the_same_notes_withholds_nothing(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    make_notes(tmp_path / "b")
    (tmp_path / "b" / "only mine.md").write_text("bert's\n")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b", "observer")
        mine = bert.find_vault(tmp_path / "b")
        while await bert.withheld(mine) != ["only mine.md"]:
            await until(lambda: True)
        (tmp_path / "b" / "only mine.md").unlink()
        (tmp_path / "b" / "note 1.md").write_text("changed\n")
        while "note 1.md" not in await bert.withheld(mine):
            await until(lambda: True)
        (tmp_path / "a" / "note 1.md").write_text("changed\n")
        while "note 1.md" in await bert.withheld(mine):
            await until(lambda: True)


async def test_both_screens_say_that_and_where_somebody_has_disconnected(tmp_path: Path) -> None:
    make_notes(tmp_path / "a")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        await anna.add_vault(tmp_path / "a")
        await invite(anna, tmp_path / "a", bert, tmp_path / "b")
        await until(lambda: connected(anna, bert))
        anna.peers.disconnect_peer(bert.node_id)
        await until(lambda: not connected(anna, bert) and not connected(bert, anna))
        (here,), (there,) = anna.peers.get_peers(), bert.peers.get_peers()
        await until(lambda: here.reason == "Disconnected by hand.")
        await until(lambda: there.reason.startswith("Somebody has disconnected this device there."))
        states: list[PeerState] = []
        bert.peers.on_peer_state_change(lambda peer: states.append(peer.state))
        bert.peers.connect_to_peer(anna.node_id)
        await until(lambda: states == [PeerState.CONNECTING, PeerState.DISCONNECTED])
        anna.peers.connect_to_peer(bert.node_id)
        await until(lambda: connected(anna, bert))
