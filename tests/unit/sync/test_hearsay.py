"""Who passes on whose edits: what it has without us need not be sent to it in full."""

from __future__ import annotations

from dataclasses import replace

from tests.support.records import a_file, version
from vaultsync.model.ids import VaultId
from vaultsync.protocol.messages import ChangeSet, VaultHello
from vaultsync.sync.session import MAX_HEARD, Position, Session

VAULT = VaultId(b"v" * 16)
ANNA, BERT = b"a" * 32, b"b" * 32


def opened() -> Session:
    """The peer's index stands at 6."""
    session = Session(VAULT, b"o" * 16, Position(10, b"s" * 32), (b"t" * 16, 4), 7)
    session.opened(VaultHello(VAULT, b"t" * 16, 6, b"o" * 16, 7))
    return session


def edit(author: bytes, *, through: int) -> ChangeSet:
    return ChangeSet(VAULT, (replace(a_file("x", version(b=1)), modified_by=author),), through)


def test_a_peer_that_passes_on_edits_has_them_without_us() -> None:
    session = opened()
    assert not session.hears(ANNA)
    session.receive_changes(edit(ANNA, through=7))
    assert session.hears(ANNA)
    assert not session.hears(BERT)


def test_what_arose_before_the_conversation_tells_nothing() -> None:
    session = opened()
    session.receive_changes(edit(ANNA, through=6))
    assert not session.hears(ANNA)


def test_it_is_remembered_of_so_many_devices_and_no_more() -> None:
    session = opened()
    for number in range(MAX_HEARD):
        session.receive_changes(edit(number.to_bytes(32, "big"), through=7 + number))
    assert session.hears(bytes(32))
    session.receive_changes(edit(ANNA, through=7 + MAX_HEARD))
    assert not session.hears(bytes(32)), "it begins anew"
