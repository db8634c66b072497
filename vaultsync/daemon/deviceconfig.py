"""This device's settings as they are told, and changing them in their file."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from vaultsync.daemon.answers import DeviceConfig
from vaultsync.daemon.config import Config
from vaultsync.daemon.configfile import changed_text, write_text
from vaultsync.errors import ConfigError

_changing: Final = threading.Lock()
"""Of two that change the file at once, the second one reads what the first has written."""


def change_file(path: Path, changes: Mapping[str, object]) -> Config:
    """Check and store the changes; none: only read. Blocks. `ConfigError`; then the file is as it was."""
    with _changing:
        if not changes:
            return Config.load(path)
        text = changed_text(path, changes)
        try:
            config = Config.parse(path, text)
        except ConfigError as error:
            # Unless it has stood in the file already, the mistake is in what is asked for.
            Config.load(path)
            why = re.sub(r" \(at line \d+, column \d+\)", "", error.message.removeprefix(f"{path}: "))
            raise ConfigError(why, hint="Nothing was changed.") from None
        write_text(path, text)
        return config


def device_config(path: Path, stored: Config, running: Config | None = None) -> DeviceConfig:
    """`stored` as it is told; `running` is what the node goes by, if one runs."""
    return DeviceConfig(
        path=str(path),
        name=stored.name,
        listen_host=stored.listen_host or "",
        listen_port=stored.listen_port,
        mdns=stored.mdns,
        restart_needed=running is not None and stored != running,
        upload_limit_kb_s=stored.upload_limit_kb_s,
        download_limit_kb_s=stored.download_limit_kb_s,
    )
