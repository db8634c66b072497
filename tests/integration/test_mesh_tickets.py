"""Who is let in with a ticket, in simulated time: what it is told of the others, and what it is from then on."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.clock import on_virtual_clock
from tests.support.society import VAULT, Household, Town, linked, lists_are_equal
from vaultsync.errors import ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.model.members import SignedMember
from vaultsync.store.peers import PeerRecord

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


async def devices(stack: AsyncExitStack, town: Town, *names: str) -> list[Household]:
    return [await stack.enter_async_context(town.device(name)) for name in names]


@pytest.mark.parametrize("leaves", [False, True])
@on_virtual_clock
async def test_who_is_let_in_knows_all_the_others_though_its_inviter_is_never_seen_again(
    tmp_path: Path, leaves: bool
) -> None:
    town = Town(tmp_path)
    async with town.device("Carl") as carl:
        async with town.device("Anna") as anna:
            await anna.found()
            async with town.device("Bert") as bert:
                await anna.invite(bert)
            await carl.join(await anna.ticket())
            town.cut(anna, carl)
            if leaves:
                await anna.mesh.leave(VAULT)
        async with town.device("Bert") as bert:
            await carl.until(lambda: linked(bert, carl))
            await asyncio.sleep(MINUTE_S)
            assert await lists_are_equal(bert, carl)


@on_virtual_clock
async def test_a_welcome_that_tells_of_members_what_nobody_has_signed_ends_the_joining(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        admitted = anna.mesh.admitted

        async def lie(vault: VaultId, record: PeerRecord) -> list[SignedMember]:
            return [replace(one, signature=bytes(64)) for one in await admitted(vault, record)]

        anna.mesh.admitted = lie  # type: ignore[method-assign]
        with pytest.raises(ProtocolError, match="forged"):
            await bert.join(await anna.ticket())
        assert not bert.roles
        assert not bert.peers.get_peers()
        assert not await bert.database.run(lambda store: store.peers.all())


@pytest.mark.parametrize("deed", ["removed", "made observers"])
@pytest.mark.parametrize("third", [False, True], ids=["alone", "with a third"])
@on_virtual_clock
async def test_two_that_deprived_each_other_of_their_rights_are_together_again_by_a_ticket_of_either(
    tmp_path: Path, deed: str, third: bool
) -> None:
    town = Town(tmp_path)
    async with AsyncExitStack() as stack:
        anna, bert, *others = await devices(stack, town, "Anna", "Bert", *(["Carl"] if third else []))
        await anna.found()
        await anna.invite(bert, *others)
        await anna.until(lambda: linked(anna, bert, *others))
        for one in others:
            town.cut(one, bert)
        town.cut(anna, bert)
        for one, other in ((anna, bert), (bert, anna)):
            if deed == "removed":
                await one.mesh.expel(other.node_id, [VAULT])
            else:
                await one.mesh.set_role(VAULT, other.node_id, "observer")
        town.network.heal(anna.node_id, bert.node_id)
        await asyncio.sleep(HOUR_S)
        assert (anna.roles[VAULT], bert.roles[VAULT]) == ("member", "member"), "each has its own vault still"
        for one in others:
            town.network.heal(one.node_id, bert.node_id)
        await bert.join(await anna.ticket())
        await anna.until(lambda: linked(anna, bert, *others))
        await asyncio.sleep(HOUR_S)
        assert linked(anna, bert, *others)
        assert await lists_are_equal(anna, bert, *others)
        roster = await anna.memberships.roster(VAULT)
        assert {member.role for member in roster.members()} == {"member"}
        assert {one.roles[VAULT] for one in (anna, bert, *others)} == {"member"}


@on_virtual_clock
async def test_a_ticket_of_before_gives_an_observer_nothing_and_a_new_one_the_role_that_it_names(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as stack:
        anna, bert = await devices(stack, Town(tmp_path), "Anna", "Bert")
        await anna.found()
        kept = await anna.ticket(life_s=DAY_S)
        await bert.join(kept)
        await anna.until(lambda: linked(anna, bert))
        await anna.mesh.set_role(VAULT, bert.node_id, "observer")
        await anna.until(lambda: bert.roles[VAULT] == "observer")
        assert (await bert.join(kept)).role == "observer"
        await asyncio.sleep(MINUTE_S)
        assert bert.roles[VAULT] == "observer"
        assert (await bert.join(await anna.ticket())).role == "member"
        await anna.until(lambda: linked(anna, bert))
        assert await lists_are_equal(anna, bert)
        assert (await bert.join(await anna.ticket(role="observer"))).role == "member", "a ticket takes nothing away"
        await asyncio.sleep(MINUTE_S)
        assert await lists_are_equal(anna, bert)
