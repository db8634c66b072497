"""Server-sent events, from lines to numbered events (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from vaultsync.client.decoding import decode
from vaultsync.daemon.events import Event
from vaultsync.daemon.kinds import KINDS
from vaultsync.errors import NodeError


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[tuple[int, Event]]:
    """The events that `lines` spell. Kinds that are not known here are passed over: a newer node may have more.

    `NodeError` if what comes is not an event stream.
    """
    number, name, data = 0, "", list[str]()
    async for line in lines:
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            kind = KINDS.get(name)
            if kind is not None and data:
                yield number, _event(kind, "\n".join(data))
            name, data = "", []
        elif key == "id" and value.isdecimal():
            number = int(value)
        elif key == "event":
            name = value
        elif key == "data":
            data.append(value)


def _event(kind: type[Event], text: str) -> Event:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise NodeError(f"Its event stream is not understood: {error}.") from error
    return decode(kind, data)
