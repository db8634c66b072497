"""Incoming handshakes under way: so many at once, and no address takes all the places."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from vaultsync.transport.quic.udp import SocketAddress

T = TypeVar("T")

PATIENCE_S: Final = 2.0
"""How long a handshake keeps its place against others of the same address: one takes two round trips. It bounds how
many handshakes a second one address can cause."""

_SUBSCRIBER_BITS: Final = 64
"""Of an IPv6 address: the rest is for whoever has the network to choose (RFC 7421)."""


class WaitingRoom(Generic[T]):
    """Who has begun a handshake and has not proven yet who it is, the longest waiting first."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._share = max(places // 4, 2)
        self._by_origin: dict[object, dict[T, float]] = {}
        self._origins: dict[T, object] = {}

    def __len__(self) -> int:
        return len(self._origins)

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._origins))

    def make_room(self, address: SocketAddress, now: float) -> tuple[bool, T | None]:
        """Whether there is a place for somebody at `address`, and who has to leave for that, if anybody.

        Past a quarter of the places, an address only gets those of its own that have waited for long. When all places
        are taken, the address with the most gives up one; where all have the same, who has waited for long leaves.
        """
        own = self._by_origin.get(_origin(address), {})
        if len(own) < self._share:
            if len(self) < self._places:
                return True, None
            crowd = max(self._by_origin.values(), key=len)
            if len(crowd) > len(own) + 1:
                return True, next(iter(crowd))
        else:
            crowd = own
        oldest, since = next(iter(crowd.items()))
        return (True, oldest) if now - since >= PATIENCE_S else (False, None)

    def add(self, guest: T, address: SocketAddress, now: float) -> None:
        origin = _origin(address)
        self._origins[guest] = origin
        self._by_origin.setdefault(origin, {})[guest] = now

    def discard(self, guest: T) -> None:
        """It has left, one way or the other. Nothing happens if it is not here."""
        origin = self._origins.pop(guest, None)
        if origin is not None:
            others = self._by_origin[origin]
            del others[guest]
            if not others:
                del self._by_origin[origin]

    def clear(self) -> None:
        self._origins.clear()
        self._by_origin.clear()


def _origin(address: SocketAddress) -> object:
    """What one subscriber has: an IPv4 address, or the network of an IPv6 address."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    if isinstance(host, ipaddress.IPv4Address):
        return int(host)
    if host.ipv4_mapped is not None:
        return int(host.ipv4_mapped)
    return host.packed[: _SUBSCRIBER_BITS // 8]
