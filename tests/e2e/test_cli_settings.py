"""The verbs about settings, programs, and the node itself, typed at a real node and without one."""

from __future__ import annotations

import json
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.processes import Device, devices

pytestmark = pytest.mark.e2e


async def typed(device: Device, *arguments: str, code: int = 0) -> str:
    """What a command prints; errors and all if it is to fail."""
    ended, output, errors = await device.command(*arguments)
    assert ended == code, output + errors
    return output if code == 0 else output + errors


async def as_json(device: Device, *arguments: str, code: int = 0) -> object:
    ended, output, errors = await device.command(*arguments, "--json")
    assert ended == code, output + errors
    return json.loads(output)


@pytest.fixture
async def laptop(tmp_path: Path) -> AsyncIterator[Device]:
    async with devices(tmp_path, "laptop") as (device,):
        yield device


async def test_settings_of_a_device_are_changed_with_and_without_a_node(laptop: Device) -> None:
    assert await typed(laptop, "config", "get", "name") == "laptop\n"
    assert await as_json(laptop, "config", "set", "upload_limit_kb_s", "500") == {
        "upload_limit_kb_s": 500,
        "restart_needed": False,
    }
    await laptop.start()
    assert await typed(laptop, "config", "get", "upload_limit_kb_s") == "500\n"
    assert "next" in await typed(laptop, "config", "set", "listen_port", "4711")
    assert "no limit" in await typed(laptop, "config", "set", "upload_limit_kb_s", "0")
    stored = tomllib.loads(laptop.places.config_file.read_text())
    assert (stored["listen_port"], stored["upload_limit_kb_s"], stored["mdns"]) == (4711, 0, False)
    for wrong in (("mdns", "perhaps"), ("listen_port", "a"), ("surprise", "1"), ("max_bytes", "much")):
        await typed(laptop, "config", "set", *wrong, code=2)
    before = laptop.places.config_file.read_bytes()
    for key, value in (("listen_port", "70000"), ("listen_host", "1.2.3.4.5"), ("name", " ")):
        said = await typed(laptop, "config", "set", key, value, code=1)
        assert "Nothing was changed" in said
        assert f"`{key}` must" in said
    assert laptop.places.config_file.read_bytes() == before


async def test_settings_of_a_vault_are_changed(laptop: Device) -> None:
    here = ("--in", str(laptop.vault))
    await laptop.start()
    assert await typed(laptop, "config", "get", "clashes", *here) == "merge\n"
    await typed(laptop, "config", *here, "set", "clashes", "copy")
    assert await typed(laptop, "config", *here, "get", "clashes") == "copy\n"
    await typed(laptop, "config", "set", "sync", "off", *here)
    assert "3.0 GB" in await typed(laptop, "config", "set", "max_bytes", "3 GB", *here)
    found = await as_json(laptop, "config", *here)
    assert isinstance(found, dict)
    assert (found["vault"]["clashes"], found["vault"]["sync"], found["vault"]["max_bytes"]) == (
        "copy",
        False,
        3 * 10**9,
    )
    assert found["device"]["name"] == "laptop"
    assert "switched off" in await typed(laptop, "status")
    shown = await typed(laptop, "config", *here)
    assert "keep_all_days" in shown
    await laptop.stop()
    await typed(laptop, "config", "get", "clashes", *here, code=3)


async def test_a_program_is_let_in_and_shut_out(laptop: Device) -> None:
    assert "No node" in await typed(laptop, "sessions", code=3)
    await laptop.start()
    assert "No program" in await typed(laptop, "sessions")
    made = await as_json(laptop, "sessions", "new", "Obsidian", "--hours", "1")
    assert isinstance(made, dict)
    assert "Obsidian" in await typed(laptop, "sessions")
    assert made["token"].startswith("vs-session-")
    assert await as_json(laptop, "sessions", "revoke", str(made["id"])) == {"revoked": made["id"]}
    assert await as_json(laptop, "sessions") == []


async def test_a_node_is_told_to_look_and_to_stop(laptop: Device) -> None:
    await typed(laptop, "sync-now", code=3)
    await laptop.start()
    assert await as_json(laptop, "sync-now") == {"vault": None}
    await typed(laptop, "sync-now", str(laptop.vault))
    assert await as_json(laptop, "stop") == {"stopped": laptop.pid}
    assert await laptop.ended() == 0
    await typed(laptop, "stop", code=3)


async def test_the_doctor_looks_with_and_without_a_node(laptop: Device) -> None:
    def by_check(found: object) -> dict[str, str]:
        assert isinstance(found, list)
        assert all(set(each) == {"check", "level", "text", "mend"} for each in found)
        return {each["check"]: each["level"] for each in found}

    await laptop.start()
    assert by_check(await as_json(laptop, "doctor"))["node"] == "fine"
    assert "✓" in await typed(laptop, "doctor")
    assert await laptop.stop() == 0
    (laptop.vault / ".vaultsync" / "vault.json").unlink()
    assert by_check(await as_json(laptop, "doctor", code=1))["folder"] == "problem"
    assert "1 problem" in await typed(laptop, "doctor", code=1)
