"""Reconcile on small worlds: devices that edit apart, and meet in any order, arrive at the same records.

The world is a model without disks or messages: each device is a map of records and a set of contents. Contents are
sets of words; each edit adds a word of its own, so that a lost edit is a missing word. Merging is the union.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.records import BASE_MS, MINUTE_MS, device
from vaultsync.model.changes import Author, Observation, record_change
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import join_all
from vaultsync.sync.reconcile import Follow, Ignore, Keep, Merge, Split, Take, copy_of, reconcile
from vaultsync.vault.hashing import hash_bytes

PATHS = ("note.md", "picture.png", "new.md")
Words = frozenset[str]


@dataclass
class Device:
    """A map of records, and what each content says."""

    author: Author
    world: World
    records: dict[str, FileRecord] = field(default_factory=dict)

    def words(self, path: str) -> Words:
        record = self.records.get(path)
        return self.world.contents[record.hash] if record and record.hash else frozenset()

    def edit(self, path: str) -> None:
        """Add a word to a mergeable file; any other is written anew."""
        word = self.world.new_word()
        before = self.words(path) if path.endswith(".md") else frozenset()
        self.world.given_up |= self.words(path) - before
        self._see(Observation(path, Kind.FILE, self.world.keep(before | {word})))

    def delete(self, path: str) -> None:
        self.world.given_up |= self.words(path)
        self._see(Observation(path, None))

    def make_folder(self, path: str) -> None:
        self.world.given_up |= self.words(path)
        self._see(Observation(path, Kind.DIR))

    def move(self, path: str, target: str) -> None:
        """Rename as sync/moves.py does: each path has its own version."""
        source = self.records.get(path)
        if source is None or source.deleted or source.kind is not Kind.FILE or path == target:
            return
        known = self.records.get(target)
        if known is not None and not known.deleted:
            return
        self._see(Observation(path, None))
        self.records[path] = replace(self.records[path], moved_to=target)
        self._see(Observation(target, Kind.FILE, source.hash))
        self.records[target] = replace(self.records[target], moved_from=path)

    def _see(self, seen: Observation) -> None:
        change = record_change(self.records.get(seen.path), seen, self.author, self.world.now_ms)
        if change is not None:
            self.records[seen.path] = change

    def receive(self, remote: FileRecord) -> None:
        path = remote.path
        local = self.records.get(path)
        moved_to = remote.moved_to or (local.moved_to if local else None)
        decision = reconcile(
            local,
            remote,
            mergeable=path.endswith(".md"),
            can_follow=moved_to is not None and self._has_file(moved_to),
        )
        match decision:
            case Ignore():
                return
            case Take(record, _) | Keep(record, _):
                self.records[path] = record
            case Merge(record, _):
                assert local is not None
                united = self.world.contents[local.hash] | self.world.contents[remote.hash]
                self.records[path] = replace(record, hash=self.world.keep(united))
            case Split(record, beside, _):
                self.receive(beside)
                self.records[path] = record
            case Follow(record, alive, _):
                assert record.moved_to is not None
                self._follow(record.moved_to, alive)
                self.records[path] = record

    def _has_file(self, path: str) -> bool:
        record = self.records.get(path)
        return record is not None and not record.deleted and record.kind is Kind.FILE

    def _follow(self, path: str, alive: FileRecord) -> None:
        """As daemon/replica/follow.py does: an edit of this device, unless what it brings is there."""
        words, there = self.world.contents[alive.hash], self.words(path)
        if words <= there:
            return
        if path.endswith(".md") or there <= words:
            self._see(Observation(path, Kind.FILE, self.world.keep(words | there)))
        else:
            self.receive(copy_of(replace(alive, path=path)))

    def state(self) -> dict[str, tuple[object, ...]]:
        """What the digest is taken of."""
        return {path: (r.kind, r.hash, r.deleted, r.version) for path, r in self.records.items()}

    def alive(self) -> Words:
        """Every word in some file."""
        return frozenset().union(*(self.words(path) for path in self.records))


@dataclass
class World:
    size: int
    now_ms: int = BASE_MS
    contents: dict[bytes, Words] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    """Words that a person deleted or wrote over, somewhere."""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    devices: list[Device] = field(init=False)

    def __post_init__(self) -> None:
        self.devices = [Device(Author(device(n), f"Device {n}"), self) for n in range(1, self.size + 1)]

    def new_word(self) -> str:
        return f"w{next(self.numbers)}"

    @property
    def written(self) -> Words:
        return frozenset().union(*self.contents.values())

    def keep(self, words: Words) -> bytes:
        hash_ = hash_bytes(" ".join(sorted(words)).encode())
        self.contents[hash_] = words
        return hash_

    def exchange(self, giver: int, taker: int) -> None:
        """All records of one device go to another, targets of moves first (as integrate.py has it)."""
        records = sorted(self.devices[giver].records.values(), key=lambda r: (r.deleted, r.path))
        for record in records:
            self.devices[taker].receive(record)

    def gossip(self, order: Sequence[tuple[int, int]], rounds: int) -> bool:
        """Exchange in this order, again and again. Whether all devices came to say the same."""
        for _ in range(rounds):
            for giver, taker in order:
                self.exchange(giver, taker)
        first, *others = (each.state() for each in self.devices)
        return all(other == first for other in others)


@dataclass(frozen=True)
class Event:
    """One thing that happens: an edit, or a meeting of two devices."""

    verb: str
    who: int
    path: str
    other: int
    minutes: int


def _events(size: int, verbs: Sequence[str]) -> st.SearchStrategy[list[Event]]:
    index = st.integers(0, size - 1)
    event = st.builds(Event, st.sampled_from(verbs), index, st.sampled_from(PATHS), index, st.integers(1, 3))
    return st.lists(event, max_size=14)


def _play(world: World, events: Sequence[Event]) -> None:
    for event in events:
        world.now_ms += event.minutes * MINUTE_MS
        who = world.devices[event.who]
        match event.verb:
            case "edit":
                who.edit(event.path)
            case "delete":
                who.delete(event.path)
            case "folder":
                who.make_folder(event.path)
            case "move":
                who.move(event.path, PATHS[event.other % len(PATHS)])
            case "meet" if event.who != event.other:
                world.exchange(event.who, event.other)


def _pairs(size: int) -> list[tuple[int, int]]:
    return list(itertools.permutations(range(size), 2))


EVERYTHING = ("edit", "edit", "edit", "delete", "folder", "move", "meet", "meet")


@given(_events(2, EVERYTHING))
def test_both_sides_arrive_at_the_same_records(events: list[Event]) -> None:
    world = World(2)
    _play(world, events)
    assert world.gossip([(0, 1), (1, 0)], rounds=2)


@given(_events(2, EVERYTHING))
def test_what_was_received_says_nothing_new_the_second_time(events: list[Event]) -> None:
    world = World(2)
    _play(world, events)
    world.exchange(0, 1)
    once = world.devices[1].state()
    world.exchange(0, 1)
    assert world.devices[1].state() == once


@settings(max_examples=200)
@given(_events(3, EVERYTHING), st.permutations(_pairs(3)))
def test_three_devices_settle_in_any_order(events: list[Event], order: list[tuple[int, int]]) -> None:
    world = World(3)
    _play(world, events)
    assert world.gossip(order, rounds=4)


@settings(max_examples=200)
@given(_events(3, ("edit", "edit", "edit", "meet")), st.permutations(_pairs(3)), st.permutations(_pairs(3)))
def test_the_order_of_meetings_does_not_change_the_outcome(
    events: list[Event], order: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    """Of edits alone. Deletions and swaps of kind settle too, but which of two equal outcomes stays may differ."""
    states = []
    for one in (order, other):
        world = World(3)
        _play(world, [event for event in events if event.path != "picture.png"])
        assert world.gossip(one, rounds=4)
        states.append(world.devices[0].state())
    assert states[0] == states[1]


@settings(max_examples=300)
@given(_events(3, EVERYTHING), st.permutations(_pairs(3)))
def test_no_word_is_lost(events: list[Event], order: list[tuple[int, int]]) -> None:
    """What nobody deleted or wrote over is in a file or a conflict copy on every device."""
    world = World(3)
    _play(world, events)
    assert world.gossip(order, rounds=4)
    for each in world.devices:
        assert world.written - world.given_up <= each.alive()


@given(_events(3, EVERYTHING))
def test_reconcile_never_bumps_a_version(events: list[Event]) -> None:
    """Every outcome's version is made of counters that devices gave to edits."""
    world = World(3)
    _play(world, events)
    records = [record for each in world.devices for record in each.records.values()]
    for local, remote in itertools.product(records, repeat=2):
        if local.path != remote.path:
            continue
        for mergeable, follows in itertools.product((True, False), repeat=2):
            match reconcile(local, remote, mergeable=mergeable, can_follow=follows):
                case Take(record, _) | Keep(record, _) | Merge(record, _):
                    outcomes = [(record.version, join_all((local.version, remote.version)))]
                case Split(record, beside, _):
                    outcomes = [(record.version, join_all((local.version, remote.version)))]
                    assert beside.version in (local.version, remote.version)
                case Follow(record, alive, _):
                    outcomes = [(record.version, join_all((local.version, remote.version)))]
                    assert alive in (local, remote)
                case Ignore():
                    outcomes = []
            for made, joined in outcomes:
                assert made in (joined, remote.version)


@given(_events(2, EVERYTHING))
def test_a_copy_is_derived_alike_everywhere(events: list[Event]) -> None:
    world = World(2)
    _play(world, events)
    for path in set(world.devices[0].records) & set(world.devices[1].records):
        a, b = (each.records[path] for each in world.devices)
        here, there = (reconcile(*pair, mergeable=False) for pair in ((a, b), (b, a)))
        if isinstance(here, Split) or isinstance(there, Split):
            assert here == there
            assert isinstance(here, Split)
            assert here.beside.path != path
            assert here.beside in (copy_of(a), copy_of(b))
