"""Who may speak to the API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from vaultsync.server.callers import Caller
from vaultsync.server.guard import MAX_BODY, ORIGINS, Guard

TOKEN = "t" * 43
PORT = 4711


class Echo:
    """The application behind the guard; counts what gets through."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        self.seen.append(body)
        await PlainTextResponse(str(len(body)))(scope, receive, send)


class Door:
    """Knows one token; lets `room` requests through."""

    def __init__(self, room: int = 1_000) -> None:
        self.room = room

    async def find(self, given: str) -> Caller | None:
        return Caller() if given == TOKEN else None

    def paced(self, caller: Caller | None, now_s: float) -> bool:
        self.room -= 1
        return self.room >= 0


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def http(echo: Echo) -> AsyncIterator[httpx.AsyncClient]:
    guard = Guard(echo, Door(), port=lambda: PORT)
    transport = httpx.ASGITransport(CORSMiddleware(guard, allow_origins=ORIGINS))
    async with httpx.AsyncClient(
        transport=transport, base_url=f"http://127.0.0.1:{PORT}", headers={"Authorization": f"Bearer {TOKEN}"}
    ) as client:
        yield client


async def test_the_owner_gets_through(http: httpx.AsyncClient, echo: Echo) -> None:
    assert (await http.post("/", content=b"hello")).text == "5"
    assert (await http.get("/", headers={"Host": f"localhost:{PORT}"})).status_code == 200
    assert echo.seen == [b"hello", b""]


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "Bearer ä"]
)
async def test_another_token_is_refused(http: httpx.AsyncClient, echo: Echo, given: str) -> None:
    answer = await http.get("/", headers=[(b"Authorization", given.encode())])
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:vaultsync:error:unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not echo.seen


@pytest.mark.parametrize(
    "host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", f"127.0.0.1:{PORT + 1}", "localhost", f"[::1]:{PORT}"]
)
async def test_a_foreign_host_is_refused_before_the_token_is_looked_at(
    http: httpx.AsyncClient, echo: Echo, host: str
) -> None:
    answer = await http.get("/", headers={"Host": host, "Authorization": ""})
    assert answer.status_code == 421
    assert not echo.seen


@pytest.mark.parametrize(
    "origin", ["https://evil.example", f"http://127.0.0.1:{PORT}", "null", "app://obsidian.md.evil.example"]
)
async def test_a_web_page_is_refused_and_told_no_cors(http: httpx.AsyncClient, echo: Echo, origin: str) -> None:
    answer = await http.get("/", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert not echo.seen


@pytest.mark.parametrize("origin", ORIGINS)
async def test_obsidian_is_let_in_and_may_read_the_answer(http: httpx.AsyncClient, origin: str) -> None:
    answer = await http.get("/", headers={"Origin": origin})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin


async def test_obsidian_may_also_read_why_it_is_refused(http: httpx.AsyncClient) -> None:
    answer = await http.get("/", headers={"Origin": ORIGINS[0], "Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == ORIGINS[0]


async def test_a_large_body_is_refused_by_its_declared_size(http: httpx.AsyncClient, echo: Echo) -> None:
    assert (await http.post("/", content=bytes(MAX_BODY))).status_code == 200
    answer = await http.post("/", content=bytes(MAX_BODY + 1))
    assert answer.status_code == 413
    assert len(echo.seen) == 1


async def test_a_large_body_is_refused_while_it_comes(http: httpx.AsyncClient, echo: Echo) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(4_096)

    assert (await http.post("/", content=endless())).status_code == 413
    assert not echo.seen


async def test_on_a_unix_socket_the_host_is_a_bare_name(echo: Echo) -> None:
    statuses = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    for host in (b"localhost", b"evil.example"):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "server": ("/run/api.sock", None),
            "headers": [(b"host", host), (b"authorization", f"Bearer {TOKEN}".encode())],
        }
        await Guard(echo, Door(), port=lambda: PORT)(scope, receive, send)
    assert statuses == [200, 421]


async def test_who_calls_too_often_is_told_when_to_go_on(echo: Echo) -> None:
    transport = httpx.ASGITransport(Guard(echo, Door(room=1), port=lambda: PORT))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{PORT}", headers=headers) as http:
        assert (await http.get("/")).status_code == 200
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(echo.seen) == 1
