"""One history: devices are paired, people act in spells, apart and together, and after each spell all is judged."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from tests.blackbox.device import Device
from tests.blackbox.judge import Findings, check_words, wait_for_agreement
from tests.blackbox.ledger import Ledger
from tests.blackbox.person import Person

NAMES = ("Desk", "Phone", "Tablet", "Attic")
SETTLE_S = 45.0
"""How long devices may take to agree after a spell; slower counts as never."""


@dataclass(slots=True)
class Outcome:
    seed: int
    devices: int = 0
    deeds: int = 0
    clashes: int = 0
    copies: int = 0
    only_in_history: set[str] = field(default_factory=set)
    settled_s: list[tuple[str, float]] = field(default_factory=list)
    """After each spell: its kind, and how long the folders took to be alike."""
    found: Findings = field(default_factory=Findings)
    diary: list[str] = field(default_factory=list)


class History:
    def __init__(self, base: Path, seed: int, build: Path | None = None) -> None:
        self._lot = random.Random(seed)
        self.outcome = Outcome(seed, self._lot.choice([2, 2, 2, 3, 3, 4]))
        self.ledger = Ledger()
        self._devices = [Device(base, name, build) for name in NAMES[: self.outcome.devices]]
        self._people = [Person(each, self.ledger, random.Random(f"{seed} {each.name}")) for each in self._devices]
        self._began = time.monotonic()

    def play(self, spells: int, only: Collection[str] = ()) -> Outcome:
        """Pair, act, judge, so many times. Ends early when there is something to find fault with."""
        try:
            self._pair()
            spell = self._lot.choice
            for _ in range(spells):
                kind = spell(
                    [self._together, self._at_once, self._ping_pong, self._stopped, self._killed, self._frozen]
                )
                if self.outcome.found.bad:
                    break
                self._note(f"--- {_name(kind)}")
                kind()
                self._judge(_name(kind))
        except (AssertionError, subprocess.TimeoutExpired) as error:
            self.outcome.found.broken.append(str(error))
        finally:
            for device in self._devices:
                device.kill()
        self.outcome.clashes = self.ledger.clashes
        return self.outcome

    def _pair(self) -> None:
        """Each device may have notes of its own before."""
        for person in self._people:
            for _ in range(self._lot.choice([0, 3, 10])):
                self._deed(person, person.create())
            if self._lot.random() < 0.3:
                self._deed(person, person.attach())
        first, *others = self._devices
        first.run()
        for other in others:
            other.join(first.ticket())
        self._judge("pair")

    def _judge(self, after: str) -> None:
        for device in self._devices:
            if not device.running:
                self.outcome.found.broken.append(f"{device.name} ended by itself: {device.log.read_text()[-2000:]}")
                return
        agreed = wait_for_agreement(self._devices, self.outcome.found, SETTLE_S)
        if agreed is None:
            return
        tree, seconds = agreed
        self._note(f"=== alike after {seconds:.2f} s")
        self.outcome.settled_s.append((after, seconds))
        self.outcome.only_in_history |= check_words(self._devices, tree, self.ledger, self.outcome.found)
        self.outcome.copies = sum("(conflict " in path for path in tree)

    # Spells

    def _together(self) -> None:
        """Everybody does this and that, while all are connected."""
        for _ in range(self._lot.randint(5, 25)):
            self._some_deed(self._people)
            time.sleep(self._lot.choice([0, 0.01, 0.05, 0.2, 0.5]))

    def _at_once(self) -> None:
        """The same note is edited by several within milliseconds."""
        for _ in range(self._lot.randint(3, 10)):
            shared = self._shared_notes()
            if not shared:
                self._some_deed(self._people)
            else:
                note = self._lot.choice(shared)
                for person in self._lot.sample(self._people, self._lot.randint(2, len(self._people))):
                    self._deed(person, person.edit(note))
                    time.sleep(self._lot.choice([0, 0, 0.002, 0.02]))
            time.sleep(self._lot.choice([0, 0.1, 0.4]))

    def _ping_pong(self) -> None:
        """Two people edit one note in turns, again and again, faster than it can cross."""
        shared = self._shared_notes()
        if not shared:
            return self._together()
        note = self._lot.choice(shared)
        pair = self._lot.sample(self._people, 2)
        pause_s = self._lot.choice([0.0, 0.01, 0.03, 0.1, 0.3])
        for _ in range(self._lot.randint(5, 20)):
            for person in pair:
                self._deed(person, person.edit(note))
                time.sleep(self._lot.uniform(0, 2 * pause_s))
        return None

    def _stopped(self) -> None:
        """Some devices are stopped, and life goes on in all folders."""
        self._apart(Device.stop, Device.run)

    def _killed(self) -> None:
        """The same with a crash, in the middle of things."""
        for _ in range(self._lot.randint(0, 5)):
            self._some_deed(self._people)
        time.sleep(self._lot.uniform(0, 0.3))
        self._apart(Device.kill, Device.run)

    def _frozen(self) -> None:
        """The same with a lid that is closed for some seconds."""
        for _ in range(self._lot.randint(0, 5)):
            self._some_deed(self._people)
        self._apart(Device.freeze, Device.thaw, self._lot.choice([0.1, 1.0, 4.0]))

    def _apart(self, leave: Callable[[Device], None], come: Callable[[Device], None], pause_s: float = 0.0) -> None:
        away = self._lot.sample(self._devices, self._lot.randint(1, len(self._devices)))
        for device in away:
            leave(device)
            self._note(f"{device.name} is away")
        for _ in range(self._lot.randint(3, 20)):
            if self._lot.random() < 0.3 and (shared := self._shared_notes()):
                person = self._lot.choice(self._people)
                self._deed(person, person.edit(self._lot.choice(shared)))
            else:
                self._some_deed(self._people)
        time.sleep(pause_s)
        for device in self._lot.sample(away, len(away)):
            come(device)
            self._note(f"{device.name} is back")
            time.sleep(self._lot.choice([0, 0.5]))
            if self._lot.random() < 0.5:
                self._some_deed(self._people)

    def _some_deed(self, people: list[Person]) -> None:
        person = self._lot.choice(people)
        self._deed(person, person.act())

    def _deed(self, person: Person, what: str) -> None:
        self.outcome.deeds += 1
        self._note(f"{person.who}: {what}")

    def _note(self, text: str) -> None:
        self.outcome.diary.append(f"{time.monotonic() - self._began:7.3f} {text}")

    def _shared_notes(self) -> list[str]:
        """Notes that everybody has, at the same path."""
        trees = [device.tree() for device in self._devices]
        return sorted(path for path in trees[0] if path.endswith(".md") and all(tree.get(path) for tree in trees))


def _name(spell: Callable[[], None]) -> str:
    return spell.__name__.strip("_")


def play(base: Path, seed: int, spells: int = 3, build: Path | None = None, only: Collection[str] = ()) -> Outcome:
    """One history below `base`, which is emptied again if there is nothing to find fault with.

    `only` names the kinds of spells that there are to be; all if it is empty.
    """
    where = base / f"seed-{seed}"
    shutil.rmtree(where, ignore_errors=True)
    outcome = History(where, seed, build).play(spells, only)
    if outcome.found.bad:
        (where / "diary.txt").write_text("\n".join(outcome.diary))
    else:
        shutil.rmtree(where, ignore_errors=True)
    return outcome
