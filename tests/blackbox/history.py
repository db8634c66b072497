"""One history: devices are paired, people act in spells, apart and together, and after each spell all is judged."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.blackbox.beginnings import begin
from tests.blackbox.deeds import act
from tests.blackbox.device import Device
from tests.blackbox.judge import Findings, Tree, check_calm, check_words, wait_for_agreement, wait_until_up
from tests.blackbox.ledger import Ledger
from tests.blackbox.network import Network, network, possible
from tests.blackbox.person import Person
from tests.blackbox.spells import NETWORK_SPELLS, SPELLS, Spell
from tests.blackbox.starting import Cold, Start

NAMES = ("Desk", "Phone", "Tablet", "Attic")
SETTLE_S = 60.0
"""How long devices may take to agree after a spell; slower counts as never."""
SLOW_S = 9.0
"""What took longer than this is kept to be looked into."""


@dataclass(slots=True)
class Outcome:
    seed: int
    devices: int = 0
    place: str = ""
    """Where the devices are: on one computer, on a network, on one where some never meet."""
    deeds: int = 0
    clashes: int = 0
    copies: int = 0
    only_in_history: set[str] = field(default_factory=set)
    settled_s: list[tuple[str, float]] = field(default_factory=list)
    """After each spell: its kind, and how long the folders took to be alike."""
    found: Findings = field(default_factory=Findings)
    diary: list[str] = field(default_factory=list)


class History:
    def __init__(self, base: Path, seed: int, start: Start, cold: Start) -> None:
        self.lot = random.Random(seed)
        self.outcome = Outcome(seed, self.lot.choice([2, 2, 2, 3, 3, 4]))
        self.ledger = Ledger()
        self.devices = [Device(base, name, start, cold) for name in NAMES[: self.outcome.devices]]
        self.people = [Person(each, self.ledger, random.Random(f"{seed} {each.name}")) for each in self.devices]
        self.network: Network | None = None
        self.in_line = False
        """Whether only neighbours in the list of devices can reach each other."""
        self._began = time.monotonic()

    def play(self, spells: int, only: Collection[str] = ()) -> Outcome:
        """Pair, act, judge, so many times. Ends early when there is something to find fault with."""
        with ExitStack() as stack:
            self._settle_down(stack, only)
            try:
                self._pair()
                drawn = [each for each in self._spells() if not only or each[1].__name__ in only]
                for _ in range(spells if drawn else 0):
                    spell = self.lot.choices([spell for _, spell in drawn], [weight for weight, _ in drawn])[0]
                    self.note(f"--- {spell.__name__}")
                    spell(self)
                    self.judge(spell.__name__)
                check_calm(self.devices, self.devices[0].tree(), self.outcome.found)
            except (AssertionError, subprocess.TimeoutExpired) as error:
                self.outcome.found.broken.append(str(error))
            finally:
                for device in self.devices:
                    device.kill()
        self.outcome.clashes = self.ledger.clashes
        return self.outcome

    def judge(self, after: str) -> Tree:
        """Wait until all agree, and check what they agree on.

        Raises AssertionError if there is something to find fault with: there is no use in going on.
        """
        wait_until_up(self.devices)
        agreed = wait_for_agreement(self.devices, self.outcome.found, SETTLE_S)
        assert agreed is not None, f"not alike after {after}"
        tree, seconds = agreed
        self.note(f"=== alike after {seconds:.2f} s")
        self.outcome.settled_s.append((after, seconds))
        self.outcome.only_in_history |= check_words(self.devices, tree, self.ledger, self.outcome.found)
        self.outcome.copies = sum("(conflict " in path for path in tree)
        assert not self.outcome.found.bad, f"found after {after}"
        return tree

    def deed(self, person: Person, what: str) -> None:
        self.outcome.deeds += 1
        self.note(f"{person.who}: {what}")

    def note(self, text: str) -> None:
        self.outcome.diary.append(f"{time.monotonic() - self._began:7.3f} {text}")

    def shared_notes(self) -> list[str]:
        """Notes that everybody has, at the same path."""
        names = [set(person.notes()) for person in self.people]
        return sorted(set.intersection(*names))

    def _settle_down(self, stack: ExitStack, only: Collection[str]) -> None:
        """On one computer, or each on one of its own; there some never meet."""
        needed = bool(set(only) & {spell.__name__ for _, spell in NETWORK_SPELLS})
        mdns = self.lot.random() < 0.3
        if (self.lot.random() < 0.4 or needed) and _network_possible():
            self.network = stack.enter_context(network(len(self.devices)))
            for number, device in enumerate(self.devices):
                device.space = self.network.space(number)
            self.in_line = len(self.devices) > 2 and self.lot.random() < 0.5
            # What is announced passes every wall here.
            mdns = mdns and not self.in_line
            if self.in_line:
                for one in range(len(self.devices)):
                    for other in range(one + 2, len(self.devices)):
                        self.network.cut(one, other)
        for number, device in enumerate(self.devices):
            beside = self.devices[max(number - 1, 0) : number + 2] if self.in_line else self.devices
            device.reachable = {each.name for each in beside if each is not device}
            device.configure(loopback=self.network is None and not mdns, mdns=mdns)
        place = "loopback" if self.network is None else "line" if self.in_line else "network"
        self.outcome.place = place + " with mDNS" * mdns
        self.note(self.outcome.place)

    def _pair(self) -> None:
        begin(self)
        first, *others = self.devices
        first.run()
        friend = first
        for other in others:
            other.join(friend.ticket())
            friend = other if self.in_line else first
        if self.lot.random() < 0.3:
            for _ in range(self.lot.randint(1, 10)):
                person = self.lot.choice(self.people)
                self.deed(person, act(person))
        self.ledger.unclear()
        self.judge("pair")

    def _spells(self) -> tuple[tuple[int, Spell], ...]:
        return SPELLS if self.network is None else SPELLS + NETWORK_SPELLS


@cache
def _network_possible() -> bool:
    return possible()


def play(
    base: Path,
    seed: int,
    spells: int = 3,
    build: Path | None = None,
    only: Collection[str] = (),
    start: Start | None = None,
) -> Outcome:
    """One history below `base`, which is emptied again if there is nothing to look into.

    `build` is a folder that holds the product to try, if it is not this one; `only` names the kinds of spells that
    there are to be, all if it is empty; `start` is how daemons and commands begin, as a person starts them by default.
    """
    where = base / f"seed-{seed}"
    shutil.rmtree(where, ignore_errors=True)
    cold = Cold(build or Path(__file__).parents[2])
    outcome = History(where, seed, start or cold, cold).play(spells, only)
    slowest_s = max((seconds for _, seconds in outcome.settled_s), default=0.0)
    if outcome.found.bad or outcome.only_in_history or slowest_s > SLOW_S:
        (where / "diary.txt").write_text("\n".join(outcome.diary))
    else:
        shutil.rmtree(where, ignore_errors=True)
    return outcome
