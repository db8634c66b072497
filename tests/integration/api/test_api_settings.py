"""What a person may set, over the API of real nodes: stored, gone by, and refused where it makes no sense."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.nodes import running_node, until
from vaultsync.client.client import NodeClient
from vaultsync.daemon.service import Node
from vaultsync.errors import ConfigError, IdentityError, VaultsyncError
from vaultsync.server.serve import serve_api
from vaultsync.transport.identity import Identity
from vaultsync.transport.keychange import export_text


@asynccontextmanager
async def served(base: Path, name: str) -> AsyncIterator[tuple[Node, NodeClient]]:
    async with running_node(base, name) as node, serve_api(node) as descriptor, NodeClient(descriptor) as client:
        yield node, client


def note(folder: Path, name: str, text: str = "x\n") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)


async def test_a_vault_whose_sync_is_off_records_and_sends_when_it_is_on_again(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (anna, at_anna), served(tmp_path, "Bert") as (_, at_bert):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        await at_bert.join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        await until(lambda: (tmp_path / "b" / "one.md").exists())

        assert not (await at_anna.change_vault_options(vault, {"sync": False})).sync
        await until(lambda: all(not peer.link.shared for peer in anna.peers.get_peers() if peer.link is not None))
        note(tmp_path / "a", "two.md")
        note(tmp_path / "b", "three.md")
        (service,) = anna.vaults.values()
        engine = service.engine
        assert engine is not None
        await until(lambda: any(peer.link is not None and peer.link.theirs for peer in anna.peers.get_peers()))
        await until(lambda: engine.replica.state.store.index.get("two.md") is not None)
        status = await at_anna.status()
        assert not status.vaults[0].sync
        assert not (tmp_path / "b" / "two.md").exists()
        assert not (tmp_path / "a" / "three.md").exists()
        (there,) = (await at_bert.status()).peers
        assert not there.vaults[0].exchanged
        assert there.state != "syncing"

        await at_anna.change_vault_options(vault, {"sync": True})
        await until(lambda: (tmp_path / "b" / "two.md").exists() and (tmp_path / "a" / "three.md").exists())


async def test_a_vault_whose_sync_is_off_stays_so_over_a_restart(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (_, at_anna):
        await at_anna.change_vault_options((await at_anna.add_vault(tmp_path / "a")).id, {"sync": False})
    async with served(tmp_path, "Anna") as (anna, at_anna):
        await until(lambda: all(service.engine is not None for service in anna.vaults.values()))
        assert not (await at_anna.status()).vaults[0].sync
        assert not anna._engines


async def test_limits_hold_at_once(tmp_path: Path) -> None:
    settings = tmp_path / "Anna" / "config" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('name = "Anna"\nlisten_host = "127.0.0.1"\nmdns = false\n')
    async with served(tmp_path, "Anna") as (anna, at_anna):
        config = await at_anna.change_config({"upload_limit_kb_s": 500, "download_limit_kb_s": 700})
        assert (config.upload_limit_kb_s, config.download_limit_kb_s, config.restart_needed) == (500, 700, False)
        sending = anna._limits.sending
        assert sending.limited
        for wrong in (-1, 1.5, True, "5", 10**9):
            with pytest.raises(ConfigError, match="download_limit_kb_s"):
                await at_anna.change_config({"download_limit_kb_s": wrong})
        assert (await at_anna.config()).download_limit_kb_s == 700
        await at_anna.change_config({"upload_limit_kb_s": 0})
        assert (sending.limited, anna._limits.receiving.limited) == (False, True)


async def test_under_a_limit_everything_still_arrives(tmp_path: Path) -> None:
    note(tmp_path / "a", "big.md", "".join(f"{number}\n" for number in range(60_000)))
    async with served(tmp_path, "Anna") as (_, at_anna), served(tmp_path, "Bert") as (_, at_bert):
        await at_anna.change_config({"upload_limit_kb_s": 2_000})
        await at_bert.change_config({"download_limit_kb_s": 2_000})
        await at_anna.add_vault(tmp_path / "a")
        await at_bert.join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        await until(lambda: (tmp_path / "b" / "big.md").exists())
        assert (tmp_path / "b" / "big.md").read_bytes() == (tmp_path / "a" / "big.md").read_bytes()


async def test_ignore_rules_are_read_written_and_checked(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (anna, at_anna):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        assert (await at_anna.ignore_rules(vault)).text == ""
        rules = await at_anna.change_ignore_rules(vault, "# mine\n*.tmp\n")
        assert (rules.text, rules.problem) == ("# mine\n*.tmp\n", "")
        assert (tmp_path / "a" / ".vaultsyncignore").read_text() == "# mine\n*.tmp\n"
        (service,) = anna.vaults.values()
        assert service.engine is not None
        assert service.engine.replica.state.selection.reason("x.tmp", is_folder=False)
        with pytest.raises(ConfigError):
            await at_anna.change_ignore_rules(vault, "*" * 1_000)
        assert (await at_anna.ignore_rules(vault)).text == "# mine\n*.tmp\n"


async def test_a_key_is_rotated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(tmp_path, "Anna") as (anna, at_anna):
        assert (await at_anna.identity()).next is None
        coming = (await at_anna.rotate_key()).next
        assert coming is not None
        assert (await at_anna.rotate_key()).next == coming
        assert (await at_anna.identity()).id == str(anna.node_id) != coming
        monkeypatch.setenv("VAULTSYNC_IDENTITY", export_text(Identity.generate()))
        with pytest.raises(IdentityError, match="VAULTSYNC_IDENTITY"):
            await at_anna.rotate_key()
    monkeypatch.delenv("VAULTSYNC_IDENTITY")
    async with served(tmp_path, "Anna") as (_, at_anna):
        assert (await at_anna.identity()).id == coming


async def test_a_new_ticket_tells_under_which_number_it_is_revoked(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (_, at_anna):
        await at_anna.add_vault(tmp_path / "a")
        made = [await at_anna.make_ticket(tmp_path / "a") for _ in range(3)]
        await at_anna.revoke_ticket(made[1].id)
        assert [each.id for each in await at_anna.tickets()] == [made[2].id, made[0].id]


async def test_one_folder_or_one_device_is_synced_now(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (anna, at_anna), served(tmp_path, "Bert") as (bert, at_bert):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        await at_bert.join((await at_anna.make_ticket(tmp_path / "a")).ticket, tmp_path / "b")
        await at_bert.disconnect_peer(str(anna.node_id))
        await until(lambda: all(peer.link is None for peer in bert.peers.get_peers()))
        await at_bert.sync_vault_now(vault)
        assert not bert.peers.get_peers()[0].wanted, "what was disconnected by hand stays so"
        await at_bert.sync_peer_now(str(anna.node_id))
        await until(lambda: all(peer.link is not None for peer in bert.peers.get_peers()))


async def test_numbers_that_no_database_holds_are_refused(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (_, at_anna):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        for retention in ({"keep_all_days": 10**20}, {"daily_days": 100_001}, {"max_bytes": 10**19}):
            with pytest.raises(ConfigError, match="from 0 to"):
                await at_anna.change_vault_options(vault, {"retention": retention})
        with pytest.raises(VaultsyncError, match="before"):
            await at_anna._json("GET", f"/vaults/{vault}/log", None, {"before": str(10**20)})
        assert (await at_anna.status()).vaults[0].state in ("scanning", "ready")


async def test_what_is_no_text_is_refused_in_words(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (_, at_anna):
        vault = (await at_anna.add_vault(tmp_path / "a")).id
        for path in ("/config", f"/vaults/{vault}/settings"):
            answer = await at_anna._http.patch(
                path, content=b'{"\\ud800": "\\ud800"}', headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 422
            assert "\ud800" in answer.json()["detail"]


async def test_a_fault_in_a_query_does_not_stop_the_vault(tmp_path: Path) -> None:
    note(tmp_path / "a", "one.md")
    async with served(tmp_path, "Anna") as (anna, at_anna):
        await at_anna.add_vault(tmp_path / "a")
        (service,) = anna.vaults.values()
        engine = service.engine
        assert engine is not None
        await engine.scanned.wait()
        with pytest.raises(ZeroDivisionError):
            await engine.read(lambda _: 1 // 0)
        assert (service.engine, service.state) == (engine, "ready")
        assert await engine.read(lambda replica: replica.state.store.index.counts().files) == 1
