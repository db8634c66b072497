"""The API of a real node, over its socket: what is refused, and that nothing has changed then."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.support.nodes import running_node
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.service import Node
from vaultsync.server.serve import serve_api


@dataclass(frozen=True)
class Served:
    node: Node
    descriptor: Descriptor
    http: httpx.AsyncClient
    base: Path

    async def problem(self, method: str, path: str, status: int, **request: object) -> dict[str, object]:
        """Send a request that must fail, and give its problem details."""
        answer = await self.http.request(method, path, **request)  # type: ignore[arg-type]
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        details = answer.json()
        assert set(details) >= {"type", "title", "status", "detail", "hint"}
        assert details["status"] == status
        return dict(details)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with running_node(tmp_path, "Anna") as node, serve_api(node) as descriptor:
        headers = {"Authorization": f"Bearer {descriptor.token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{descriptor.port}", headers=headers) as http:
            yield Served(node, descriptor, http, tmp_path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": ""},
        {"Authorization": "Bearer wrong"},
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
    ],
)
async def test_strangers_change_nothing(served: Served, headers: dict[str, str]) -> None:
    (served.base / "notes").mkdir()
    body = {"path": str(served.base / "notes")}
    for method, path in (("POST", "/v1/vaults"), ("POST", "/v1/stop"), ("GET", "/v1/status"), ("GET", "/v1/events")):
        answer = await served.http.request(method, path, json=body if method == "POST" else None, headers=headers)
        assert answer.status_code in (401, 403, 421)
        assert answer.headers["content-type"] == "application/problem+json"
    assert not served.node.vaults
    assert not served.node.stopping.is_set()
    assert not (served.base / "notes" / ".vaultsync").exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/vaults", {}),
        ("/v1/vaults", {"path": 3}),
        ("/v1/vaults", {"path": ""}),
        ("/v1/vaults", {"path": "relative/folder"}),
        ("/v1/vaults", {"path": "/tmp\0/x"}),
        ("/v1/vaults", {"path": "/tmp", "surprise": True}),
        ("/v1/vaults", {"path": "/tmp", "name": ""}),
        ("/v1/tickets", {}),
        ("/v1/tickets", {"path": "/tmp", "vault": "x"}),
        ("/v1/tickets", {"path": "/tmp", "minutes": 0}),
        ("/v1/tickets", {"path": "/tmp", "minutes": "10"}),
        ("/v1/tickets", {"path": "/tmp", "role": "king"}),
        ("/v1/tickets", {"path": "/tmp", "reusable": 1}),
        ("/v1/join", {"ticket": "vault1"}),
        ("/v1/join", {"ticket": "hello", "path": "relative"}),
    ],
)
async def test_bodies_of_bad_types_are_refused(served: Served, path: str, body: dict[str, object]) -> None:
    await served.problem("POST", path, 422, json=body)
    assert not served.node.vaults


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"path": "/tmp"} x'])
async def test_bodies_that_are_no_object_are_refused(served: Served, content: bytes) -> None:
    await served.problem("POST", "/v1/vaults", 422, content=content, headers={"Content-Type": "application/json"})


async def test_a_body_that_is_no_text_is_refused(served: Served) -> None:
    await served.problem("POST", "/v1/vaults", 400, content=b"\xff", headers={"Content-Type": "application/json"})


async def test_an_oversized_body_is_refused(served: Served) -> None:
    await served.problem("POST", "/v1/join", 413, json={"ticket": "a" * (70 << 10), "path": "/tmp/x"})


async def test_what_does_not_exist_says_so(served: Served) -> None:
    await served.problem("GET", "/v1/nothing", 404)
    await served.problem("GET", "/", 404)
    await served.problem("PUT", "/v1/status", 405)
    await served.problem("DELETE", "/v1/tickets/7", 404)
    await served.problem("DELETE", "/v1/tickets/x", 422)
    await served.problem("DELETE", "/v1/tickets/99999999999999999999", 422)
    await served.problem("POST", "/v1/peers/abcdefgh/connect", 404)
    await served.problem("POST", "/v1/tickets", 404, json={"vault": "nothing"})
    await served.problem("GET", "/v1/peers/attempts?limit=0", 422)


async def test_errors_of_the_node_keep_their_words(served: Served) -> None:
    problem = await served.problem("POST", "/v1/join", 422, json={"ticket": "hello", "path": str(served.base / "x")})
    assert problem["type"] == "urn:vaultsync:error:not-a-ticket"
    assert problem["title"] == "This is not a ticket"
    assert not (served.base / "x").exists()


async def test_an_unexpected_error_tells_nothing_of_the_inside(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(served.node, "add_vault", fail)
    answer = await served.http.post("/v1/vaults", json={"path": str(served.base)})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:vaultsync:error:internal"
    assert "secret" not in answer.text


async def test_the_description_names_every_resource(served: Served) -> None:
    described = (await served.http.get("/v1/openapi.json")).json()
    assert {"/v1/status", "/v1/vaults", "/v1/tickets", "/v1/join", "/v1/peers", "/v1/events", "/v1/stop"} <= set(
        described["paths"]
    )


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
async def test_only_the_owner_can_read_the_token(served: Served) -> None:
    data = served.node.places.data
    for name in ("api.json", "api.token", "api.sock"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
    assert json.loads((data / "api.json").read_text())["token"] == (data / "api.token").read_text().strip()


async def test_the_descriptor_goes_with_the_node_and_the_token_stays(tmp_path: Path) -> None:
    tokens = []
    for _ in range(2):
        async with running_node(tmp_path, "Anna") as node:
            async with serve_api(node) as descriptor:
                assert Descriptor.read(node.places) == descriptor
                tokens.append(descriptor.token)
            assert Descriptor.read(node.places) is None
            assert not (node.places.data / "api.sock").exists()
    assert tokens[0] == tokens[1]


async def test_a_token_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    async with running_node(tmp_path, "Anna") as node:
        token = node.places.data / "api.token"
        token.write_text("x" * 43 + "\n")
        token.chmod(0o644)
        async with serve_api(node) as descriptor:
            assert descriptor.token != "x" * 43
            assert stat.S_IMODE(token.stat().st_mode) == 0o600
