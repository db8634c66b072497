"""The pages about the API: the reference is what the API says of itself, and every example works."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from tests.support.api_reference import PAGE, TITLES, page
from tests.support.nodes import running_node
from vaultsync.client.client import NodeClient
from vaultsync.daemon.service import Node
from vaultsync.server.app import make_api
from vaultsync.server.serve import serve_api

EXAMPLES = PAGE.with_name("api-examples.md")


def test_the_reference_is_current() -> None:
    made = page()
    assert PAGE.read_text() == made, "run `python -m tests.support.api_reference`"


def test_everything_is_told_in_words(tmp_path: Path) -> None:
    described = make_api(None).openapi()  # type: ignore[arg-type]
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path} says nothing of itself"
            assert operation["tags"][0] in TITLES, f"{method} {path} has no place on the page"
            assert {"4XX", "5XX"} <= set(operation["responses"])
            assert operation.get("security") != []
    assert described["security"] == [{"token": []}]


@pytest.mark.skipif(not all(map(shutil.which, ("bash", "curl", "jq"))), reason="the examples need bash, curl and jq")
async def test_the_examples_work(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", EXAMPLES.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) > 6
    async with running_node(tmp_path, "Anna") as node, serve_api(node) as descriptor, NodeClient(descriptor) as client:
        await make_vault(client, node, tmp_path / "notes")
        script = "set -eu\n" + "\n".join(f"echo block {n} >&2\n{block}" for n, block in enumerate(blocks))
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            env={"data": str(node.places.data), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
        assert process.returncode == 0, output.decode()[-2000:] + errors.decode()[-2000:]
        assert (await client.config()).upload_limit_kb_s == 500
        assert await client.tickets() == []


async def make_vault(client: NodeClient, node: Node, root: Path) -> None:
    root.mkdir()
    (root / "Ideas.md").write_text("# Ideas\n")
    await client.add_vault(root)
    (service,) = node.vaults.values()
    assert service.engine is not None
    await service.engine.scanned.wait()
