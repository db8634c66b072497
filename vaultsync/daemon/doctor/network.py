"""The network: a port to listen on, an address to be reached at, what may stand in between."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.doctor.finding import Finding, fine, problem, warning
from vaultsync.daemon.opening import PORT_FILE
from vaultsync.transport.quic.addresses import dialable

UFW = Path("/etc/ufw/ufw.conf")
FIREWALLD = Path("/run/firewalld")


def check_network(places: Places, config: Config, *, node_runs: bool) -> Iterator[Finding]:
    """Everything about the network that can be seen from this device. Blocks."""
    port = config.listen_port or _last_port(places.data / PORT_FILE)
    if node_runs:
        yield fine("port", f"vaultsync listens on UDP port {port}." if port else "vaultsync listens.")
    else:
        yield check_port(config.listen_host, port)
    yield check_addresses(config.listen_host)
    yield from check_firewall(port)
    if not config.mdns:
        text = "Finding devices on the local network is switched off: only addresses that are known are dialed."
        yield warning("nearby", text, "vaultsync config set mdns on")
    else:
        yield check_multicast()


def check_port(host: str | None, port: int) -> Finding:
    """Whether the port can be listened on now."""
    family = socket.AF_INET6 if host and ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind((host or "", port))
        except OSError as error:
            where = f"UDP port {port}" + (f" of {host}" if host else "")
            mend = "Another program has it, or this device has no such address: `vaultsync config set listen_port 0`."
            return problem("port", f"{where} cannot be listened on: {error.strerror}.", mend)
    return fine("port", f"UDP port {port} is free." if port else "Any free UDP port can be listened on.")


def check_addresses(host: str | None) -> Finding:
    """Whether other devices have an address to reach this one at."""
    found = [host] if host else [address.host for address in dialable(("0.0.0.0", 1), socket.AF_INET)]  # noqa: S104
    reachable = [address for address in found if not address.startswith("127.") and address != "::1"]
    if reachable:
        return fine("address", f"Other devices reach this one at {', '.join(reachable[:4])}.")
    if host:
        text, mend = (
            f"It listens on {host} only, where no other device can reach it.",
            "vaultsync config set listen_host ''",
        )
        return warning("address", text, mend)
    return warning("address", "This device is in no network.", "Connect it; until then edits wait.")


def check_firewall(port: int) -> Iterator[Finding]:
    """What is known to stand in the way by default, and how to let vaultsync through it."""
    which = str(port) if port else "PORT"
    fixed = "" if port else " (fix it first: `vaultsync config set listen_port 41100`)"
    if sys.platform == "win32":
        mend = "If others cannot connect: allow Python in “Windows Defender Firewall” for private networks."
        yield fine("firewall", f"Windows asks once whether vaultsync may be reached. {mend}")
    elif sys.platform == "darwin":
        yield fine("firewall", "If others cannot connect: System Settings, Network, Firewall must let Python in.")
    elif _ufw_is_on():
        text = f"The firewall ufw is on; it must let UDP port {which} in for others to reach this device{fixed}."
        yield warning("firewall", text, f"sudo ufw allow {which}/udp")
    elif FIREWALLD.exists():
        text = f"firewalld is on; it must let UDP port {which} in for others to reach this device{fixed}."
        yield warning(
            "firewall", text, f"sudo firewall-cmd --permanent --add-port={which}/udp && sudo firewall-cmd --reload"
        )
    else:
        yield fine("firewall", "No firewall that vaultsync knows is on (ufw, firewalld).")


def check_multicast() -> Finding:
    """Whether the local network can be asked who is there (RFC 6762: 224.0.0.251)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            member = socket.inet_aton("224.0.0.251") + socket.inet_aton("0.0.0.0")  # noqa: S104 (any interface)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError as error:
            text = f"Devices on the local network are not found by themselves: {error.strerror}."
            return warning(
                "nearby", text, "Addresses that worked before, and those on tickets, are dialed all the same."
            )
    return fine("nearby", "Devices on the local network can be found by themselves.")


def _ufw_is_on() -> bool:
    try:
        return any(line.strip().lower() == "enabled=yes" for line in UFW.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return False


def _last_port(path: Path) -> int:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
