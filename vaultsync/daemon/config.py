"""Where a node keeps its things, and the settings that a person may write for it."""

from __future__ import annotations

import os
import re
import socket
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import platformdirs

from vaultsync.errors import ConfigError
from vaultsync.protocol.limits import MAX_NAME

HOME_VARIABLE: Final = "VAULTSYNC_HOME"
"""If set, everything of this node lives below this folder instead of the user's own config and data folders."""

MAX_KB_S: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Places:
    """The node's folders."""

    config: Path
    data: Path

    @classmethod
    def find(cls, environ: Mapping[str, str] = os.environ) -> Places:
        if home := environ.get(HOME_VARIABLE):
            return cls(Path(home) / "config", Path(home) / "data")
        return cls(
            platformdirs.user_config_path("vaultsync", appauthor=False),
            platformdirs.user_data_path("vaultsync", appauthor=False),
        )

    @property
    def config_file(self) -> Path:
        return self.config / "config.toml"

    @property
    def node_database(self) -> Path:
        return self.data / "node.db"

    def vault_database(self, vault: str) -> Path:
        return self.data / "vaults" / vault / "index.db"

    def put_aside(self, vault: str, now_ms: int) -> None:
        """Move a vault's index and history to where no vault finds them again. Does I/O."""
        kept = self.data / "forgotten" / f"{vault}-{now_ms}"
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileNotFoundError):  # it was never opened
            self.vault_database(vault).parent.rename(kept)


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of `config.toml`; every one has a default."""

    name: str
    """What other devices call this one."""
    listen_host: str | None = None
    """The address to listen on; None: all."""
    listen_port: int = 0
    """UDP port; 0: the one used last, or any free one."""
    mdns: bool = True
    """Whether to find peers on the local network."""
    upload_limit_kb_s: int = 0
    """What is sent to all peers together, in kB (1,000 bytes) per second; 0: as fast as it goes."""
    download_limit_kb_s: int = 0
    """The same for what is received."""

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read the file, if there is one. `ConfigError` names line and column of a mistake."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} cannot be read: {error}.") from error
        return cls.parse(path, text)

    @classmethod
    def parse(cls, path: Path, text: str) -> Config:
        """What the file at `path` says, its text being `text`. `ConfigError` names line and column of a mistake."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: {error}.", hint="Mend that line, then start again.") from error
        except RecursionError:
            raise ConfigError(f"{path}: its values are nested too deeply.", hint="Mend it, then start again.") from None
        return cls(
            name=_name(path, text, data, "name"),
            listen_host=_address(path, text, data, "listen_host"),
            listen_port=_port(path, text, data, "listen_port"),
            mdns=_flag(path, text, data, "mdns", default=True),
            upload_limit_kb_s=_rate(path, text, data, "upload_limit_kb_s"),
            download_limit_kb_s=_rate(path, text, data, "download_limit_kb_s"),
        )._only_known(path, text, data)

    def _only_known(self, path: Path, text: str, data: Mapping[str, object]) -> Config:
        known = {field.name for field in fields(self)}
        for key in data:
            if key not in known:
                raise _mistake(path, text, key, f"is not a setting; there are {', '.join(sorted(known))}")
        return self


def _name(path: Path, text: str, data: Mapping[str, object], key: str) -> str:
    value = data.get(key, socket.gethostname().split(".")[0][:MAX_NAME] or "device")
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_NAME or not value.isprintable():
        raise _mistake(path, text, key, f"must be a text of 1 to {MAX_NAME} characters, without control characters")
    return value


def _address(path: Path, text: str, data: Mapping[str, object], key: str) -> str | None:
    value = data.get(key, "")
    if value == "":
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        ip_address(value)
    except ValueError:
        raise _mistake(path, text, key, "must be an IP address of this device, or empty for all") from None
    return value


def _port(path: Path, text: str, data: Mapping[str, object], key: str) -> int:
    value = data.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 65536:
        raise _mistake(path, text, key, "must be a number from 0 to 65535")
    return value


def _rate(path: Path, text: str, data: Mapping[str, object], key: str) -> int:
    value = data.get(key, 0)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_KB_S:
        raise _mistake(path, text, key, f"must be a whole number of kB per second up to {MAX_KB_S:,}; 0: no limit")
    return value


def _flag(path: Path, text: str, data: Mapping[str, object], key: str, *, default: bool) -> bool:
    value = data.get(key, default)
    if not isinstance(value, bool):
        raise _mistake(path, text, key, "must be true or false")
    return value


def _mistake(path: Path, text: str, key: str, why: str) -> ConfigError:
    found = re.search(rf"^[ \t]*(\[?)({re.escape(key)})\b", text, re.MULTILINE)
    place = ""
    if found is not None:
        line = text.count("\n", 0, found.start(2)) + 1
        column = found.start(2) - text.rfind("\n", 0, found.start(2))
        place = f" (at line {line}, column {column})"
    return ConfigError(f"{path}: `{key}` {why}{place}.", hint="Mend that line, then start again.")
