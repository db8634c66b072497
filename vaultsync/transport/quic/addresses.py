"""Between `Address` and what sockets want, and which addresses of this machine a peer could dial."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Final, cast

import ifaddr

from vaultsync.protocol.limits import MAX_ADDRESSES
from vaultsync.transport.base import Address
from vaultsync.transport.quic.udp import SocketAddress

_MAPPED: Final = "::ffff:"
"""How IPv4 peers look on an IPv6 socket (RFC 4291 §2.5.5.2)."""

_ROUTE_PROBES: Final = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))
"""Documentation addresses (RFC 5737, RFC 3849): the route to them is the default route. Nothing is sent."""


def to_address(raw: SocketAddress) -> Address:
    """The address that a socket reported, with IPv4 in its own form."""
    host = raw[0]
    if host.startswith(_MAPPED):
        host = host.removeprefix(_MAPPED)
    elif len(raw) == 4 and raw[3]:
        host = f"{host.partition('%')[0]}%{_interface_name(raw[3])}"
    return Address(host, raw[1])


def is_loopback(raw: SocketAddress) -> bool:
    """Whether packets to this address stay in this machine."""
    host = raw[0].removeprefix(_MAPPED)
    return host == "::1" or host.startswith("127.")


async def resolve(address: Address, family: int) -> list[SocketAddress]:
    """Where datagrams for `address` go on a socket of `family`; empty if it has no such address.

    Raises `OSError` if the name is not known.
    """
    literal = _literal(address, family)
    if literal is not None:
        return [literal]
    flags = socket.AI_V4MAPPED | socket.AI_ALL if family == socket.AF_INET6 else 0
    found = await asyncio.get_running_loop().getaddrinfo(
        address.host, address.port, family=family, type=socket.SOCK_DGRAM, proto=socket.IPPROTO_UDP, flags=flags
    )
    unique: dict[SocketAddress, None] = {}
    for *_, raw in found:
        # The type stub also knows systems whose addresses are (int, bytes).
        unique[cast(SocketAddress, raw)] = None
    return list(unique)


def _literal(address: Address, family: int) -> SocketAddress | None:
    """The socket address of a literal IP address, without asking a resolver that may block."""
    host, _, scope = address.host.partition("%")
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if family == socket.AF_INET:
        return (str(ip), address.port) if ip.version == 4 else None
    if ip.version == 4:
        return (f"{_MAPPED}{ip}", address.port, 0, 0)
    return (str(ip), address.port, 0, _interface_index(scope))


def _interface_index(scope: str) -> int:
    if not scope:
        return 0
    return int(scope) if scope.isdecimal() else socket.if_nametoindex(scope)


def _interface_name(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return str(index)


def dialable(local: SocketAddress, family: int) -> tuple[Address, ...]:
    """Where a socket bound to `local` can be reached, best first, at most `MAX_ADDRESSES`.

    Bound to one address, that one. Bound to all: the default route's first, then the other interfaces', private
    IPv4 before IPv6; neither loopback nor link-local ones, which mean nothing on another machine.
    """
    bound = ipaddress.ip_address(to_address(local).host.partition("%")[0])
    if not bound.is_unspecified:
        return (to_address(local),)
    families = (4, 6) if family == socket.AF_INET6 else (4,)
    preferred = [host for kind, target in _ROUTE_PROBES if (host := _source_for(kind, target)) is not None]
    found: dict[str, None] = dict.fromkeys(preferred)
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            found[entry.ip if isinstance(entry.ip, str) else entry.ip[0]] = None
    usable = []
    for host in found:
        ip = ipaddress.ip_address(host)
        if ip.version in families and not (ip.is_loopback or ip.is_link_local or ip.is_unspecified):
            usable.append((host not in preferred, ip.version, host))
    usable.sort(key=lambda entry: entry[:2])
    return tuple(Address(host, local[1]) for _, _, host in usable[:MAX_ADDRESSES])


def _source_for(family: int, target: str) -> str | None:
    """The address that packets to `target` would leave from; connecting a UDP socket sends none."""
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))
        except OSError:
            return None
        host: str = probe.getsockname()[0]
        return host
