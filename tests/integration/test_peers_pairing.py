"""Pairing over QUIC on loopback: what is asked, shown and refused on both sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.events import JoinRequested, PeerPaired
from vaultsync.daemon.peers import PeerState
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import AskedError, CloseCode, TicketError, UsedTicketError
from vaultsync.sync.preview import Preview


def make(root: Path, **notes: str) -> None:
    root.mkdir(parents=True)
    for name, text in notes.items():
        (root / f"{name}.md").write_text(text)


async def ticket(node: Node, service: VaultService, *, reusable: bool = False, life_s: int = 60) -> str:
    text, _ = await node.make_ticket(service, role="member", life_s=life_s, reusable=reusable)
    return text


async def let_ask(node: Node, service: VaultService) -> None:
    settings = service.settings.changed({"strangers": "ask"}).to_json()
    await service.apply_settings(
        await node.database.run(lambda store: store.vaults.update(service.vault, settings_json=settings))
    )


async def test_both_screens_show_the_same_six_words(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        joined = await bert.join(await ticket(anna, service), tmp_path / "b")
        shown = [event for node in (anna, bert) for _, event in node.bus._kept if isinstance(event, PeerPaired)]
        assert [event.words for event in shown] == [joined.words, joined.words]
        assert len(joined.words) == 6


async def test_joining_with_a_full_folder_shows_first_what_would_come_together(tmp_path: Path) -> None:
    make(tmp_path / "a", same="alike", both="anna's", hers="only anna")
    make(tmp_path / "b", same="alike", both="bert's", his="only bert")
    (tmp_path / "b" / ".git").mkdir()
    (tmp_path / "b" / ".git" / "config").write_text("never synced")
    before = tree(tmp_path / "b")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await service.tried.wait()
        opened = await bert.open_join(await ticket(anna, service), tmp_path / "b")
        preview = await opened.look()
        assert preview == Preview(1, ("his.md",), ("hers.md",), ("both.md",))
        assert tree(tmp_path / "b") == before
        assert not (tmp_path / "b" / ".vaultsync").exists()
        assert not bert.vaults
        await opened.accept()
        await until(lambda: (tmp_path / "a" / "his.md").exists() and (tmp_path / "b" / "hers.md").exists())
        assert not (tmp_path / "a" / ".git").exists()


async def test_leaving_after_the_preview_changes_nothing_and_the_other_side_forgets(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    make(tmp_path / "b", two="2")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await service.tried.wait()
        opened = await bert.open_join(await ticket(anna, service), tmp_path / "b")
        assert (await opened.look()).only_here == ("two.md",)
        await opened.leave()
        await until(lambda: not anna.peers.get_peers())
        assert not bert.vaults
        assert not bert.peers.get_peers()
        assert tree(tmp_path / "b") == {"two.md": b"2"}
        # It may think better of it.
        await bert.join(await ticket(anna, service), tmp_path / "b")
        await until(lambda: (tmp_path / "b" / "one.md").exists())


async def test_tickets_are_listed_revoked_and_reused_only_on_request(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        service = await anna.add_vault(tmp_path / "a")
        for_all = await ticket(anna, service, reusable=True)
        revoked = await ticket(anna, service)
        newest, oldest = await anna.pairing.open_tickets(service.vault)
        assert (newest.reusable, oldest.reusable) == (False, True)
        assert await anna.pairing.revoke(newest.id)
        assert not await anna.pairing.revoke(newest.id)
        with pytest.raises(UsedTicketError):
            await bert.join(revoked, tmp_path / "b")
        await bert.join(for_all, tmp_path / "b")
        await carl.join(for_all, tmp_path / "c")
        assert [one.uses for one in await anna.pairing.open_tickets()] == [2]


async def test_a_device_without_a_good_ticket_is_put_before_a_person(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    async with (
        running_node(tmp_path, "Anna") as anna,
        running_node(tmp_path, "Bert") as bert,
        running_node(tmp_path, "Carl") as carl,
    ):
        service = await anna.add_vault(tmp_path / "a")
        used = await ticket(anna, service)
        await anna.pairing.revoke((await anna.pairing.open_tickets())[0].id)
        with pytest.raises(UsedTicketError):
            await bert.join(used, tmp_path / "b")
        assert await anna.pairing.requests() == []
        await let_ask(anna, service)
        for _ in range(2):
            with pytest.raises(AskedError):
                await bert.join(used, tmp_path / "b")
        (request,) = await anna.pairing.requests(service.vault)
        assert (request.node, request.name) == (bert.node_id, "Bert")
        assert request.address == str(bert.endpoint.addresses[0])
        asked = [event for _, event in anna.bus._kept if isinstance(event, JoinRequested)]
        assert [event.peer for event in asked] == [str(bert.node_id)]
        assert await anna.pairing.answer(service.vault, bert.node_id, "observer")
        joined = await bert.join(used, tmp_path / "b")
        assert joined.role == "observer"
        with pytest.raises(AskedError):
            await carl.join(used, tmp_path / "c")
        await anna.pairing.answer(service.vault, carl.node_id, None)
        with pytest.raises(TicketError) as denied:
            await carl.join(used, tmp_path / "c")
        assert not isinstance(denied.value, AskedError)
        assert await anna.pairing.requests() == []


async def test_requests_are_bounded_in_number_and_rate(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    async with running_node(tmp_path, "Anna") as anna:
        service = await anna.add_vault(tmp_path / "a")
        used = await ticket(anna, service)
        await anna.pairing.revoke((await anna.pairing.open_tickets())[0].id)
        await let_ask(anna, service)
        for number in range(7):
            async with running_node(tmp_path, f"Stranger {number}") as stranger:
                with pytest.raises(TicketError):
                    await stranger.join(used, tmp_path / f"s{number}")
        assert len(await anna.pairing.requests()) == 5


async def test_a_stranger_that_knows_the_vault_learns_nothing_without_asking_being_on(tmp_path: Path) -> None:
    make(tmp_path / "a", one="1")
    async with running_node(tmp_path, "Anna") as anna, running_node(tmp_path, "Bert") as bert:
        service = await anna.add_vault(tmp_path / "a")
        await anna.peers.ready.wait()
        connection = await bert.endpoint.connect(anna.node_id, anna.endpoint.addresses[0])
        from vaultsync.daemon.greeting import open_control
        from vaultsync.protocol.messages import Join

        opened = await open_control(connection)
        await opened.writer.write(Join(service.vault, b"x" * 16, "Bert", "bert"))
        assert await connection.wait_closed() == (CloseCode.REFUSED, "", True)
        assert anna.peers.get_peer_states() == {}
        assert PeerState.CONNECTED not in bert.peers.get_peer_states().values()
