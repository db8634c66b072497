"""The marker, the lock, and a folder that may go away."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vaultsync.errors import ConfigError, DiskFullError, VaultError, VaultLockedError, VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.vault import marker
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.lock import VaultLock

VAULT = VaultId(b"v" * 16)


def test_a_created_vault_can_be_opened(tmp_path: Path) -> None:
    created = VaultFolder.create(str(tmp_path / "new/notes"), VAULT, "Nötes")
    opened = VaultFolder.open(str(tmp_path / "new/notes"))
    assert opened == created
    assert (opened.vault, opened.name) == (VAULT, "Nötes")
    opened.check()
    assert os.listdir(tmp_path / "new/notes/.vaultsync") == ["vault.json"]


def test_a_folder_with_notes_becomes_a_vault_and_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("text")
    VaultFolder.create(str(tmp_path), VAULT, "n")
    assert (tmp_path / "note.md").read_text() == "text"


def test_a_vault_is_not_made_twice(tmp_path: Path) -> None:
    VaultFolder.create(str(tmp_path), VAULT, "n")
    with pytest.raises(VaultError):
        VaultFolder.create(str(tmp_path), VaultId(b"w" * 16), "n")
    assert VaultFolder.open(str(tmp_path)).vault == VAULT


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EROFS, VaultError), (errno.EACCES, VaultError), (errno.ENOSPC, DiskFullError)]
)
def test_a_folder_that_cannot_be_written_to_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[VaultError]
) -> None:
    """Such as a CD, or somebody else's folder: no defect of vaultsync."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(kind, match=re.escape(str(tmp_path))):
        VaultFolder.create(str(tmp_path), VAULT, "n")


def test_a_marker_behind_a_link_is_none(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault/.vaultsync").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(VaultError):
        marker.create(str(tmp_path / "vault"), VAULT, "n")
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("damage", ["root", "marker", "marker folder"])
def test_what_is_missing_is_offline(tmp_path: Path, damage: str) -> None:
    root = tmp_path / "v"
    folder = VaultFolder.create(str(root), VAULT, "n")
    if damage == "root":
        shutil.rmtree(root)
    elif damage == "marker":
        (root / ".vaultsync/vault.json").unlink()
    else:
        shutil.rmtree(root / ".vaultsync")
    with pytest.raises(VaultOfflineError):
        folder.check()
    with pytest.raises(VaultOfflineError):
        VaultFolder.open(str(root))


def test_another_disk_or_vault_in_its_place_is_offline(tmp_path: Path) -> None:
    folder = VaultFolder.create(str(tmp_path), VAULT, "n")
    with pytest.raises(VaultOfflineError, match="disk"):
        replace(folder, device=folder.device + 1).check()
    with pytest.raises(VaultOfflineError, match="another vault"):
        replace(folder, vault=VaultId(b"w" * 16)).check()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"format": 1, "id": "x", "name": "n"}', '{"format": 1, "name": "n"}', '{"format": 2}'],
)
def test_a_damaged_marker_says_so(tmp_path: Path, text: str) -> None:
    VaultFolder.create(str(tmp_path), VAULT, "n")
    (tmp_path / ".vaultsync/vault.json").write_text(text)
    with pytest.raises(ConfigError, match=r"vault\.json"):
        VaultFolder.open(str(tmp_path))


def test_the_lock_says_who_holds_it(tmp_path: Path) -> None:
    VaultFolder.create(str(tmp_path), VAULT, "n")
    with VaultLock(str(tmp_path)) as lock:
        lock.acquire("vaultsync run")
        lock.acquire("vaultsync run")
        with pytest.raises(VaultLockedError) as caught:
            VaultLock(str(tmp_path)).acquire("vaultsync demo")
        assert f"process {os.getpid()} (vaultsync run) on " in caught.value.message
        assert " since " in caught.value.message
    with VaultLock(str(tmp_path)) as lock:
        lock.acquire("vaultsync demo")
        holder = json.loads((tmp_path / ".vaultsync/lock").read_text())
        assert holder["command"] == "vaultsync demo"


def test_a_lock_that_says_nothing_sensible_is_still_a_lock(tmp_path: Path) -> None:
    VaultFolder.create(str(tmp_path), VAULT, "n")
    with VaultLock(str(tmp_path)) as lock:
        lock.acquire("x")
        (tmp_path / ".vaultsync/lock").write_text("garbage")
        with pytest.raises(VaultLockedError, match="another process"):
            VaultLock(str(tmp_path)).acquire("y")


def test_the_lock_ends_with_its_process(tmp_path: Path) -> None:
    VaultFolder.create(str(tmp_path), VAULT, "n")
    program = (
        "import os, sys; from vaultsync.vault.lock import VaultLock; "
        "VaultLock(sys.argv[1]).acquire('crashing'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 9
    with VaultLock(str(tmp_path)) as lock:
        lock.acquire("next")


@pytest.mark.parametrize(
    "text", ["[" * 5_000, '{"format": 1, "id": 5, "name": "n"}', '{"format": 1, "id": "a", "name": ["n"]}', "null"]
)
def test_a_marker_that_says_nothing_sensible_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / ".vaultsync").mkdir()
    (tmp_path / ".vaultsync" / "vault.json").write_text(text)
    with pytest.raises(ConfigError, match=r"vault\.json is damaged"):
        marker.read(str(tmp_path))
