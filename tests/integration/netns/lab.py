"""Machines made of network namespaces, joined by bridges, for nodes that run as processes in them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

NODE_PROGRAM = Path(__file__).with_name("node_program.py")


def missing() -> str:
    """Why namespaces can't be used here; empty if they can."""
    if sys.platform != "linux":
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    if shutil.which("ip") is None or shutil.which("tc") is None:
        return "iproute2 is not installed"
    probe = f"vsprobe{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode:
        return "this machine does not allow network namespaces"
    made = subprocess.run(
        ["ip", "link", "add", f"{probe[:12]}a", "type", "veth", "peer", "name", f"{probe[:12]}b"], capture_output=True
    )
    subprocess.run(["ip", "link", "del", f"{probe[:12]}a"], capture_output=True)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True)
    return "this machine does not allow virtual links" if made.returncode else ""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Machine:
    """A namespace, and the node that runs in it."""

    def __init__(self, lab: Lab, name: str) -> None:
        self.lab = lab
        self.name = name
        self.space = f"{lab.prefix}-{name}"
        self.home = lab.base / name
        self.root = self.home / "vault"
        self.process: subprocess.Popen[bytes] | None = None
        self.interfaces = 0
        ip("netns", "add", self.space)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words: str) -> None:
        ip("-n", self.space, *words)

    def join(self, network: str, address: str) -> str:
        """Plug into `network` with `address` (with its prefix length). Returns the interface's name."""
        self.interfaces += 1
        inside = f"eth{self.interfaces}"
        self.lab.links += 1
        outside = f"{self.lab.prefix}v{self.lab.links}"
        ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", self.space)
        ip("link", "set", outside, "netns", self.lab.switch)
        ip("-n", self.lab.switch, "link", "set", outside, "master", network, "up")
        self.ip("address", "add", address, "dev", inside)
        self.ip("link", "set", inside, "up")
        return inside

    def netem(self, interface: str, *words: str) -> bool:
        """Make what leaves by `interface` slow or lossy (tc-netem(8)). Whether this kernel can."""
        command = ["tc", "-n", self.space, "qdisc", "replace", "dev", interface, "root", "netem", *words]
        return subprocess.run(command, capture_output=True).returncode == 0

    def start(self, *arguments: str) -> None:
        """Run a node with `arguments` (node_program.py)."""
        self.home.mkdir(exist_ok=True)
        log = (self.home / "log").open("ab")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", self.space, sys.executable, str(NODE_PROGRAM), str(self.home), *arguments],
            stdout=log,
            stderr=log,
            env={**os.environ, "VAULTSYNC_KEYRING": "off", "PYTHONPATH": str(NODE_PROGRAM.parents[3])},
        )
        log.close()

    def read(self, name: str, timeout_s: float = 20.0) -> str:
        """What the node has written into its file `name`, once it is there."""
        path = self.home / name
        wait(path.exists, timeout_s, lambda: f"{self.name} never wrote {name}:\n{self.log()}")
        return path.read_text()

    def states(self) -> dict[str, str]:
        """The states of its peers by name."""
        try:
            lines = (self.home / "states").read_text().splitlines()
        except FileNotFoundError:
            return {}
        return dict(line.split("=", 1) for line in lines)

    def log(self) -> str:
        return (self.home / "log").read_text()[-2000:]

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


class Lab:
    """Networks and machines, taken down at the end."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.prefix = f"vs{os.getpid() % 100_000}"
        self.switch = f"{self.prefix}-switch"
        self.links = 0
        self.machines: list[Machine] = []
        ip("netns", "add", self.switch)

    def network(self, name: str) -> str:
        ip("-n", self.switch, "link", "add", name, "type", "bridge")
        ip("-n", self.switch, "link", "set", name, "up")
        return name

    def machine(self, name: str) -> Machine:
        machine = Machine(self, name)
        self.machines.append(machine)
        return machine

    def close(self) -> None:
        for machine in self.machines:
            machine.stop()
            subprocess.run(["ip", "netns", "del", machine.space], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.switch], capture_output=True)


@contextlib.contextmanager
def lab(base: Path) -> Iterator[Lab]:
    made = Lab(base)
    try:
        yield made
    finally:
        made.close()


def wait(condition: Callable[[], bool], timeout_s: float, why: Callable[[], str]) -> float:
    """Wait for `condition` in other processes. Returns how long it took, in seconds."""
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > timeout_s:
            raise AssertionError(why())
        time.sleep(0.02)
    return time.monotonic() - start
