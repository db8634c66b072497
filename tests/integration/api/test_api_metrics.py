"""The figures that the node gives to whoever watches over it."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families as parse

from tests.support.nodes import running_node, until
from vaultsync.model.ids import NodeId
from vaultsync.server.serve import serve_api


async def test_refusals_and_vaults_are_in_the_figures(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("a\n")
    peer = NodeId(b"p" * 32)
    async with running_node(tmp_path, "Anna") as node, serve_api(node) as descriptor:
        service = await node.add_vault(tmp_path / "notes")
        await until(lambda: service.state == "ready")
        node.peers.refusals.count(peer, "bad_path", 2)
        node.peers.refusals.count(None, "refused")
        node.peers.refusals.count(None, "refused", 0)
        headers = {"Authorization": f"Bearer {descriptor.token}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{descriptor.port}", headers=headers) as http:
            answer = await http.get("/v1/metrics")
        assert answer.headers["content-type"].startswith("text/plain")
        found = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in parse(answer.text)
            for sample in family.samples
        }
        assert found["vaultsync_refusals_total", "bad_path", str(peer)] == 2
        assert found["vaultsync_refusals_total", "refused", "stranger"] == 1
        assert found["vaultsync_vault_files", str(service.vault)] == 1
        assert sorted(node.peers.refusals.of(peer)) == ["bad_path"]
