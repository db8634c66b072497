"""Nodes on machines of their own, whose network changes under them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.integration.netns.lab import Lab, Machine, lab, missing, wait

WHY_NOT = missing()
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.e2e]


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lab]:
    with lab(tmp_path) as made:
        yield made


def pair(host: Machine, *guests: Machine) -> None:
    host.start("make")
    host.read("ticket")
    for guest in guests:
        guest.start("join", str(host.home / "ticket"))
        guest.read("ready")
    for guest in guests:
        crosses(host, guest, f"hello {guest.name}")


def crosses(source: Machine, target: Machine, text: str, timeout_s: float = 60.0) -> None:
    """Write a note on one machine and wait for it on the other."""
    name = f"{text}.md"
    (source.root / name).write_text(text)
    found = target.root / name

    def why() -> str:
        return f"“{text}” never came.\n{source.name}: {source.log()}\n{target.name}: {target.log()}"

    wait(lambda: found.exists() and found.read_text() == text, timeout_s, why)


def lost(machine: Machine, other: str) -> bool:
    return machine.states()[other] != "connected"


def two_machines(net: Lab) -> tuple[Machine, Machine, str, str]:
    home = net.network("home")
    anna, bert = net.machine("anna"), net.machine("bert")
    return anna, bert, anna.join(home, "10.77.0.1/24"), bert.join(home, "10.77.0.2/24")


def test_a_device_that_changes_its_address_goes_on(net: Lab) -> None:
    anna, bert, anna_interface, bert_interface = two_machines(net)
    pair(anna, bert)
    for mover, interface, old, new in (
        (bert, bert_interface, "10.77.0.2/24", "10.77.0.22/24"),
        (anna, anna_interface, "10.77.0.1/24", "10.77.0.11/24"),
    ):
        mover.ip("address", "del", old, "dev", interface)
        mover.ip("address", "add", new, "dev", interface)
        crosses(mover, anna if mover is bert else bert, f"{mover.name} moved")
        crosses(anna if mover is bert else bert, mover, f"{mover.name} hears")


def test_a_link_that_is_down_is_noticed_and_made_up_for_when_it_is_back(net: Lab) -> None:
    anna, bert, _, interface = two_machines(net)
    pair(anna, bert)
    bert.ip("link", "set", interface, "down")
    (anna.root / "meanwhile.md").write_text("from anna")
    (bert.root / "also meanwhile.md").write_text("from bert")
    for machine, other in ((anna, "bert"), (bert, "anna")):
        wait(partial(lost, machine, other), 60, machine.log)
    time.sleep(15)
    bert.ip("link", "set", interface, "up")
    wait(lambda: (bert.root / "meanwhile.md").exists() and (anna.root / "also meanwhile.md").exists(), 60, bert.log)


def test_loss_and_delay_lose_nothing(net: Lab) -> None:
    anna, bert, *interfaces = two_machines(net)
    for machine, interface in zip((anna, bert), interfaces, strict=True):
        if not machine.netem(interface, "delay", "50ms", "loss", "1%"):
            pytest.skip("this machine's kernel has no netem")
    pair(anna, bert)
    for number in range(200):
        (anna.root / f"note {number}.md").write_text(f"note {number}\n" * 100)
    (anna.root / "large.bin").write_bytes(bytes(range(256)) * 8192)

    def all_there() -> bool:
        return len(list(bert.root.glob("note *.md"))) == 200 and (bert.root / "large.bin").exists()

    wait(all_there, 60, bert.log)
    assert (bert.root / "large.bin").read_bytes() == (anna.root / "large.bin").read_bytes()
    crosses(bert, anna, "and back")


def test_two_networks_joined_by_one_node_come_together(net: Lab) -> None:
    home, office = net.network("home"), net.network("office")
    anna, both, carl = net.machine("anna"), net.machine("both"), net.machine("carl")
    anna.join(home, "10.77.0.1/24")
    both.join(home, "10.77.0.2/24")
    both.join(office, "10.88.0.2/24")
    carl.join(office, "10.88.0.3/24")
    pair(both, anna, carl)
    crosses(anna, carl, "from one network to the other")
    crosses(carl, anna, "and back")
    assert anna.states().get("carl") != "connected", "there is no way between them"
