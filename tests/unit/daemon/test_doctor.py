"""The doctor finds what was broken on purpose, says how to mend it, and changes nothing."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.doctor import device, network, vaults
from vaultsync.daemon.doctor.finding import Finding, Level
from vaultsync.model.ids import VaultId
from vaultsync.store.node_store import NodeStore
from vaultsync.store.vault_store import VaultStore
from vaultsync.store.vaults import VaultRecord
from vaultsync.transport.identity import Identity
from vaultsync.transport.keychange import prepare_rotation
from vaultsync.transport.keystore import load_or_create
from vaultsync.vault import marker

VAULT = VaultId(bytes(range(16)))
OFF = {"VAULTSYNC_KEYRING": "off"}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    found = Places(tmp_path / "config", tmp_path / "data")
    for folder in (found.config, found.data):
        folder.mkdir(mode=0o700)
    return found


@pytest.fixture
def root(tmp_path: Path, places: Places) -> Path:
    """A vault that this device has, with an index of one record."""
    folder = tmp_path / "notes"
    marker.create(str(folder), VAULT, "notes")
    store = NodeStore.open(places.node_database)
    store.vaults.add(VaultRecord(VAULT, folder, "notes", 1))
    store.close()
    VaultStore.open(places.vault_database(str(VAULT)), new_index_id=bytes(16)).close()
    return folder


def bad(found: Iterable[Finding]) -> dict[str, Level]:
    """What was not fine; all of it says how to mend it."""
    wrong = [each for each in found if each.level is not Level.FINE]
    assert all(each.mend for each in wrong), wrong
    return {each.check: each.level for each in wrong}


def run_sql(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def test_nothing_is_wrong_with_a_new_device(places: Places) -> None:
    assert bad(device.check_device(places, OFF)) == {}
    assert not list(places.config.iterdir()), "looking makes no key"


def test_nothing_is_wrong_with_a_good_vault(places: Places, root: Path) -> None:
    load_or_create(places.config, environ=OFF, use_keyring=False)
    assert bad(device.check_device(places, OFF)) == {}
    assert bad(vaults.check_vaults(places, node_runs=False)) == {}


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_key_that_others_can_read(places: Places) -> None:
    load_or_create(places.config, environ=OFF, use_keyring=False)
    (places.config / "identity.key").chmod(0o644)
    assert bad(device.check_device(places, OFF)) == {"identity": Level.PROBLEM}
    places.data.chmod(0o755)
    assert bad(device.check_device(places, OFF)) == {"identity": Level.PROBLEM, "permissions": Level.WARNING}


def test_a_key_that_is_none(places: Places) -> None:
    environ = {"VAULTSYNC_IDENTITY": "nonsense"}
    assert bad([device.check_identity(places.config, environ)]) == {"identity": Level.PROBLEM}
    assert Identity.generate().node_id.short not in environ["VAULTSYNC_IDENTITY"]


def test_a_key_that_waits(places: Places) -> None:
    prepare_rotation(places.config)
    assert bad(device.check_next_key(places.config)) == {"identity": Level.WARNING}


def test_a_mistake_in_the_settings(places: Places) -> None:
    places.config_file.write_text("mdns = 3\n")
    assert bad([device.check_config(places.config_file)]) == {"config": Level.PROBLEM}


@pytest.mark.parametrize(("free", "level"), [(10**7, Level.PROBLEM), (5 * 10**8, Level.WARNING)])
def test_a_full_disk(places: Places, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert bad(device.check_space(places.data / "not" / "there", "x")) == {"disk": level}


def test_a_damaged_database(places: Places, root: Path) -> None:
    index = places.vault_database(str(VAULT))
    size = index.stat().st_size
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    found = bad(vaults.check_vaults(places, node_runs=False))
    assert found == {"index": Level.PROBLEM}
    places.node_database.write_bytes(b"no database" * 1000)
    assert bad([device.check_database(places.node_database)]) == {"database": Level.PROBLEM}
    assert bad(vaults.check_vaults(places, node_runs=False)) == {"vaults": Level.PROBLEM}


def test_a_newer_database(places: Places, root: Path) -> None:
    run_sql(places.vault_database(str(VAULT)), "PRAGMA user_version = 999")
    run_sql(places.node_database, "PRAGMA user_version = 999")
    assert bad(vaults.check_vaults(places, node_runs=False)) == {"index": Level.PROBLEM}
    assert bad([device.check_database(places.node_database)]) == {"database": Level.PROBLEM}


def test_a_wrong_digest(places: Places, root: Path) -> None:
    run_sql(places.vault_database(str(VAULT)), "UPDATE totals SET digest = ?", bytes([7]) * 32)
    assert bad(vaults.check_vaults(places, node_runs=False)) == {"index": Level.PROBLEM}


def test_a_folder_that_is_gone_or_another(places: Places, root: Path) -> None:
    (root / ".vaultsync" / "vault.json").unlink()
    assert bad(vaults.check_vaults(places, node_runs=False)) == {"folder": Level.PROBLEM}
    marker.create(str(root), VaultId(bytes(16)), "other")
    assert bad(vaults.check_vaults(places, node_runs=False)) == {"folder": Level.PROBLEM}


@pytest.mark.parametrize("name", [".stfolder", ".git", ".dropbox"])
def test_another_tool_in_the_folder(root: Path, name: str) -> None:
    (root / name).mkdir()
    assert bad(vaults.check_others(root, "notes")) == {"other-tools": Level.WARNING}


@pytest.mark.parametrize("above", ["OneDrive", "OneDrive - Example Ltd", "Mobile Documents", "Dropbox"])
def test_another_tool_above_the_folder(tmp_path: Path, above: str) -> None:
    assert bad(vaults.check_others(tmp_path / above / "notes", "notes")) == {"other-tools": Level.WARNING}


def test_the_editors_own_sync(root: Path) -> None:
    (root / ".obsidian").mkdir()
    (root / ".obsidian" / "core-plugins.json").write_text('{"sync": true}')
    assert bad(vaults.check_others(root, "notes")) == {}, "it is on by default, and does nothing without an account"
    (root / ".obsidian" / "sync.json").write_text("{}")
    assert bad(vaults.check_others(root, "notes")) == {"other-tools": Level.WARNING}
    (root / ".obsidian" / "core-plugins.json").write_text("[")
    assert bad(vaults.check_others(root, "notes")) == {}


def test_what_broken_off_runs_have_left(root: Path) -> None:
    left = root / ".vaultsync" / "tmp" / "x"
    left.parent.mkdir(exist_ok=True)
    left.write_text("x")
    assert bad(vaults.check_leftovers(root, "notes", node_runs=False)) == {}
    os.utime(left, (0, time.time() - 2 * vaults.OLD_S))
    assert bad(vaults.check_leftovers(root, "notes", node_runs=True)) == {"leftovers": Level.WARNING}
    assert left.exists()


def test_edits_from_the_future(places: Places, root: Path) -> None:
    index = places.vault_database(str(VAULT))
    run_sql(index, "INSERT INTO devices (id, node, name) VALUES (9, x'00', 'Phone')")
    run_sql(
        index,
        "INSERT INTO records (sequence, path, fold_key, kind, hash, size, mtime_ns, executable, version, deleted, "
        "device, modified_at, state, reason) VALUES (1, 'a.md', 0, 'file', ?, 0, 0, 0, x'', 1, 9, ?, 'present', '')",
        bytes(32),
        2_000_000,
    )
    assert bad(vaults.check_clocks(index, "notes", 1_000_000)) == {"clock": Level.WARNING}
    assert bad(vaults.check_clocks(index, "notes", 1_999_999)) == {}


def test_too_few_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(vaults, "WATCHES", tmp_path / "watches")
    (tmp_path / "watches").write_text("100\n")
    assert bad(vaults.check_watches(10)) == {}
    assert bad(vaults.check_watches(60)) == {"watches": Level.WARNING}
    assert bad(vaults.check_watches(101)) == {"watches": Level.PROBLEM}


def test_a_port_that_is_taken() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        assert bad([network.check_port("127.0.0.1", taken.getsockname()[1])]) == {"port": Level.PROBLEM}
    assert bad([network.check_port("127.0.0.1", 0)]) == {}
    assert bad([network.check_port("203.0.113.7", 0)]) == {"port": Level.PROBLEM}


def test_an_address_that_nobody_reaches() -> None:
    assert bad([network.check_addresses("127.0.0.1")]) == {"address": Level.WARNING}
    assert bad([network.check_addresses("192.0.2.7")]) == {}


def test_a_firewall_that_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(network, "UFW", tmp_path / "ufw.conf")
    monkeypatch.setattr(network, "FIREWALLD", tmp_path / "firewalld")
    assert bad(network.check_firewall(4711)) == {}
    (tmp_path / "ufw.conf").write_text("# on\nENABLED=yes\n")
    (found,) = network.check_firewall(4711)
    assert found.mend == "sudo ufw allow 4711/udp"
    (tmp_path / "ufw.conf").write_text("ENABLED=no\n")
    (tmp_path / "firewalld").mkdir()
    (found,) = network.check_firewall(0)
    assert "listen_port" in found.text


def test_nearby_switched_off(places: Places) -> None:
    found = network.check_network(places, Config("x", listen_host="127.0.0.1", mdns=False), node_runs=True)
    assert bad(found) == {"address": Level.WARNING, "nearby": Level.WARNING}
