"""Settings, keys, tokens, markers, kept contents: whole after a loss of power, and there if they were acknowledged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash import storekills
from tests.crash.journal import replay
from vaultsync.daemon.config import Places
from vaultsync.daemon.configfile import write_text
from vaultsync.daemon.descriptor import load_or_create_token
from vaultsync.errors import VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.store import contents
from vaultsync.store.vault_store import VaultStore
from vaultsync.transport.keychange import finish_rotation, next_identity, prepare_rotation
from vaultsync.transport.keystore import load_or_create
from vaultsync.vault import marker

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="asks /proc what is synced")

ENVIRON = {"VAULTSYNC_KEYRING": "off"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "home"
    made.mkdir()
    return made


def test_settings(root: Path, tmp_path: Path) -> None:
    (root / "config.toml").write_text('name = "Old"\n')

    def check(place: Path, acknowledged: bool) -> None:
        found = (place / "config.toml").read_text()
        assert found == 'name = "New"\n' if acknowledged else found in ('name = "Old"\n', 'name = "New"\n')

    assert replay(root, tmp_path / "found", lambda at: write_text(at / "config.toml", 'name = "New"\n'), check) > 3


def test_a_new_key(root: Path, tmp_path: Path) -> None:
    made: list[object] = []

    def deed(at: Path) -> None:
        made.append(load_or_create(at, environ=ENVIRON).node_id)

    def check(place: Path, acknowledged: bool) -> None:
        found = load_or_create(place, environ=ENVIRON).node_id
        assert not acknowledged or [found] == made

    assert replay(root, tmp_path / "found", deed, check) > 3


def test_a_new_key_in_the_old_ones_place(root: Path, tmp_path: Path) -> None:
    old = load_or_create(root, environ=ENVIRON).node_id
    new = prepare_rotation(root)

    def deed(at: Path) -> None:
        successor = next_identity(at)
        assert successor is not None
        finish_rotation(at, successor, environ=ENVIRON)

    def check(place: Path, acknowledged: bool) -> None:
        # As a start does it.
        found, waiting = load_or_create(place, environ=ENVIRON).node_id, next_identity(place)
        assert found == new if acknowledged else found in (old, new)
        assert found == new or (waiting is not None and waiting.node_id == new)
        if waiting is not None:
            finish_rotation(place, waiting, environ=ENVIRON)
        assert load_or_create(place, environ=ENVIRON).node_id == new
        assert next_identity(place) is None

    assert replay(root, tmp_path / "found", deed, check) > 5


def test_the_token_of_the_api(root: Path, tmp_path: Path) -> None:
    def deed(at: Path) -> None:
        load_or_create_token(Places(at, at), make=lambda: "a" * 43)

    def check(place: Path, acknowledged: bool) -> None:
        found = load_or_create_token(Places(place, place), make=lambda: "b" * 43)
        assert found == "a" * 43 if acknowledged else found in ("a" * 43, "b" * 43)

    assert replay(root, tmp_path / "found", deed, check) > 3


def test_a_new_vault(root: Path, tmp_path: Path) -> None:
    vault = VaultId(b"v" * 16)

    def check(place: Path, acknowledged: bool) -> None:
        try:
            assert marker.read(str(place)).vault == vault
        except VaultOfflineError:
            assert not acknowledged
            marker.create(str(place), vault, "Notes")
            assert marker.read(str(place)).vault == vault

    assert replay(root, tmp_path / "found", lambda at: marker.create(str(at), vault, "Notes"), check) > 5


@pytest.fixture
def _contents_in_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "INLINE_LIMIT", storekills.INLINE_LIMIT)


@pytest.mark.usefixtures("_contents_in_files")
@pytest.mark.parametrize("deed", [storekills.prune, storekills.upgrade], ids=["pruned", "upgraded"])
def test_history_and_databases(root: Path, tmp_path: Path, deed: storekills.Deed) -> None:
    """Pruned or upgraded to the end at the next start: the same versions, and no file left over."""
    storekills.make(root / "vault.db")
    if deed is storekills.upgrade:
        storekills.make_old(root / "vault.db")
    wanted: list[object] = []

    def do(at: Path) -> VaultStore:
        store = deed(at / "vault.db")
        wanted[:] = [storekills.told(store), storekills.files_beside(at / "vault.db")]
        return store

    opened: list[VaultStore] = []

    def check(place: Path, _acknowledged: bool) -> None:
        storekills.upgrade(place / "vault.db").close()
        store = deed(place / "vault.db")
        assert storekills.told(store) == wanted[0]
        store.close()
        assert storekills.files_beside(place / "vault.db") == wanted[1]

    assert replay(root, tmp_path / "found", lambda at: opened.append(do(at)), check) >= 1
    opened[0].close()


@pytest.mark.usefixtures("_contents_in_files")
def test_kept_contents(root: Path, tmp_path: Path) -> None:
    """What an index says is kept can be read, from the first file on."""

    def check(place: Path, _acknowledged: bool) -> None:
        store = storekills.upgrade(place / "vault.db")
        storekills.told(store)
        store.close()

    assert replay(root, tmp_path / "found", lambda at: storekills.make(at / "vault.db"), check) > 20
