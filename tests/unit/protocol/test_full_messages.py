"""Messages that say all that they can."""

from __future__ import annotations

import pytest

from tests.support.wire_values import VAULT, full_messages
from vaultsync.protocol import codec
from vaultsync.protocol.messages import Hello, Message, VaultHello


@pytest.mark.parametrize(
    "message",
    [*full_messages(), Hello(1, "Laptop", "host", "1.0", (), (VaultHello(VAULT, b"i" * 16, 9, b"", 0),))],
    ids=lambda message: type(message).__name__,
)
def test_they_survive(message: Message) -> None:
    assert codec.decode(codec.encode(message), codec.stream_of(message)) == message
