"""Changing settings in `config.toml` without losing what a person wrote around them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from vaultsync.errors import ConfigError
from vaultsync.store.durable import replace_file


def changed_text(path: Path, changes: Mapping[str, object]) -> str:
    """The file's text with these top-level keys set. `ConfigError` if it can't be read, or a value can't be written.

    A key that is there keeps its place and what stands after the value; a new one is put after the last of the top.
    """
    # Needed when a person changes a setting, not when a node starts.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    for key, value in changes.items():
        if not isinstance(value, int | str) or (isinstance(value, str) and not value.isprintable()):
            raise ConfigError(f"`{key}` cannot be set to {value!r}.")
    try:
        document = tomlkit.parse(text)
        document.update(changes)
        changed = document.as_string()
        if tomllib.loads(changed) == {**tomllib.loads(text), **changes}:
            return changed if changed.endswith("\n") else changed + "\n"
    except (TOMLKitError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be changed: {error}.", hint="Mend the file, then try again.") from error
    raise ConfigError(f"{path} is written in a way that cannot be changed from here.", hint="Change the setting there.")


def write_text(path: Path, text: str) -> None:
    """Put the file in place, whole or not at all, durably. `ConfigError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(path, text.encode(), mode=0o666)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
