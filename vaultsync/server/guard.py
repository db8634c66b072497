"""Who may speak to the API at all: checked before anything of a request is believed.

A web page in this computer's browser can send requests to loopback. It is kept out three times: it does not have the
token, its `Origin` is not one of the Obsidian apps', and under a rebound DNS name its `Host` is not loopback's.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vaultsync.server.problems import Problem

ORIGINS: Final = ("app://obsidian.md", "capacitor://localhost")
"""Obsidian on the desktop and on phones."""

MAX_BODY: Final = 64 << 10
"""Bytes; the largest request is a pasted ticket with much text around it."""


class Guard:
    """ASGI middleware; the outermost one, but for CORS."""

    def __init__(self, app: ASGIApp, *, token: str, port: Callable[[], int]) -> None:
        """`port` gives the TCP port that is listened on."""
        self._app = app
        self._token = token.encode()
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        problem = self._refusal(scope)
        body = b""
        if problem is None:
            received = await _read_body(scope, receive)
            if received is None:
                problem = Problem(413, "too-large", "The request is too large", f"The limit is {MAX_BODY} bytes.")
            else:
                body = received
        if problem is not None:
            await problem(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

    def _refusal(self, scope: Scope) -> Problem | None:
        headers = Headers(scope=scope)
        if headers.get("host", "") not in self._hosts(scope):
            return Problem(421, "foreign-host", "The request is not for this address", "Its `Host` is not loopback's.")
        origin = headers.get("origin")
        if origin is not None and origin not in ORIGINS:
            return Problem(403, "foreign-origin", "Web pages may not use this", f"Its `Origin` is {origin[:100]}.")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), self._token):
            return Problem(
                401,
                "unauthorized",
                "The token is missing or wrong",
                "Every request needs `Authorization: Bearer …`.",
                "The token is in `api.json` in the data folder of vaultsync; only its owner can read it.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return None

    def _hosts(self, scope: Scope) -> tuple[str, ...]:
        server = scope.get("server")
        if server is not None and server[1] is None:
            # A Unix socket has no port; clients send a bare name.
            return ("localhost",)
        port = self._port()
        return (f"127.0.0.1:{port}", f"localhost:{port}")


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
