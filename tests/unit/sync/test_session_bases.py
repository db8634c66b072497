"""Which manifests a peer would rather have as differences."""

from __future__ import annotations

from vaultsync.model.ids import VaultId
from vaultsync.protocol.messages import Want
from vaultsync.sync.session import Position, Session

VAULT = VaultId(b"v" * 16)
FILE, OTHER, BASE = b"f" * 32, b"o" * 32, b"b" * 32


def test_bases_are_remembered_of_the_manifests_that_are_asked_for() -> None:
    session = Session(VAULT, b"o" * 16, Position(0, b"s" * 32), (b"", 0), 0)
    assert (session.bases, session.shared) == ({}, {})
    session.receive_want(Want(VAULT, manifests=(FILE,), bases={FILE: BASE, OTHER: BASE}))
    assert session.bases == {FILE: BASE}
