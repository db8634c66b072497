from __future__ import annotations

import pytest

from vaultsync.store.audit import AuditEntry
from vaultsync.store.vault_store import VaultStore


def line(at_ms: int, path: str | None = None) -> AuditEntry:
    return AuditEntry(at_ms, "merged", path, b"p" * 32 if path else None, f"said at {at_ms}")


def texts(entries: list[AuditEntry]) -> list[str]:
    return [entry.text for entry in entries]


def test_the_newest_come_first_and_pages_follow(store: VaultStore) -> None:
    store.audit.append([line(1), line(2, "a.md"), line(2, "b.md")])
    store.audit.append([line(3, "a.md")])
    store.audit.append([])
    page = store.audit.recent(2)
    assert texts(page) == ["said at 3", "said at 2"]
    assert texts(store.audit.recent(9, before=page[-1].id)) == ["said at 2", "said at 1"]
    assert [(e.path, e.at_ms) for e in store.audit.recent(9, path="a.md")] == [("a.md", 3), ("a.md", 2)]
    assert page[0].peer == b"p" * 32


def test_the_oldest_go(store: VaultStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultsync.store.audit.KEPT", 3)
    store.audit.append([line(i) for i in range(5)])
    assert texts(store.audit.recent(9)) == ["said at 4", "said at 3", "said at 2"]
    store.audit.append([line(5)])
    assert texts(store.audit.recent(9)) == ["said at 5", "said at 4", "said at 3"]


def test_the_log_is_part_of_the_batch(store: VaultStore) -> None:
    with pytest.raises(ValueError, match="boom"), store.transaction():
        store.audit.append([line(1)])
        raise ValueError("boom")
    assert store.audit.recent(9) == []
