"""Devices that ask to be let in without a ticket that is still good, for a person to decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.database import Database

MAX_WAITING: Final = 16
"""Requests for one vault that wait for an answer."""
ANSWER_KEPT_MS: Final = 24 * 3_600_000
"""How long an answer stands: a device that was allowed in must come within this time."""


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """Times are Unix ms. What the device says of itself is not proven; its id is."""

    vault: VaultId
    node: NodeId
    name: str
    hostname: str
    address: str
    asked_at: int
    role: str | None = None
    """What it may come in as; None if it was denied, or nobody has decided."""
    decided_at: int | None = None

    def is_over(self, now_ms: int) -> bool:
        """Whether the answer was given so long ago that it stands no more."""
        return self.decided_at is not None and now_ms - self.decided_at > ANSWER_KEPT_MS


class RequestTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def ask(self, request: JoinRequest) -> bool:
        """Remember a request, if there is room. Tells whether it is a new one that waits for an answer now."""
        with self._database.atomic():
            self._database.run("DELETE FROM requests WHERE decided_at < ?", (request.asked_at - ANSWER_KEPT_MS,))
            if self.get(request.vault, request.node) is not None:
                return False
            if len(self.waiting(request.vault)) >= MAX_WAITING:
                return False
            self._database.run(
                "INSERT INTO requests (vault, node, name, hostname, address, asked_at) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    request.vault.raw,
                    request.node.raw,
                    request.name,
                    request.hostname,
                    request.address,
                    request.asked_at,
                ),
            )
            return True

    def get(self, vault: VaultId, node: NodeId) -> JoinRequest | None:
        return next(iter(self._select("WHERE vault = ? AND node = ?", (vault.raw, node.raw))), None)

    def waiting(self, vault: VaultId | None = None) -> list[JoinRequest]:
        """The requests that nobody has answered, of one vault or of all, the oldest first."""
        if vault is None:
            return self._select("WHERE decided_at IS NULL", ())
        return self._select("WHERE decided_at IS NULL AND vault = ?", (vault.raw,))

    def answer(self, vault: VaultId, node: NodeId, role: str | None, now_ms: int) -> bool:
        """Allow it in as `role`, or deny it (None). Tells whether there was such a request."""
        changed = self._database.run(
            "UPDATE requests SET role = ?, decided_at = ? WHERE vault = ? AND node = ?",
            (role, now_ms, vault.raw, node.raw),
        )
        return changed > 0

    def remove(self, vault: VaultId, node: NodeId) -> None:
        self._database.run("DELETE FROM requests WHERE vault = ? AND node = ?", (vault.raw, node.raw))

    def _select(self, where: str, cells: tuple[bytes, ...]) -> list[JoinRequest]:
        rows = self._database.rows(
            "SELECT vault, node, name, hostname, address, asked_at, role, decided_at FROM requests "  # noqa: S608
            f"{where} ORDER BY asked_at, node",
            cells,
        )
        return [JoinRequest(VaultId(vault), NodeId(node), *rest) for vault, node, *rest in rows]
