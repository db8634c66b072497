from __future__ import annotations

import os
import stat
from pathlib import Path

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from vaultsync.errors import IdentityError
from vaultsync.model.ids import to_base32
from vaultsync.transport import keystore
from vaultsync.transport.identity import Identity
from vaultsync.transport.keystore import KEY_FILE, KEYCHAIN_NOTE, find_keychain, load_or_create

posix = pytest.mark.skipif(os.name != "posix", reason="permission bits")


class FakeKeychain:
    """Keeps, forgets or fails, as it is told."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.locked = False
        self.forgetful = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise RuntimeError("the collection is locked")
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.forgetful:
            self.entries[service, username] = password


@pytest.fixture
def keychain(monkeypatch: pytest.MonkeyPatch) -> FakeKeychain:
    fake = FakeKeychain()
    monkeypatch.setattr(keystore, "find_keychain", lambda: fake)
    return fake


@pytest.fixture
def no_keychain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "find_keychain", lambda: None)


def test_the_environment_comes_first(tmp_path: Path, keychain: FakeKeychain) -> None:
    stored = load_or_create(tmp_path, environ={})
    given = Identity.generate()
    environ = {"VAULTSYNC_IDENTITY": f" {to_base32(given.export_seed()).upper()}\n"}
    assert load_or_create(tmp_path, environ=environ).node_id == given.node_id
    assert load_or_create(tmp_path, environ={}).node_id == stored.node_id


@pytest.mark.parametrize("text", ["hunter2", to_base32(bytes(31)), to_base32(bytes(33)), "é"])
def test_a_bad_environment_is_an_error_that_does_not_repeat_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(IdentityError) as caught:
        load_or_create(tmp_path, environ={"VAULTSYNC_IDENTITY": text})
    assert text not in caught.value.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_keychain")
def test_without_a_keychain_a_file_keeps_it(tmp_path: Path) -> None:
    config = tmp_path / "new" / "config"
    first = load_or_create(config, environ={})
    assert load_or_create(config, environ={}).node_id == first.node_id
    assert [entry.name for entry in config.iterdir()] == [KEY_FILE]


@posix
@pytest.mark.usefixtures("no_keychain")
def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    config = tmp_path / "config"
    load_or_create(config, environ={})
    assert stat.S_IMODE((config / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(config.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
@pytest.mark.usefixtures("no_keychain")
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    load_or_create(tmp_path, environ={})
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(IdentityError) as caught:
        load_or_create(tmp_path, environ={})
    assert "chmod 600" in caught.value.hint


@pytest.mark.usefixtures("no_keychain")
@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "binary", "other"])
def test_a_damaged_file_is_refused_and_left_alone(tmp_path: Path, damage: str) -> None:
    load_or_create(tmp_path, environ={})
    path = tmp_path / KEY_FILE
    good = path.read_bytes()
    seed, public = good.split()
    bad = {
        "empty": b"",
        "cut": good[:70],
        "flipped": bytes([ord("b") if seed[0] == ord("a") else ord("a")]) + seed[1:] + b" " + public,
        "binary": bytes(range(256)),
        "other": seed + b" " + str(Identity.generate().node_id).encode(),
    }[damage]
    path.write_bytes(bad)
    with pytest.raises(IdentityError):
        load_or_create(tmp_path, environ={})
    assert path.read_bytes() == bad


@pytest.mark.usefixtures("no_keychain")
def test_two_that_create_at_once_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rival = Identity.generate()
    link = os.link

    def late(source: Path, target: Path) -> None:
        target.write_text(f"{to_base32(rival.export_seed())} {rival.node_id}\n")
        target.chmod(0o600)
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert load_or_create(tmp_path, environ={}).node_id == rival.node_id
    assert [entry.name for entry in tmp_path.iterdir()] == [KEY_FILE]


@pytest.mark.usefixtures("no_keychain")
def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(source: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    first = load_or_create(tmp_path, environ={})
    assert load_or_create(tmp_path, environ={}).node_id == first.node_id


@pytest.mark.usefixtures("no_keychain")
def test_a_folder_that_cannot_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="cannot be created"):
        load_or_create(tmp_path / "file" / "config", environ={})


def test_a_keychain_keeps_it_out_of_files(tmp_path: Path, keychain: FakeKeychain) -> None:
    first = load_or_create(tmp_path, environ={})
    assert load_or_create(tmp_path, environ={}).node_id == first.node_id
    assert [entry.name for entry in tmp_path.iterdir()] == [KEYCHAIN_NOTE]
    assert list(keychain.entries.values()) == [to_base32(first.export_seed())]


def test_two_config_folders_are_two_devices(tmp_path: Path, keychain: FakeKeychain) -> None:
    one = load_or_create(tmp_path / "one", environ={})
    two = load_or_create(tmp_path / "two", environ={})
    assert one.node_id != two.node_id
    assert len(keychain.entries) == 2


def test_a_lost_note_is_written_again(tmp_path: Path, keychain: FakeKeychain) -> None:
    first = load_or_create(tmp_path, environ={})
    (tmp_path / KEYCHAIN_NOTE).unlink()
    assert load_or_create(tmp_path, environ={}).node_id == first.node_id
    assert (tmp_path / KEYCHAIN_NOTE).exists()


def test_a_locked_keychain_does_not_make_another_device(tmp_path: Path, keychain: FakeKeychain) -> None:
    load_or_create(tmp_path, environ={})
    keychain.locked = True
    with pytest.raises(IdentityError) as caught:
        load_or_create(tmp_path, environ={})
    assert KEYCHAIN_NOTE in caught.value.hint
    assert not (tmp_path / KEY_FILE).exists()


def test_nor_does_switching_the_keychain_off(tmp_path: Path, keychain: FakeKeychain) -> None:
    load_or_create(tmp_path, environ={})
    with pytest.raises(IdentityError):
        load_or_create(tmp_path, environ={"VAULTSYNC_KEYRING": "off"})


def test_nor_does_another_key_in_the_keychain(tmp_path: Path, keychain: FakeKeychain) -> None:
    load_or_create(tmp_path, environ={})
    for entry in keychain.entries:
        keychain.entries[entry] = to_base32(Identity.generate().export_seed())
    with pytest.raises(IdentityError, match="another device"):
        load_or_create(tmp_path, environ={})


def test_a_file_stands_in_for_a_locked_keychain(tmp_path: Path, keychain: FakeKeychain) -> None:
    first = load_or_create(tmp_path, environ={})
    keychain.locked = True
    (tmp_path / KEY_FILE).write_text(f"{to_base32(first.export_seed())} {first.node_id}\n")
    (tmp_path / KEY_FILE).chmod(0o600)
    assert load_or_create(tmp_path, environ={}).node_id == first.node_id


@pytest.mark.parametrize("fault", ["locked", "forgetful"])
def test_a_keychain_that_fails_from_the_start_is_done_without(
    tmp_path: Path, keychain: FakeKeychain, fault: str
) -> None:
    setattr(keychain, fault, True)
    first = load_or_create(tmp_path, environ={})
    assert (tmp_path / KEY_FILE).exists()
    setattr(keychain, fault, False)
    assert load_or_create(tmp_path, environ={}).node_id == first.node_id


@pytest.mark.parametrize("environ", [{"VAULTSYNC_KEYRING": "off"}, {"VAULTSYNC_KEYRING": " OFF "}])
def test_the_keychain_can_be_switched_off(tmp_path: Path, keychain: FakeKeychain, environ: dict[str, str]) -> None:
    load_or_create(tmp_path, environ=environ)
    assert keychain.entries == {}
    assert (tmp_path / KEY_FILE).exists()


def test_the_caller_can_switch_it_off_too(tmp_path: Path, keychain: FakeKeychain) -> None:
    load_or_create(tmp_path, environ={}, use_keyring=False)
    assert keychain.entries == {}


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring])
def test_backends_that_keep_nothing_are_not_usable(
    monkeypatch: pytest.MonkeyPatch, backend: type[KeyringBackend]
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", backend)
    assert find_keychain() is None


def test_a_backend_that_cannot_load_is_not_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> KeyringBackend:
        raise RuntimeError("no session bus")

    monkeypatch.setattr(keyring, "get_keyring", broken)
    assert find_keychain() is None


def test_a_recommended_backend_is_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    class Good(keyring.backends.null.Keyring):
        priority = 5

    monkeypatch.setattr(keyring, "get_keyring", Good)
    assert isinstance(find_keychain(), Good)
