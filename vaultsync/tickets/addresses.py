"""Where a node can be dialed, as text: `host:port`, with an IPv6 literal in brackets."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

MAX_ADDRESS: Final = 262
"""Characters: a DNS name of 253 (RFC 1035 §2.3.4), brackets, colon and port, with a little room."""

_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?")
_SCOPED: Final = re.compile(r"\[[0-9A-Fa-f:.]+%[A-Za-z0-9_.-]+\]")
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}")


def is_address(text: str) -> bool:
    """Whether `text` names a host and a UDP port: `name:port`, `192.0.2.1:port` or `[2001:db8::1]:port`."""
    if len(text) > MAX_ADDRESS:
        return False
    host, _, port = text.rpartition(":")
    if _PORT.fullmatch(port) is None or int(port) > 0xFFFF:
        return False
    return literal(text) is not None or _NAME.fullmatch(host) is not None or _SCOPED.fullmatch(host) is not None


def literal(text: str) -> tuple[IPv4Address | IPv6Address, int] | None:
    """The IP address and the port, if the host is a literal without a scope; None for anything else."""
    host, _, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and (not bracketed or address.scope_id is not None):
        return None
    if isinstance(address, IPv4Address) and bracketed:
        return None
    if _PORT.fullmatch(port) is None or int(port) > 0xFFFF:
        return None
    return address, int(port)


def pack(text: str) -> bytes | None:
    """An IP literal and its port as 6 or 18 bytes in network order; None for anything else."""
    found = literal(text)
    return None if found is None else found[0].packed + found[1].to_bytes(2, "big")


def unpack(packed: bytes) -> str:
    """The address that `pack` packed; `ValueError` for another length or for port 0."""
    if len(packed) not in (6, 18):
        raise ValueError(f"a packed address has 6 or 18 bytes, not {len(packed)}")
    host, port = ip_address(packed[:-2]), int.from_bytes(packed[-2:], "big")
    if port == 0:
        raise ValueError("an address has port 0")
    return f"[{host}]:{port}" if isinstance(host, IPv6Address) else f"{host}:{port}"


def normalised(text: str) -> str:
    """`text` in the one form in which it is compared and encoded: IP literals as RFC 5952 writes them."""
    packed = pack(text)
    return text if packed is None else unpack(packed)
