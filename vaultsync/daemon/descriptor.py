"""How a running node is found: a file that names its process, its port and the token that its API wants."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from vaultsync.daemon.config import Places
from vaultsync.errors import NodeError
from vaultsync.store.durable import replace_file

DESCRIPTOR_NAME: Final = "api.json"
TOKEN_NAME: Final = "api.token"  # noqa: S105 (a file's name)
SOCKET_NAME: Final = "api.sock"

FORMAT: Final = 1
_MAX_BYTES: Final = 16 << 10


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Where a node's API is. Only its owner can read the file (0600)."""

    pid: int
    port: int
    """TCP, on 127.0.0.1."""
    socket: str | None
    """Path of a Unix socket, where there is one."""
    started: int
    """Unix time in ms."""
    token: str = field(repr=False)
    """Bearer token; stays the same over restarts."""

    def write(self, places: Places) -> None:
        """Store it, whole or not at all. `NodeError` if it can't be."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"
        _write_private(places.data / DESCRIPTOR_NAME, text)

    @classmethod
    def read(cls, places: Places) -> Descriptor | None:
        """What is stored, or None if there is nothing that makes sense: then no node runs that could be asked."""
        try:
            with (places.data / DESCRIPTOR_NAME).open("rb") as file:
                data = json.loads(file.read(_MAX_BYTES))
            if data["format"] != FORMAT:
                return None
            socket = data["socket"]
            return cls(
                int(data["pid"]),
                int(data["port"]),
                None if socket is None else str(socket),
                int(data["started"]),
                str(data["token"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remove(self, places: Places) -> None:
        """Take it away, unless another node has put its own in its place."""
        if self.read(places) == self:
            with suppress(FileNotFoundError):
                (places.data / DESCRIPTOR_NAME).unlink()


def load_or_create_token(places: Places, make: Callable[[], str] = lambda: secrets.token_urlsafe(32)) -> str:
    """The user's API token: 256 random bits, made once, readable by its owner only. `NodeError`."""
    path = places.data / TOKEN_NAME
    try:
        token = path.read_text(encoding="ascii").strip()
        if len(token) >= 32 and (os.name != "posix" or not path.stat().st_mode & 0o077):
            return token
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    except OSError as error:
        raise NodeError(f"{path} cannot be read: {error.strerror}.") from error
    # A token that others could read, or that is cut short, is replaced: whoever uses the API reads it again.
    token = make()
    _write_private(path, token + "\n")
    return token


def _write_private(path: Path, text: str) -> None:
    try:
        replace_file(path, text.encode(), mode=0o600)
    except OSError as error:
        raise NodeError(f"{path} cannot be written: {error.strerror}.") from error
