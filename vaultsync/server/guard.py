"""Who may speak to the API at all: checked before anything of a request is believed.

A web page in this computer's browser can send requests to loopback. It is kept out three times: it does not have the
token, its `Origin` is not one of the Obsidian apps', and under a rebound DNS name its `Host` is not loopback's. And it
is answered once per second only, whatever it sends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vaultsync.server.callers import CALLER, Caller
from vaultsync.server.problems import Problem

ORIGINS: Final = ("app://obsidian.md", "capacitor://localhost")
"""Obsidian on the desktop and on phones."""

MAX_BODY: Final = 64 << 10
"""Bytes; the largest request is a pasted ticket with much text around it."""

BODY_WITHIN_S: Final = 20.0
"""How long a body may take to come."""

_UNAUTHORIZED: Final = Problem(
    401,
    "unauthorized",
    "The token is missing, wrong or expired",
    "Every request needs `Authorization: Bearer …`.",
    "The token is in `api.json` in the data folder of vaultsync; only its owner can read it.",
    headers={"WWW-Authenticate": "Bearer"},
)
_TOO_SLOW: Final = Problem(
    408, "too-slow", "The request did not come in time", "Its body was not complete.", headers={"Connection": "close"}
)
_TOO_MANY: Final = Problem(
    429,
    "too-many-requests",
    "There were too many requests",
    "More come in than are answered.",
    "Wait a second, then go on more slowly. `GET /v1/events` tells of changes without being asked.",
    headers={"Retry-After": "1"},
)


class Doorkeeper(Protocol):
    """Who knows the callers (`vaultsync.server.callers.Callers`)."""

    async def find(self, given: str) -> Caller | None: ...

    def paced(self, caller: Caller | None, now_s: float) -> bool: ...


class Guard:
    """ASGI middleware; the outermost one, but for CORS."""

    def __init__(
        self,
        app: ASGIApp,
        callers: Doorkeeper,
        *,
        port: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`port` gives the TCP port that is listened on."""
        self._app = app
        self._callers = callers
        self._port = port
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        caller = None
        problem = self._foreign(scope)
        if problem is None:
            caller = await self._callers.find(_token(scope))
            problem = _UNAUTHORIZED if caller is None else None
        if not self._callers.paced(caller, self._now_s()):
            problem = _TOO_MANY
        body = b""
        if problem is None:
            scope[CALLER] = caller
            try:
                async with asyncio.timeout(BODY_WITHIN_S):
                    received = await _read_body(scope, receive)
            except TimeoutError:
                await _TOO_SLOW(scope, receive, send)
                return
            if received is None:
                problem = Problem(413, "too-large", "The request is too large", f"The limit is {MAX_BODY} bytes.")
            else:
                body = received
        if problem is not None:
            await problem(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _foreign(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._hosts(scope):
            return Problem(421, "foreign-host", "The request is not for this address", "Its `Host` is not loopback's.")
        origin = headers.get("origin")
        if origin is not None and origin not in ORIGINS:
            return Problem(403, "foreign-origin", "Web pages may not use this", f"Its `Origin` is {origin[:100]}.")
        return None

    def _hosts(self, scope: Scope) -> tuple[str, ...]:
        server = scope.get("server")
        if server is not None and server[1] is None:
            # A Unix socket has no port; clients send a bare name.
            return ("localhost",)
        port = self._port()
        return (f"127.0.0.1:{port}", f"localhost:{port}")


def _token(scope: Scope) -> str:
    """What stands as bearer token; empty if nothing does."""
    scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


async def _read_body(scope: Scope, receive: Receive) -> bytes | None:
    """The whole body, or None if it is too large."""
    declared = Headers(scope=scope).get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MAX_BODY:
        return None
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then whatever comes after it: the client's leaving."""
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return first.pop() if first else await receive()

    return replay
