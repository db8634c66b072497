"""A network of their own for the devices of one history: each is a computer, with an address, on one cable.

Two computers can be cut off from each other, silently, as by a firewall or a wall between them. It needs root on Linux;
nothing of it is left when the process that made it is gone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations

_NOBODY = "02:00:00:00:00:99"
"""A hardware address that no computer has: what is sent there is never answered, and no error comes back."""
_PREPARE = """
for setting in /proc/sys/net/ipv6/conf/{all,default}/disable_ipv6; do echo 1 > $setting; done
ip link set lo up; echo ready; exec cat
"""


def possible() -> bool:
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    try:
        with network(1):
            return True
    except (OSError, AssertionError, subprocess.SubprocessError):
        return False


class Network:
    """Computers 0 to n-1. Use `network`."""

    def __init__(self, hub: _Space, spaces: Sequence[_Space]) -> None:
        self._spaces = spaces
        self._hosts = list(range(1, len(spaces) + 1))
        self._cut: set[frozenset[int]] = set()
        hub.ip("link add hub type bridge", "link set hub up")
        for number, space in enumerate(spaces):
            hub.ip(f"link add p{number} type veth peer name eth0 netns {space.pid}")
            hub.ip(f"link set p{number} master hub up")
            space.ip("link set eth0 up", f"addr add {self.address(number)}/24 dev eth0")

    def space(self, number: int) -> int:
        """A process that is on this computer."""
        return self._spaces[number].pid

    def address(self, number: int) -> str:
        return f"10.77.0.{self._hosts[number]}"

    def cut(self, one: int, other: int) -> None:
        self._cut.add(frozenset((one, other)))
        self._spaces[one].ip(f"neigh replace {self.address(other)} lladdr {_NOBODY} nud permanent dev eth0")
        self._spaces[other].ip(f"neigh replace {self.address(one)} lladdr {_NOBODY} nud permanent dev eth0")

    def mend(self, one: int, other: int) -> None:
        if frozenset((one, other)) in self._cut:
            self._cut.discard(frozenset((one, other)))
            self._spaces[one].ip(f"neigh del {self.address(other)} dev eth0")
            self._spaces[other].ip(f"neigh del {self.address(one)} dev eth0")

    def split(self, side: Sequence[int]) -> list[tuple[int, int]]:
        """Cut these computers off from all others; the pairs that were cut."""
        pairs = [
            (one, other)
            for one, other in combinations(range(len(self._spaces)), 2)
            if (one in side) != (other in side) and frozenset((one, other)) not in self._cut
        ]
        for pair in pairs:
            self.cut(*pair)
        return pairs

    def renumber(self, number: int) -> None:
        """The computer gets another address, as in another network; the old one is nobody's."""
        assert not any(number in pair for pair in self._cut), "mend it first"
        old = self.address(number)
        self._hosts[number] += len(self._spaces)
        self._spaces[number].ip(f"addr del {old}/24 dev eth0", f"addr add {self.address(number)}/24 dev eth0")


class _Space:
    """A network namespace, which lives as long as a process in it."""

    def __init__(self) -> None:
        quiet = "/proc/sys/net/ipv6/conf/{all,default}/disable_ipv6"
        self._holder = subprocess.Popen(
            [
                "unshare",
                "--net",
                "bash",
                "-c",
                f"for f in {quiet}; do echo 1 > $f; done; ip link set lo up; echo ready; exec cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._holder.pid
        self._prefix = ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n", "no network namespace to be had"

    def ip(self, *lines: str) -> None:
        subprocess.run(
            [*self._prefix, "ip", "-batch", "-"], input="\n".join(lines).encode(), capture_output=True, check=True
        )

    def close(self) -> None:
        self._holder.kill()
        self._holder.communicate()


@contextmanager
def network(computers: int) -> Iterator[Network]:
    spaces: list[_Space] = []
    try:
        spaces += (_Space() for _ in range(computers + 1))
        yield Network(spaces[0], spaces[1:])
    finally:
        for space in spaces:
            space.close()
