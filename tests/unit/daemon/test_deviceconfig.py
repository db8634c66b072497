"""Changing this device's settings: what is asked for is checked, and what stands there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultsync.daemon.config import Config
from vaultsync.daemon.deviceconfig import change_file
from vaultsync.errors import ConfigError


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", 3),
        ("listen_host", "1.2.3.4.5"),
        ("listen_host", "example.org"),
        ("listen_host", 7),
        ("listen_port", 65_536),
        ("mdns", "yes"),
        ("upload_limit_kb_s", -1),
        ("surprise", 1),
    ],
)
def test_a_wrong_value_changes_nothing(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\nmdns = false\n")
    with pytest.raises(ConfigError, match=f"^`{key}`") as caught:
        change_file(path, {key: value})
    assert caught.value.hint == "Nothing was changed."
    assert path.read_text() == "# mine\nmdns = false\n"


def test_a_mistake_that_stands_in_the_file_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('\nmdns = "no"\n')
    with pytest.raises(ConfigError, match="line 2"):
        change_file(path, {"name": "x"})
    assert change_file(path, {"mdns": True}).mdns, "a change can mend it"


@pytest.mark.parametrize("host", ["127.0.0.1", "::", "0.0.0.0", "fe80::1%eth0"])
def test_addresses_are_taken(tmp_path: Path, host: str) -> None:
    assert change_file(tmp_path / "config.toml", {"listen_host": host}).listen_host == host
    assert Config.load(tmp_path / "config.toml").listen_host == host
    assert change_file(tmp_path / "config.toml", {"listen_host": ""}).listen_host is None
