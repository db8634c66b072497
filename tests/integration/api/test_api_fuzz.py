"""The API of a real node under requests made from its own description: none is answered otherwise than described."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.nodes import running_node
from vaultsync.client.client import NodeClient
from vaultsync.daemon.service import Node
from vaultsync.server import callers
from vaultsync.server.app import make_api
from vaultsync.server.serve import serve_api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

LEFT_OUT = {
    ("POST", "/v1/stop"),  # ends the node
    ("POST", "/v1/vaults"),  # would make a vault of any folder of this machine
    ("GET", "/v1/events"),  # endless
    ("GET", "/v1/traffic"),
}


@dataclass
class Target:
    url: str
    token: str
    vault: str
    description: dict[str, Any]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A node with a vault, in a thread and an event loop of its own."""
    base = tmp_path_factory.mktemp("fuzz")
    found: list[Target] = []
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with running_node(base, "Anna") as node, serve_api(node) as descriptor, NodeClient(descriptor) as client:
            (base / "a").mkdir()
            (base / "a" / "note.md").write_text("x\n")
            vault = (await client.add_vault(base / "a")).id
            found.append(Target(f"http://127.0.0.1:{descriptor.port}", descriptor.token, vault, describe(node)))
            ready.set()
            await asyncio.to_thread(done.wait)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callers, "OWNER_PACE", (10**9, 10**9))
        thread = threading.Thread(target=asyncio.run, args=(serve(),))
        thread.start()
        try:
            assert ready.wait(30)
            yield found[0]
        finally:
            done.set()
            thread.join(30)


def describe(node: Node) -> dict[str, Any]:
    return make_api(node).openapi()


def bombard(target: Target, examples: int, *, derandomize: bool) -> int:
    """Send requests to every operation; how many operations there were."""
    schema, count = schemathesis.openapi.from_dict(target.description), 0
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue
        count += 1
        modes = schemathesis.GenerationMode
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE)])

        @settings(
            max_examples=examples,
            derandomize=derandomize,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, real=st.booleans())
        def check(case: schemathesis.Case[Any], real: bool) -> None:
            if real and "vault" in case.path_parameters:
                case.path_parameters["vault"] = target.vault
            headers = {"Authorization": f"Bearer {target.token}"}
            response = case.call(base_url=target.url, headers=headers)
            case.validate_response(response, checks=CHECKS, headers=headers)

        check()
    return count


def test_every_answer_is_as_described(target: Target) -> None:
    assert bombard(target, 6, derandomize=True) > 40


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_answer_is_as_described_for_long(target: Target) -> None:
    bombard(target, 500, derandomize=False)


ODD = ("", "-1", "+1", "1e3", "0x10", "٣", "²", "null", "../..", "9" * 5_000, str(2**63), "\u202e1")
"""For numbers, times, paths and words alike."""


def test_odd_values_in_query_strings(target: Target) -> None:
    asked = 0
    with httpx.Client(base_url=target.url, headers={"Authorization": f"Bearer {target.token}"}) as client:
        for path, operations in target.description["paths"].items():
            for parameter in operations.get("get", {}).get("parameters", []):
                if parameter["in"] != "query" or ("GET", path) in LEFT_OUT:
                    continue
                place = path.replace("{vault}", target.vault).replace("{peer}", "p").replace("{version}", "1")
                for value in ODD:
                    answer = client.get(place, params={parameter["name"]: value})
                    asked += 1
                    assert answer.status_code < 500, (path, parameter["name"], value, answer.text)
                    if answer.status_code >= 400:
                        assert answer.headers["content-type"] == "application/problem+json"
                        assert answer.json()["detail"]
    assert asked > 150


def test_odd_numbers_of_the_last_event(target: Target) -> None:
    """The stream begins, or the request is refused in words; nothing else."""
    headers = {"Authorization": f"Bearer {target.token}"}
    with httpx.Client(base_url=target.url) as client:
        for value in ODD:
            numbered = httpx.Headers(headers | {"Last-Event-ID": value}, encoding="utf-8")
            with client.stream("GET", "/v1/events", headers=numbered) as answer:
                if answer.status_code == 200:
                    assert next(answer.iter_lines()).startswith(": numbers go up to ")
                else:
                    assert 400 <= answer.status_code < 500, value
        for after in ODD:
            with client.stream("GET", "/v1/events", headers=headers, params={"after": after}) as answer:
                assert answer.status_code < 500, after
        assert client.get("/v1/status", headers=headers).status_code == 200
