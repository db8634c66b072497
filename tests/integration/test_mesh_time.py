"""Pairing and the mesh in simulated time: two to five devices on the memory transport, hours in milliseconds."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.clock import elapsed_s, on_virtual_clock
from tests.support.society import VAULT, Household, Town, linked, lists_are_equal
from vaultsync.daemon.memberships import hand_over
from vaultsync.daemon.pairing import MAX_PEERS
from vaultsync.daemon.peers import PeerState
from vaultsync.errors import (
    AskedError,
    ExpiredTicketError,
    NodeError,
    RefusedError,
    TransportError,
    UsedTicketError,
)
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.node_store import NodeStore
from vaultsync.store.peers import PeerRecord
from vaultsync.sync.membership import REMOVED_KEPT_MS
from vaultsync.transport.identity import Identity

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


async def devices(stack: AsyncExitStack, town: Town, *names: str) -> list[Household]:
    return [await stack.enter_async_context(town.device(name)) for name in names]


# Tickets


@pytest.mark.parametrize(("after_s", "good"), [(599, True), (600, False)])
@on_virtual_clock
async def test_a_ticket_is_good_for_ten_minutes(tmp_path: Path, after_s: int, good: bool) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        text = await anna.ticket()
        await asyncio.sleep(after_s - elapsed_s())
        if good:
            await bert.join(text)
            await anna.until(lambda: linked(anna, bert))
            return
        with pytest.raises(ExpiredTicketError):
            await bert.join(text)
        assert not anna.peers.get_peers()


@on_virtual_clock
async def test_whose_clock_is_slow_is_told_by_the_other_side_that_the_ticket_has_expired(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        text = await anna.ticket()
        await asyncio.sleep(601)
        bert.now_ms = lambda: anna.now_ms() - 700_000  # type: ignore[method-assign]
        with pytest.raises(ExpiredTicketError, match="The other device says"):
            await bert.join(text)


@on_virtual_clock
async def test_of_two_that_use_a_ticket_at_once_one_gets_in_and_a_revoked_one_is_no_good(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl")
        await anna.found()
        text = await anna.ticket()
        came = await asyncio.gather(bert.join(text), carl.join(text), return_exceptions=True)
        assert sorted(type(one).__name__ for one in came) == ["Joined", "UsedTicketError"]
        late = carl if isinstance(came[1], UsedTicketError) else bert
        text = await anna.ticket(reusable=True)
        (opened,) = await anna.pairing.open_tickets()
        assert await anna.pairing.revoke(opened.id)
        assert not await anna.pairing.revoke(opened.id)
        with pytest.raises(UsedTicketError, match="used already, or revoked"):
            await late.join(text)
        await late.join(await anna.ticket(reusable=True))
        await anna.until(lambda: linked(anna, bert, carl))


@on_virtual_clock
async def test_the_65th_device_is_refused_in_words(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()

        def crowd(store: NodeStore) -> None:
            with store.transaction():
                for number in range(MAX_PEERS):
                    node = NodeId(bytes([number + 1]) * 32)
                    store.peers.add(PeerRecord(node, f"Device {number}", "", 0), VAULT, "member")

        await anna.database.run(crowd)
        text = await anna.ticket()
        with pytest.raises(RefusedError, match="as many devices as it can have"):
            await bert.join(text)
        await anna.database.run(lambda store: store.peers.remove(NodeId(bytes([1]) * 32), VAULT))
        await bert.join(text)


# Everybody with everybody


@on_virtual_clock
async def test_three_paired_in_a_row_end_fully_connected_and_two_go_on_without_the_one_between(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, carl = await devices(stack, town, "Anna", "Carl")
        async with town.device("Bert") as bert:
            await bert.found()
            await bert.invite(anna, carl)
            await anna.until(lambda: linked(anna, bert, carl), timeout_s=5)
        await anna.until(lambda: anna.state_of(bert) is PeerState.DISCONNECTED)
        assert linked(anna, carl)
        async with town.device("Bert") as again:
            await anna.until(lambda: linked(anna, again, carl), timeout_s=20)


@on_virtual_clock
async def test_five_devices_each_let_in_by_the_one_before_are_all_connected(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        chain = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl", "Dora", "Emil")
        await chain[0].found()
        for host, guest in pairwise(chain):
            await host.invite(guest)
        await chain[0].until(lambda: linked(*chain), timeout_s=20)
        for one in chain:
            assert one.node_id not in one.peers.get_peer_states(), "no device is its own peer"
            assert len(one.peers.get_peers()) == 4


@on_virtual_clock
async def test_a_newcomer_is_told_to_whoever_was_away_by_whoever_is_there(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.device("Bert") as bert:
        async with town.device("Anna") as anna:
            await anna.found()
            await anna.invite(bert)
            async with town.device("Carl") as carl:
                await anna.invite(carl)
                await bert.until(lambda: linked(anna, bert, carl))
        # Anna and Carl are off; Dora comes through Bert, and Carl learns of her from Bert alone.
        async with town.device("Dora") as dora:
            await bert.invite(dora)
            async with town.device("Carl") as carl:
                await carl.until(lambda: linked(bert, carl, dora))


@on_virtual_clock
async def test_a_device_learns_only_of_the_vaults_that_it_shares(tmp_path: Path) -> None:
    work, home = VaultId(b"w" * 16), VaultId(b"h" * 16)
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl")
        await anna.found(work)
        await anna.found(home)
        await anna.invite(bert, vault=work)
        await anna.invite(bert, carl, vault=home)
        await anna.until(lambda: linked(anna, bert, carl))
        assert len(anna.network._connections) == 6, "one connection for each two, whatever they share"
        record = carl.peers.get_peer(bert.node_id)
        assert record is not None
        assert [m.vault for m in record.record.memberships] == [home]
        assert await carl.database.run(lambda store: store.membership.records(work)) == []


@on_virtual_clock
async def test_with_the_switch_off_nobody_is_introduced_and_removals_are_told_all_the_same(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl")
        for one in (anna, bert, carl):
            one.mesh_switch[VAULT] = False
        await anna.found()
        await anna.invite(bert, carl)
        await asyncio.sleep(DAY_S)
        assert not bert.knows(carl)
        await anna.peers.remove_peer(carl.node_id)
        await carl.until(lambda: carl.roles[VAULT] == "solo")


# Removal


@on_virtual_clock
async def test_a_removed_device_that_is_away_is_called_after_5_and_15_minutes_an_hour_and_every_4_hours(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.device("Anna") as anna:
        async with town.device("Bert") as bert:
            await anna.found()
            await anna.invite(bert)
            gone = bert.node_id
        await anna.until(lambda: anna.peers.get_peer_states()[gone] is PeerState.DISCONNECTED)
        await anna.peers.remove_peer(gone)
        removed_ms = anna.now_ms()
        await asyncio.sleep(10 * HOUR_S)
        tried = await anna.database.run(lambda store: store.attempts.recent(100, gone))
        minutes = sorted({round((one.at_ms - removed_ms) / 60_000) for one in tried if one.at_ms > removed_ms})
        assert minutes == [5, 5 + 15, 5 + 15 + 60, 5 + 15 + 60 + 240, 5 + 15 + 60 + 480]
        # It comes home, and hears of it at the next call.
        async with town.device("Bert") as again:
            again.peers.disconnect_peer(anna.node_id)
            await again.until(lambda: again.roles[VAULT] == "solo", timeout_s=4 * HOUR_S + 60)
        await asyncio.sleep(DAY_S)
        assert await anna.database.run(lambda store: store.membership.next_due()) is None


@on_virtual_clock
async def test_who_leaves_calls_the_members_that_were_away_until_they_have_heard_it(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.device("Anna") as anna:
        async with town.device("Bert") as bert:
            await anna.found()
            await anna.invite(bert)
        await anna.until(lambda: anna.peers.get_peer_states()[bert.node_id] is PeerState.DISCONNECTED)
        await anna.mesh.leave(VAULT)
        left_s = elapsed_s()
        await asyncio.sleep(MINUTE_S)
        async with town.device("Bert") as again:
            await again.until(lambda: not again.knows(anna), timeout_s=HOUR_S)
            assert round((elapsed_s() - left_s) / MINUTE_S) == 5
        tried = len(await anna.database.run(lambda store: store.attempts.recent(100, again.node_id)))
        await asyncio.sleep(DAY_S)
        assert len(await anna.database.run(lambda store: store.attempts.recent(100, again.node_id))) == tried


@on_virtual_clock
async def test_who_leaves_while_it_is_not_connected_tells_the_others_at_once_if_they_are_there(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        await anna.invite(bert)
        await anna.until(lambda: linked(anna, bert))
        anna.peers.disconnect_peer(bert.node_id)
        await anna.until(lambda: not linked(anna, bert))
        left_s = elapsed_s()
        await anna.mesh.leave(VAULT)
        await bert.until(lambda: not bert.knows(anna))
        assert elapsed_s() - left_s < 5


@on_virtual_clock
async def test_who_has_come_back_calls_nobody_any_more_to_say_that_it_left(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with town.device("Anna") as anna:
        async with town.device("Bert") as bert:
            await anna.found()
            await anna.invite(bert)
        await anna.until(lambda: anna.peers.get_peer_states()[bert.node_id] is PeerState.DISCONNECTED)
        await anna.mesh.leave(VAULT)
        anna.roles[VAULT] = "member"
        async with town.device("Bert") as again:
            await asyncio.sleep(HOUR_S)
            assert again.knows(anna)


@on_virtual_clock
async def test_a_removal_that_could_not_be_delivered_in_30_days_is_given_up_and_stands_all_the_same(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    async with town.device("Anna") as anna:
        async with town.device("Bert") as bert:
            await anna.found()
            await anna.invite(bert)
            gone = bert.node_id
        await anna.until(lambda: anna.peers.get_peer_states()[gone] is PeerState.DISCONNECTED)
        await anna.peers.remove_peer(gone)
        roster = await anna.memberships.roster(VAULT)
        assert [r.member.active for r in roster.listed(anna.now_ms())] == [True, False]
        await asyncio.sleep(REMOVED_KEPT_MS / 1000 + DAY_S)
        assert await anna.database.run(lambda store: store.membership.next_due()) is None
        assert [r.member.active for r in roster.listed(anna.now_ms())] == [True], "nobody else is told any more"
        async with town.device("Bert") as again:
            await again.until(lambda: again.roles[VAULT] == "solo")
            assert anna.peers.get_peers() == []


@on_virtual_clock
async def test_whoever_was_away_hears_of_a_removal_from_any_member(tmp_path: Path) -> None:
    """Anna removes Carl and is switched off; Bert, who was away, hears of it from Dora and lets Carl in no more."""
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        carl, dora = await devices(stack, town, "Carl", "Dora")
        async with town.device("Anna") as anna:
            await anna.found()
            async with town.device("Bert") as bert:
                await anna.invite(bert, carl, dora)
                await anna.until(lambda: linked(anna, bert, carl, dora))
            # Carl hears nothing, and goes on as if nothing had happened.
            town.cut(anna, carl)
            town.cut(dora, carl)
            await anna.peers.remove_peer(carl.node_id)
            await dora.until(lambda: not dora.knows(carl))
        async with town.device("Bert") as again:
            await again.until(lambda: linked(again, dora) and not again.knows(carl))
            await carl.until(lambda: carl.roles[VAULT] == "solo")
            assert carl.peers.get_peers() == []


@on_virtual_clock
async def test_neither_an_old_record_nor_an_old_ticket_lets_a_removed_device_in_but_a_new_ticket_does(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl")
        await anna.found()
        kept = await anna.ticket(life_s=DAY_S, reusable=True)
        await bert.join(kept)
        await anna.invite(carl)
        await anna.until(lambda: linked(anna, bert, carl))
        records = await bert.memberships.own_records(VAULT)
        await anna.peers.remove_peer(bert.node_id)
        await anna.until(lambda: bert.roles[VAULT] == "solo" and not carl.knows(bert))
        # A changed program on Bert's device: it has kept its record, and shows it to Carl.
        for record in records:
            changes = await carl.memberships.receive(bert.node_id, VAULT, [record])
            assert not changes.peers
            assert changes.answer, "it is told that it was removed"
        with pytest.raises(UsedTicketError, match="removed from the vault after the ticket was made"):
            await bert.join(kept)
        assert not anna.knows(bert)
        await asyncio.sleep(1)
        await anna.invite(bert)
        await anna.until(lambda: linked(anna, bert, carl))


@on_virtual_clock
async def test_what_a_removed_device_tells_of_members_is_ignored(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert, carl, dora = await devices(stack, town, "Anna", "Bert", "Carl", "Dora")
        await anna.found()
        await anna.invite(bert, carl)
        await anna.until(lambda: linked(anna, bert, carl))
        town.cut(anna, bert)
        town.cut(carl, bert)
        await anna.peers.remove_peer(bert.node_id)
        await anna.until(lambda: not carl.knows(bert))
        # Cut off, it does not know, and lets Dora in; she can't come further than to it.
        await bert.invite(dora)
        records = list(await bert.memberships.roster(VAULT))
        changes = await carl.memberships.receive(bert.node_id, VAULT, records)
        assert not changes.records
        await asyncio.sleep(HOUR_S)
        assert not carl.knows(dora)
        assert not anna.knows(dora)


@on_virtual_clock
async def test_calling_a_device_that_is_not_there_or_was_removed_is_an_error_in_words(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        (anna,) = await devices(stack, town, "Anna")
        await anna.found()
        async with town.device("Bert") as bert:
            await anna.invite(bert)
            node, addresses = bert.node_id, [str(a) for a in bert.endpoint.addresses]
        with pytest.raises(TransportError, match="Nothing answers"):
            await anna.peers.tell(node, addresses, [])
        with pytest.raises(TransportError, match="No address"):
            await anna.peers.tell(NodeId(b"n" * 32), [], [])
        async with town.device("Bert") as again:
            await again.until(lambda: linked(anna, again))
            await again.mesh.leave(VAULT)
            await anna.until(lambda: not anna.knows(again))
            with pytest.raises(TransportError):
                await anna.peers.tell(node, addresses, await anna.mesh.credentials([VAULT]))


# Roles


@on_virtual_clock
async def test_a_role_reaches_everybody_those_that_are_away_when_they_come_back(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, town, "Anna", "Bert")
        await anna.found()
        await anna.invite(bert)
        async with town.device("Carl") as carl:
            await anna.invite(carl)
            await anna.until(lambda: linked(anna, bert, carl))
            away = carl.node_id
        await anna.mesh.set_role(VAULT, away, "observer")
        await bert.until(lambda: bert.peers.get_peers()[-1].record.role_in(VAULT) == "observer")
        async with town.device("Carl") as again:
            await again.until(lambda: again.roles[VAULT] == "observer")
            with pytest.raises(NodeError, match="observer cannot"):
                await again.mesh.set_role(VAULT, bert.node_id, "observer")
            with pytest.raises(NodeError, match="observer cannot"):
                await again.peers.remove_peer(bert.node_id)
            await anna.mesh.set_role(VAULT, away, "member")
            await again.until(lambda: again.roles[VAULT] == "member")


def role_at(device: Household, of: NodeId) -> str | None:
    peer = device.peers.get_peer(of)
    return None if peer is None else peer.record.role_in(VAULT)


@on_virtual_clock
async def test_a_role_reaches_who_was_away_while_its_device_called_itself_otherwise(tmp_path: Path) -> None:
    """What Bert says of himself as an observer is signed by him; Carl takes that he is one from Anna only."""
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, town, "Anna", "Bert")
        await anna.found()
        await anna.invite(bert)
        async with town.device("Carl") as carl:
            await anna.invite(carl)
            await anna.until(lambda: linked(anna, bert, carl))
        await anna.mesh.set_role(VAULT, bert.node_id, "observer")
        await bert.until(lambda: bert.roles[VAULT] == "observer")
        bert.name = "Desk"
        await bert.mesh.announce([VAULT])
        roster = await anna.memberships.roster(VAULT)
        await anna.until(lambda: (found := roster.active(bert.node_id)) is not None and found.name == "Desk")
        async with town.device("Carl") as again:
            await again.until(lambda: role_at(again, bert.node_id) == "observer")


@on_virtual_clock
async def test_who_describes_itself_before_it_hears_of_its_role_hears_of_it(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        (anna,) = await devices(stack, town, "Anna")
        await anna.found()
        async with town.device("Bert") as bert:
            await anna.invite(bert)
        await anna.mesh.set_role(VAULT, bert.node_id, "observer")
        await asyncio.sleep(MINUTE_S)
        async with town.device("Bert") as again:
            again.name = "Desk"
            await again.mesh.announce([VAULT])
            await again.until(lambda: again.roles[VAULT] == "observer")
            await anna.until(lambda: role_at(anna, bert.node_id) == "observer")


# Keys


@on_virtual_clock
async def test_two_that_make_each_other_observers_end_with_what_the_third_says(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, town, "Anna", "Bert", "Carl")
        await anna.found()
        await anna.invite(bert, carl)
        await anna.until(lambda: linked(anna, bert, carl))
        town.cut(bert, carl)
        await asyncio.gather(
            bert.mesh.set_role(VAULT, carl.node_id, "observer"), carl.mesh.set_role(VAULT, bert.node_id, "observer")
        )
        await asyncio.sleep(HOUR_S)
        assert await lists_are_equal(anna, bert, carl)


@on_virtual_clock
async def test_whom_one_lets_in_that_does_not_know_that_it_is_an_observer_is_in_nowhere(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert, carl, dora = await devices(stack, town, "Anna", "Bert", "Carl", "Dora")
        await anna.found()
        await anna.invite(bert, carl)
        await anna.until(lambda: linked(anna, bert, carl))
        town.cut(anna, bert)
        town.cut(carl, bert)
        await anna.mesh.set_role(VAULT, bert.node_id, "observer")
        await bert.invite(dora)
        await bert.until(lambda: linked(bert, dora))
        town.network.heal(anna.node_id, bert.node_id)
        town.network.heal(carl.node_id, bert.node_id)
        await asyncio.sleep(HOUR_S)
        assert await lists_are_equal(anna, bert, carl)
        assert not bert.knows(dora)


@on_virtual_clock
async def test_all_follow_a_device_to_its_new_key_also_who_was_away(tmp_path: Path) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        (anna,) = await devices(stack, town, "Anna")
        await anna.found()
        async with town.device("Carl") as carl, town.device("Bert") as bert:
            await anna.invite(bert, carl)
            await anna.until(lambda: linked(anna, bert, carl))
            old, now_ms = bert.identity, bert.now_ms
        new = Identity.from_raw(b"n" * 32)
        async with town.device("Bert") as bert:
            await hand_over(bert.database, old, new, now_ms)
        town.change_key("Bert", new)
        async with town.device("Bert") as bert:
            assert bert.node_id == new.node_id
            await anna.until(lambda: linked(anna, bert))
            assert anna.peers.get_peer(old.node_id) is None
            async with town.device("Carl") as carl:
                await carl.until(lambda: linked(anna, bert, carl))
                assert carl.peers.get_peer(old.node_id) is None
        with pytest.raises(TransportError):
            await anna.peers.tell(old.node_id, ["bert:1"], [])


# Asking


@on_virtual_clock
async def test_a_device_that_was_allowed_may_join_for_a_day_and_a_denied_one_does_not_ask_again(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert, carl = await devices(stack, Town(tmp_path), "Anna", "Bert", "Carl")
        await anna.found()
        anna.pairing._asks = lambda vault: vault == VAULT
        text = await anna.ticket(life_s=DAY_S * 3)
        (opened,) = await anna.pairing.open_tickets()
        await anna.pairing.revoke(opened.id)
        for guest in (bert, carl):
            with pytest.raises(AskedError):
                await guest.join(text)
        assert {request.name for request in await anna.pairing.requests()} == {"Bert", "Carl"}
        assert await anna.pairing.answer(VAULT, bert.node_id, "observer")
        assert await anna.pairing.answer(VAULT, carl.node_id, None)
        await asyncio.sleep(HOUR_S)
        await bert.join(text)
        assert bert.roles[VAULT] == "observer"
        await anna.until(lambda: linked(anna, bert))
        with pytest.raises(UsedTicketError):
            await carl.join(text)
        assert not anna.knows(carl)


@on_virtual_clock
async def test_an_answer_is_good_for_a_day(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        anna.pairing._asks = lambda vault: vault == VAULT
        text = await anna.ticket(life_s=DAY_S * 3)
        (opened,) = await anna.pairing.open_tickets()
        await anna.pairing.revoke(opened.id)
        with pytest.raises(AskedError):
            await bert.join(text)
        await anna.pairing.answer(VAULT, bert.node_id, "member")
        await asyncio.sleep(DAY_S + HOUR_S)
        with pytest.raises(AskedError):
            await bert.join(text)
        assert not anna.knows(bert)
        assert len(await anna.pairing.requests()) == 1, "it is put before a person anew"
