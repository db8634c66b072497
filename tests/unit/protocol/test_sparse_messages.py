"""Messages that say no more than they must."""

from __future__ import annotations

import pytest

from vaultsync.model.ids import VaultId
from vaultsync.protocol import codec
from vaultsync.protocol.messages import Bye, ChangeSet, Contents, Hello, Join, Message, Want, Welcome

VAULT = VaultId(b"v" * 16)


@pytest.mark.parametrize(
    "message",
    [
        Hello(1, "", "", ""),
        Join(VAULT, bytes(16), "", ""),
        Welcome(VAULT, "", "", "", "member"),
        Want(VAULT, (b"h" * 32,)),
        Want(VAULT, manifests=(b"h" * 32,)),
        Bye(0),
        ChangeSet(VAULT, (), 0),
        Contents(VAULT, missing=(b"h" * 32,)),
        Contents(VAULT, {b"h" * 32: b""}),
    ],
    ids=lambda message: type(message).__name__,
)
def test_they_survive(message: Message) -> None:
    body = codec.encode(message)
    assert codec.decode(body, codec.stream_of(message)) == message
    assert len(body) < 100
