"""Changing settings in `config.toml` without losing what a person wrote around them."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from vaultsync.errors import ConfigError


def changed_text(path: Path, changes: Mapping[str, object]) -> str:
    """The file's text with these top-level keys set. `ConfigError` if it can't be read, or a value can't be written.

    A key that is there keeps its line and what stands after the value; a new one is put after the last top-level line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.") from error
    for key, value in changes.items():
        _set(lines, key, _literal(key, value))
    return "\n".join(lines) + "\n"


def write_text(path: Path, text: str) -> None:
    """Put the file in place, whole or not at all. `ConfigError`."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)


def _set(lines: list[str], key: str, literal: str) -> None:
    tables = [number for number, line in enumerate(lines) if line.lstrip().startswith("[")]
    end = tables[0] if tables else len(lines)
    for number in range(end):
        found = re.match(rf"\s*{re.escape(key)}\s*=\s*(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^#\s]+)(.*)$", lines[number])
        if found is not None:
            lines[number] = f"{key} = {literal}{found[1]}"
            return
    lines.insert(end, f"{key} = {literal}")


def _literal(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str) and value.isprintable():
        # TOML's basic strings and JSON's agree on everything that is printable.
        return json.dumps(value, ensure_ascii=False)
    raise ConfigError(f"`{key}` cannot be set to {value!r}.")
