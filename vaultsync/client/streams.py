"""Server-sent events, from lines to values (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from vaultsync.client.decoding import decode
from vaultsync.daemon.events import Event
from vaultsync.daemon.kinds import KINDS
from vaultsync.daemon.traffic import TrafficSample
from vaultsync.errors import NodeError

MAX_DIGITS: Final = 20
"""Of an event's number: 2^64 has as many."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One server-sent event."""

    number: int
    """The last id that came; 0 if none did."""
    name: str
    data: str


@dataclass(frozen=True, slots=True)
class TimedEvent:
    """Something that happened, and when."""

    number: int
    at_ms: int | None
    """Unix time in ms; None if the node does not know any more."""
    event: Event


async def frames_of(lines: AsyncIterator[str]) -> AsyncIterator[Frame]:
    """The events with data that `lines` spell."""
    number, name, data = 0, "", list[str]()
    async for line in lines:
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Frame(number, name, "\n".join(data))
            name, data = "", []
        elif key == "id" and value.isdecimal() and len(value) <= MAX_DIGITS:
            number = int(value)
        elif key == "event":
            name = value
        elif key == "data":
            data.append(value)


async def events_of(lines: AsyncIterator[str]) -> AsyncIterator[tuple[int, Event]]:
    """The events that `lines` spell. Kinds that are not known here are passed over: a newer node may have more.

    `NodeError` if what comes is not an event stream.
    """
    async for frame in frames_of(lines):
        kind = KINDS.get(frame.name)
        if kind is not None:
            yield frame.number, decode(kind, _object(frame))


@dataclass(frozen=True, slots=True)
class _Stamp:
    at: int | None = None


async def timed_events_of(lines: AsyncIterator[str]) -> AsyncIterator[TimedEvent]:
    """The same with the times at which they happened."""
    async for frame in frames_of(lines):
        kind = KINDS.get(frame.name)
        if kind is not None:
            data = _object(frame)
            yield TimedEvent(frame.number, decode(_Stamp, data).at, decode(kind, data))


async def samples_of(lines: AsyncIterator[str]) -> AsyncIterator[TrafficSample]:
    """The measurements that `lines` spell. `NodeError` if what comes is not a stream of them."""
    async for frame in frames_of(lines):
        if frame.name == "traffic":
            yield decode(TrafficSample, _object(frame))


def _object(frame: Frame) -> object:
    try:
        data: object = json.loads(frame.data)
    except (ValueError, RecursionError) as error:
        raise NodeError(f"Its event stream is not understood: {error}.") from error
    return data
