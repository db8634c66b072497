"""What a node asks itself for while it sends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.nodes import running_node, tree, until
from vaultsync.daemon.replica.replica import Replica

NOTES = 400


async def test_a_sender_does_not_look_for_changes_while_it_has_only_contents_to_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulls = 0
    pull = Replica.next_changes

    def counted(replica, peer, now_ms):  # type: ignore[no-untyped-def]
        nonlocal pulls
        pulls += 1
        return pull(replica, peer, now_ms)

    monkeypatch.setattr(Replica, "next_changes", counted)
    (tmp_path / "a").mkdir()
    for number in range(NOTES):
        (tmp_path / "a" / f"note {number}.md").write_text(f"{number} " * 2_000)
    async with running_node(tmp_path, "A") as first, running_node(tmp_path, "B") as second:
        service = await first.add_vault(tmp_path / "a")
        await service.tried.wait()
        assert service.engine is not None
        await service.engine.scanned.wait()
        ticket, _ = await first.make_ticket(service, role="member", life_s=60, reusable=False)
        await second.join(ticket, tmp_path / "b")
        await until(lambda: (tmp_path / "b").exists() and len(list((tmp_path / "b").glob("*.md"))) == NOTES)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert pulls < 60
