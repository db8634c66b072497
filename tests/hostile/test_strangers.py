"""Nodes that nobody let in: they learn nothing, change nothing, and keep nobody from talking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.hostile.attacker import HELLO, Attacker, Scene, scene
from vaultsync.errors import CloseCode
from vaultsync.model.ids import VaultId
from vaultsync.protocol.framing import frame
from vaultsync.protocol.messages import Ack, Digest, Join, Want, Welcome
from vaultsync.tickets import cbor
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic.endpoint import listen


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


@asynccontextmanager
async def stranger() -> AsyncIterator[Attacker]:
    made = Attacker(await listen(Identity.generate(), host="127.0.0.1", port=0))
    try:
        yield made
    finally:
        await made.leave()


Say = Callable[[Attacker, VaultId], Awaitable[None]]

FIRST_WORDS: dict[str, tuple[CloseCode, Say]] = {
    "a Hello": (CloseCode.REFUSED, lambda s, _: s.say(HELLO)),
    "a guessed ticket": (CloseCode.REFUSED, lambda s, v: s.say(Join(v, bytes(16), "S", "s"))),
    "a ticket for a vault that is not here": (
        CloseCode.REFUSED,
        lambda s, _: s.say(Join(VaultId(b"n" * 16), bytes(16), "S", "s")),
    ),
    "a question for contents": (CloseCode.REFUSED, lambda s, v: s.say(Want(v, (bytes(32),)))),
    "a digest": (CloseCode.REFUSED, lambda s, v: s.say(Digest(v, 0, 0, bytes(32)))),
    "an acknowledgement": (CloseCode.REFUSED, lambda s, v: s.say(Ack(v, 1))),
    "a welcome": (CloseCode.REFUSED, lambda s, v: s.say(Welcome(v, "v", "S", "s", "member"))),
    "noise": (CloseCode.MALFORMED, lambda s, _: s.say_bytes(frame(b"\xff" * 100))),
    "a frame of 4 GiB": (CloseCode.TOO_LARGE, lambda s, _: s.say_bytes(b"\xff" * 8)),
    "an unknown message": (CloseCode.UNKNOWN_MESSAGE, lambda s, _: s.say_bytes(frame(cbor.dumps({0: 99})))),
}


@pytest.mark.parametrize(("code", "say"), FIRST_WORDS.values(), ids=FIRST_WORDS.keys())
async def test_what_a_stranger_says_first(stage: Scene, code: CloseCode, say: Say) -> None:
    known = len(stage.victim.peers.get_peers())
    async with stranger() as somebody:
        await somebody.dial(stage.victim)
        await say(somebody, stage.attacker.vault)
        found, reason = await somebody.closed()
        assert found is code
        assert stage.victim.peers.refusals.of(None) == {code.name.lower(): 1}
        assert somebody.heard == []
        assert "notes" not in reason
    assert len(stage.victim.peers.get_peers()) == known
    await stage.is_well()


async def test_guessing_tickets(stage: Scene) -> None:
    """A hundred guesses open nothing, and the ticket that is meant for somebody stays good."""
    text, _ = await stage.victim.make_ticket(stage.service, role="member", life_s=600, reusable=False)
    assert text
    async with stranger() as somebody:
        for guess in range(100):
            await somebody.dial(stage.victim)
            await somebody.say(Join(stage.attacker.vault, guess.to_bytes(16, "big"), "S", "s"))
            assert (await somebody.closed())[0] is CloseCode.REFUSED
        assert somebody.heard == []
    assert stage.victim.peers.refusals.of(None) == {"refused": 100}
    await stage.is_well()


async def test_many_who_say_nothing(stage: Scene) -> None:
    """Sixty connections that never say a word leave room for those who belong here."""
    async with stranger() as somebody:
        for _ in range(60):
            await somebody.dial(stage.victim)
        await stage.is_well()
        await stage.attacker.connection.close()
        await stage.is_well()
