"""Who calls: the user, whose token is the root of all, or a program with a session token of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from vaultsync.daemon.service import Node
from vaultsync.errors import RequestError
from vaultsync.server.problems import ForbiddenError
from vaultsync.store.node_store import NodeStore
from vaultsync.store.sessions import Session
from vaultsync.sync.allowance import Allowance
from vaultsync.vault.hashing import hash_bytes

PREFIX: Final = "vs-session-"
"""What session tokens begin with, so that a leaked one is recognised."""

MAX_SESSIONS: Final = 64

CALLER: Final = "vaultsync.caller"
"""Under which key the guard puts the `Caller` into a request's scope."""

OWNER_PACE: Final = (1_000, 200)
SESSION_PACE: Final = (200, 50)
STRANGER_PACE: Final = (20, 1)
"""Requests at once, and per second after that. What strangers do costs those who may call nothing."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request that was let through."""

    session: Session | None = None
    """None: the user."""


class Callers:
    """Knows the tokens, and how often each caller may call."""

    def __init__(self, node: Node, token: str) -> None:
        """`token` is the user's own."""
        self._node = node
        self._token = token.encode()
        self._paces: dict[int, Allowance] = {}
        self._owner = Allowance(*OWNER_PACE)
        self._stranger = Allowance(*STRANGER_PACE)

    async def find(self, given: str) -> Caller | None:
        """Whose token that is. Compares in constant time."""
        if secrets.compare_digest(given.encode(), self._token):
            return Caller()
        if not given.startswith(PREFIX):
            return None
        digest, now_ms = hash_bytes(given.encode()), self._node.now_ms()
        session = await self._node.database.run(lambda store: store.sessions.find(digest, now_ms))
        return None if session is None else Caller(session)

    def paced(self, caller: Caller | None, now_s: float) -> bool:
        """Whether it may call now; None: a stranger. `now_s` never goes back."""
        if caller is None:
            return self._stranger.take(now_s)
        if caller.session is None:
            return self._owner.take(now_s)
        if len(self._paces) > MAX_SESSIONS:
            self._paces.clear()
        return self._paces.setdefault(caller.session.id, Allowance(*SESSION_PACE)).take(now_s)


async def begin_session(node: Node, client: str, life_ms: int) -> tuple[str, Session]:
    """A new token for a program, and what is known of it. Only its hash is stored. `RequestError` if there are many."""
    token = PREFIX + secrets.token_urlsafe(32)
    digest, now_ms = hash_bytes(token.encode()), node.now_ms()

    def add(store: NodeStore) -> Session:
        if len(store.sessions.all(now_ms)) >= MAX_SESSIONS:
            raise RequestError(
                f"{MAX_SESSIONS} programs have tokens already.", hint="Revoke one: `vaultsync sessions` lists them."
            )
        return store.sessions.add(client, digest, now_ms, life_ms)

    return token, await node.database.run(add)


def _caller_of(request: Request) -> Caller:
    caller = request.scope.get(CALLER)
    assert isinstance(caller, Caller)
    return caller


TheCaller = Annotated[Caller, Depends(_caller_of)]


def only_owner(caller: TheCaller) -> None:
    """`ForbiddenError` for programs with a session token."""
    if caller.session is not None:
        raise ForbiddenError("A session token is not enough for this.", hint="Use the token in `api.json`.")
