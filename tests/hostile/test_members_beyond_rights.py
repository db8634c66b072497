"""Members that reach for what their place in the vault does not give them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hostile.attacker import Attacker, Scene, scene
from tests.support.nodes import until
from vaultsync.errors import CloseCode
from vaultsync.model.ids import NodeId
from vaultsync.model.members import Member, SignedMember
from vaultsync.protocol.members import SIGNING_CONTEXT, member_payload
from vaultsync.protocol.messages import Contents, Members, Want
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic.endpoint import listen
from vaultsync.vault.hashing import hash_bytes

STRANGER = NodeId(b"\x05" * 32)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def signed(member: Member, by: Identity | None) -> SignedMember:
    """The record, signed; by None: with bytes that are no signature."""
    payload = member_payload(member)
    return SignedMember(member, payload, bytes(64) if by is None else by.sign(SIGNING_CONTEXT + payload))


def newcomer(stage: Scene, introduced_by: NodeId) -> Member:
    vault = stage.attacker.vault
    return Member(vault, STRANGER, "Eve", "eve", ("192.0.2.1:9",), "member", 0, 2**50, introduced_by)


async def test_a_membership_record_with_a_forged_signature(stage: Scene) -> None:
    record = signed(newcomer(stage, stage.victim.node_id), by=None)
    await stage.attacker.say(Members(stage.attacker.vault, (record,)))
    await stage.refuses(CloseCode.BAD_FIELD)
    assert stage.victim.peers.get_peer(STRANGER) is None


async def test_a_membership_record_signed_by_somebody_else_than_it_names(stage: Scene) -> None:
    record = signed(newcomer(stage, stage.victim.node_id), by=stage.attacker.endpoint._identity)
    await stage.attacker.say(Members(stage.attacker.vault, (record,)))
    await stage.refuses(CloseCode.BAD_FIELD)
    assert stage.victim.peers.get_peer(STRANGER) is None


async def test_a_stranger_that_a_stranger_vouches_for(stage: Scene) -> None:
    """The signature holds, but whoever signed is nobody here."""
    other = Identity.generate()
    record = signed(newcomer(stage, other.node_id), by=other)
    await stage.attacker.say(Members(stage.attacker.vault, (record,)))
    await until(lambda: stage.refused.get("member") == 1)
    assert stage.victim.peers.get_peer(STRANGER) is None
    await stage.is_well()


async def test_a_member_that_gives_itself_another_place(stage: Scene) -> None:
    """Its own record, by its own hand, as the vault's founder."""
    m = stage.attacker
    own = Member(m.vault, m.node, "Mallory", "mallory", (), "member", 7, 2**50, m.node)
    await m.say(Members(m.vault, (signed(own, m.endpoint._identity),)))
    await until(lambda: stage.refused.get("member") == 1)
    await stage.is_well()


async def test_an_observer_that_writes(stage: Scene) -> None:
    """Its changes are not taken, which is told; what it may read, it gets."""
    observer = Attacker(await listen(Identity.generate(), host="127.0.0.1", port=0))
    try:
        _, ticket = await stage.victim.make_ticket(stage.service, role="observer", life_s=600, reusable=False)
        await observer.pair(stage.victim, ticket)
        before = (stage.root / "shared.md").read_text()
        await observer.offer(observer.record("planted.md"), contents=(b"from Mallory\n",))
        await observer.offer(replace(observer.record("shared.md", b"overwritten\n")), contents=(b"overwritten\n",))
        await observer.say(Want(observer.vault, (hash_bytes(before.encode()),)))
        await until(lambda: any(isinstance(said, Contents) and said.contents for said in observer.heard))
        await stage.is_well()
        assert not (stage.root / "planted.md").exists()
        assert (stage.root / "shared.md").read_text() == before
        kinds = [type(event).__name__ for _, event in stage.victim.bus.kept()]
        assert "ChangesRefused" in kinds
    finally:
        await observer.leave()


async def test_contents_of_a_vault_that_it_is_not_in(stage: Scene) -> None:
    """A second vault of the victim's: neither its id nor a content's hash opens it."""
    private = stage.base / "victim notes" / ".." / "victim" / "private"
    private.mkdir()
    (private / "diary.md").write_text("nobody else's\n")
    service = await stage.victim.add_vault(private)
    await until(lambda: service.state == "ready")
    m = stage.attacker
    secret = hash_bytes(b"nobody else's\n")
    await m.say(Want(m.vault, (secret,)))
    await until(lambda: any(isinstance(said, Contents) and secret in said.missing for said in m.heard))
    assert not any(said.contents for said in m.heard if isinstance(said, Contents))
    await m.say(Want(service.vault, (secret,)))
    await stage.refuses(CloseCode.NOT_SHARED)
    assert not any(said.contents for said in m.heard if isinstance(said, Contents))


async def test_a_stream_that_is_opened_and_never_used(stage: Scene) -> None:
    """QUIC shows a stream only with its first frame: one that ends without a byte names no kind."""
    stream = await stage.attacker.connection.open_send_stream()
    await stream.finish()
    found, _ = await stage.attacker.closed()
    assert found is not CloseCode.INTERNAL
    await until(lambda: bool(stage.reason))
    await stage.is_well()


async def test_tiny_records_without_end(stage: Scene) -> None:
    """Tombstones of what never was: they are the smallest records. 30,000 of them hold up nobody."""
    m = stage.attacker
    for start in range(0, 30_000, 1_000):
        names = (f"{n:x}" for n in range(start, start + 1_000))
        await m.offer(*[m.record(name, deleted=True, hash=b"", size=0) for name in names])
    await stage.is_well()
    assert not (stage.root / "1").exists()


async def test_a_link_that_is_swapped_in_while_a_file_arrives(stage: Scene) -> None:
    """Somebody replaces the folder by a link at every moment that the loop gives: nothing lands behind it."""
    outside = stage.base / "victim" / "target"
    outside.mkdir()
    folder, m = stage.root / "swap", stage.attacker
    stop = asyncio.Event()

    async def swap() -> None:
        while not stop.is_set():
            try:
                if folder.is_symlink():
                    folder.unlink()
                    folder.mkdir()
                else:
                    folder.rename(stage.root / f"old {id(stop)} {asyncio.get_running_loop().time()}")
                    folder.symlink_to(outside)
            except OSError:
                folder.mkdir(exist_ok=True)
            await asyncio.sleep(0)

    swapping = asyncio.create_task(swap())
    try:
        for number in range(60):
            content = b"%d\n" % number
            await m.offer(m.record(f"swap/{number}.md", content), contents=(content,))
            await asyncio.sleep(0.005)
    finally:
        stop.set()
        await swapping
    await stage.is_well()
    assert list(outside.iterdir()) == []
