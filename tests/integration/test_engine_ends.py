"""An engine or a vault that ends at a bad moment: nobody waits for it for ever, and it does not begin again."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from tests.support.nodes import running_node, until
from vaultsync.daemon import vaults
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.replica.state import Effects
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import VaultError


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "FAILED_RETRY_S", 0.05)


async def ready(node: Node, root: Path) -> tuple[VaultService, Engine]:
    root.mkdir()
    service = await node.add_vault(root)
    await until(lambda: service.state == "ready")
    assert service.engine is not None
    return service, service.engine


def block(engine: Engine, go_on: threading.Event) -> asyncio.Task[bool]:
    """Keep the engine's thread busy with a step."""
    return asyncio.create_task(engine.read(lambda _: go_on.wait(30)))


async def test_who_asked_for_a_step_hears_of_a_fault_in_what_follows_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unheard, a conversation would stand for ever in its first step, and every later one would wait for it."""

    def stumble(_effects: Effects) -> None:
        raise ZeroDivisionError

    async with running_node(tmp_path, "A") as node:
        service, engine = await ready(node, tmp_path / "a")
        with monkeypatch.context() as patched:
            patched.setattr(engine._steps, "_carry_out", stumble)
            with pytest.raises(VaultError, match="has stopped"):
                async with asyncio.timeout(30):
                    await engine.act(lambda _replica, _now_ms: Effects())
        await until(lambda: service.state == "ready" and service.engine is not engine)


async def test_who_waits_for_room_in_a_full_queue_hears_that_the_engine_has_ended(tmp_path: Path) -> None:
    go_on = threading.Event()
    async with running_node(tmp_path, "A") as node:
        _, engine = await ready(node, tmp_path / "a")
        busy = block(engine, go_on)
        asked = [asyncio.create_task(engine.read(lambda _: None)) for _ in range(1_100)]
        await until(engine._steps._jobs.full)
        node.stopping.set()
        await until(lambda: engine._steps.ended is not None)
        go_on.set()
        async with asyncio.timeout(30):
            answers = await asyncio.gather(busy, *asked, return_exceptions=True)
        assert all(isinstance(answer, VaultError) for answer in answers)


async def test_a_vault_that_fails_while_it_is_stopped_is_not_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states: list[str] = []
    set_state = VaultService._set_state

    async def fail_when_cancelled(_engine: Engine) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise VaultError("The disk is gone.")

    def note(service: VaultService, state: str, reason: str = "") -> None:
        states.append(state)
        set_state(service, state, reason)

    monkeypatch.setattr(Engine, "_tick", fail_when_cancelled)
    monkeypatch.setattr(VaultService, "_set_state", note)
    async with asyncio.timeout(30), running_node(tmp_path, "A") as node:
        await ready(node, tmp_path / "a")
    assert states == ["failed", "stopped"]
