"""Tokens of programs on this computer that use the local API, known by their hash."""

# ruff: noqa: A002 (a session has an id)

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest

from vaultsync.store.database import Database


@dataclass(frozen=True, slots=True)
class Session:
    """A program that was let in for a while. Times are Unix ms."""

    id: int
    client: str
    """What the program is called."""
    created_at: int
    life_ms: int
    """How long it is good for after it was made or renewed."""
    expires_at: int


class SessionTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, client: str, token_hash: bytes, now_ms: int, life_ms: int) -> Session:
        """Remember a token by its BLAKE3-256 hash; those whose time is over are forgotten."""
        with self._database.atomic():
            self._database.run("DELETE FROM sessions WHERE expires_at <= ?", (now_ms,))
            number = self._database.insert(
                "INSERT INTO sessions (client, token_hash, created_at, life_ms, expires_at) VALUES (?, ?, ?, ?, ?)",
                (client, token_hash, now_ms, life_ms, now_ms + life_ms),
            )
        return Session(number, client, now_ms, life_ms, now_ms + life_ms)

    def find(self, token_hash: bytes, now_ms: int) -> Session | None:
        """The session with that token. How long it takes says nothing about other tokens."""
        found = None
        for candidate, *row in self._database.rows(
            "SELECT token_hash, id, client, created_at, life_ms, expires_at FROM sessions WHERE expires_at > ?",
            (now_ms,),
        ):
            if compare_digest(candidate, token_hash):
                found = Session(*row)
        return found

    def all(self, now_ms: int) -> list[Session]:
        """Those that are good now, the oldest first."""
        rows = self._database.rows(
            "SELECT id, client, created_at, life_ms, expires_at FROM sessions WHERE expires_at > ? ORDER BY id",
            (now_ms,),
        )
        return [Session(*row) for row in rows]

    def renew(self, session: Session, now_ms: int) -> Session | None:
        """Let its time begin anew; None if it was revoked meanwhile."""
        renewed = replace(session, expires_at=now_ms + session.life_ms)
        changed = self._database.run(
            "UPDATE sessions SET expires_at = ? WHERE id = ?", (renewed.expires_at, session.id)
        )
        return renewed if changed else None

    def revoke(self, id: int) -> bool:
        """Make a token useless. Tells whether there was one."""
        return self._database.run("DELETE FROM sessions WHERE id = ?", (id,)) > 0
