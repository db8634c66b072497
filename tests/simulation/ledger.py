"""What people wrote and what they gave up, and what must therefore hold once every device has heard of everything."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from tests.simulation.workplace import Workplace
from vaultsync.model.paths import fold, parents_of
from vaultsync.model.records import State

_WORD: Final = re.compile(rb"[A-Za-z0-9]+")
_TOKEN: Final = re.compile(rb"w\d+z")
_CONFLICT: Final = re.compile(r" \(conflict \d{4}-\d\d-\d\d \d{4} [^()]*\)(?: \([0-9a-f]{8}\))?| \(rescued \d+\)")

FILLER: Final = ("milk", "bread", "call", "Anna", "read", "todo", "x")
RULE_WORDS: Final = ("h", "png", "plain", "txt", "f", "g")
"""Words of ignore files."""


class OracleError(AssertionError):
    """A promise was broken. The first word of the message names it."""


def tokens_in(content: bytes) -> set[str]:
    """The unique words of the lines in a content."""
    return {token.decode() for token in _TOKEN.findall(content)}


def tokens_of(tree: dict[str, bytes | None]) -> set[str]:
    return set().union(*(tokens_in(content) for content in tree.values() if content is not None))


class Ledger:
    """Each line that a person writes has a word of its own; the ledger follows these words."""

    def __init__(self) -> None:
        self._count = 0
        self._given_up: set[str] = set()
        """Words that somebody deleted, somewhere."""
        self._gone: dict[str, int] = {}
        """Words deleted since all devices last agreed, from the only file that had them, and by which device."""
        self._long_gone: set[str] = set()
        """Words deleted before all devices last agreed, and gone then."""
        self._touched: dict[str, set[int]] = {}
        """Which devices' people changed, moved or removed a file with the word since then."""
        self._places: dict[str, set[str]] = {}
        """Where words that were touched stood since then."""
        self._touched_paths: dict[str, set[int]] = {}
        """Which devices' people changed, moved or removed what was at a path since then."""
        self._moves: dict[str, set[str]] = {}
        """Which paths were renamed to which since then, both ways round: an edit of one may follow to the other."""
        self._names: set[str] = set()

    def new_token(self) -> str:
        self._count += 1
        return f"w{self._count}z"

    def name(self, path: str) -> None:
        """A person gave these names."""
        self._names.update(path.split("/"))

    def touch(self, device: int, path: str, content: bytes) -> None:
        path = _plain(path)
        self._touched_paths.setdefault(path, set()).add(device)
        for token in tokens_in(content):
            self._touched.setdefault(token, set()).add(device)
            self._places.setdefault(token, set()).add(path)

    def move(self, path: str, target: str) -> None:
        """A person renamed a file."""
        one, other = _plain(path), _plain(target)
        self._moves.setdefault(one, set()).add(other)
        self._moves.setdefault(other, set()).add(one)

    def forget(self, device: int, tree: dict[str, bytes | None]) -> None:
        """The device of this tree forgets what it knew: it may not know any more what was deleted there, and whatever
        it has, it may take for an edit of its own."""
        self._gone = {token: by for token, by in self._gone.items() if by != device}
        self.touch_all(tree)

    def touch_all(self, tree: dict[str, bytes | None]) -> None:
        """Whatever is in this tree, its device may take for an edit of its own."""
        for path, content in tree.items():
            for nobody in (-1, -2):
                self.touch(nobody, path, content or b"")

    def delete(self, device: int, tokens: Iterable[str], rest: dict[str, bytes | None]) -> None:
        """A person deleted these words; `rest` is what the device's folder holds afterwards."""
        elsewhere = tokens_of(rest)
        for token in tokens:
            self._given_up.add(token)
            if token not in elsewhere:
                self._gone.setdefault(token, device)

    def spare(self, device: int) -> None:
        """What this device's people deleted may come back: it was asked whether they meant it."""
        self._gone = {token: by for token, by in self._gone.items() if by != device}

    def replace(
        self,
        device: int,
        before: dict[str, bytes | None],
        now: dict[str, bytes | None],
        tree: dict[str, bytes | None],
    ) -> None:
        """A person had these files replaced or removed by others; `tree` is what the device's folder holds now."""
        for files in (before, now):
            for path, content in files.items():
                self.name(_plain(path))
                self.touch(device, path, content or b"")
        self._unforget(tokens_of(now))
        self.delete(device, tokens_of(before) - tokens_of(now), tree)

    def bring_back(self, tree: dict[str, bytes | None]) -> None:
        """Who was a member no more is one again, with what is in this tree."""
        self._unforget(tokens_of(tree))
        self.touch_all(tree)

    def _unforget(self, tokens: set[str]) -> None:
        """What was deleted is there again, by a person's will."""
        self._long_gone -= tokens
        self._gone = {token: by for token, by in self._gone.items() if token not in tokens}

    def leave(self, tree: dict[str, bytes | None], others: list[dict[str, bytes | None]]) -> None:
        """The device of this tree is a member no more: nobody will hear of what only it has, or only it deleted."""
        self._given_up |= tokens_of(tree).difference(*map(tokens_of, others))
        for other in others:
            self.touch_all(other)

    def check(self, devices: Sequence[Workplace], folding: Collection[str] = ()) -> None:
        """All devices have settled: hold them to everything. `folding`: the names of those whose disks take names for
        one that differ only in case. Raises `OracleError`."""
        trees = [device.tree() for device in devices]
        blocked = [_blocked(device, device.name in folding) for device in devices]
        whole = {path: content for tree in reversed(trees) for path, content in tree.items()}
        for device, tree, without in zip(devices, trees, blocked, strict=True):
            due = {path: content for path, content in whole.items() if path not in without}
            if tree != due:
                raise OracleError(f"diverged: {device.name} from the others: {_difference(due, tree)}")
            if device.digest != devices[0].digest:
                raise OracleError(f"digests differ: {_index_difference(devices[0], device)}")
            if device.replica.state.store.index.recompute_digest() != device.digest:
                raise OracleError(f"digest of {device.name} is not that of its records")
        for device, tree, without in zip(devices, trees, blocked, strict=True):
            _check_index(device, {*tree, *without})
            _check_no_work(device, without)
        self._check_words(devices, whole)
        self._check_names(whole)

    def _check_words(self, devices: Sequence[Workplace], tree: dict[str, bytes | None]) -> None:
        """`tree`: what is in any folder."""
        alive = tokens_of(tree)
        written = {f"w{number}z" for number in range(1, self._count + 1)}
        lost = written - self._given_up - alive
        if lost:
            kept = set().union(*map(_tokens_in_history, devices))
            if lost - kept:
                raise OracleError(f"lost: {sorted(lost - kept)}")
            raise OracleError(f"hidden: {sorted(lost)} are only in history")
        back = self._long_gone & alive
        back |= {token for token, by in self._gone.items() if token in alive and not self._who_else(token, by)}
        if back:
            where = {p: sorted(tokens_in(c) & back) for p, c in tree.items() if c is not None and tokens_in(c) & back}
            raise OracleError(f"returned: {where}")
        known = {*FILLER, *RULE_WORDS, *written}
        for path, content in tree.items():
            strange = {word.decode() for word in _WORD.findall(content or b"")} - known
            if strange:
                raise OracleError(f"appeared: {path} holds {sorted(strange)}, which nobody wrote")
        self._long_gone |= self._gone.keys() - alive
        self._gone.clear()
        self._touched.clear()
        self._places.clear()
        self._touched_paths.clear()
        self._moves.clear()

    def _who_else(self, token: str, device: int) -> set[int]:
        """Which other devices' people did something with a word, or at a place where it stood."""
        places: set[str] = set()
        reached = set(self._places.get(token, ()))
        while reached:
            places |= reached
            reached = set().union(*(self._moves.get(path, set()) for path in reached)) - places
        there = [self._touched_paths.get(path, set()) for path in places]
        return self._touched.get(token, set()).union(*there) - {device}

    def _check_names(self, tree: dict[str, bytes | None]) -> None:
        for path in tree:
            for name in path.split("/"):
                if _CONFLICT.sub("", name) not in self._names:
                    raise OracleError(f"appeared: {path}, which nobody named so")


def _plain(path: str) -> str:
    """What a conflict copy is a copy of."""
    return _CONFLICT.sub("", path)


def _blocked(device: Workplace, folds_case: bool) -> set[str]:
    """What the device says that it can't hold, and rightly so."""
    live = [entry for entry in device.replica.state.store.index.entries() if not entry.record.deleted]
    blocked = {entry.record.path for entry in live if entry.state is State.BLOCKED}
    held = {fold(entry.record.path) for entry in live if entry.record.path not in blocked}
    for path in sorted(blocked):
        if not folds_case or held.isdisjoint(map(fold, (path, *parents_of(path)))):
            raise OracleError(f"blocked: {path} on {device.name}, for no reason")
    return blocked


def _check_index(device: Workplace, paths: set[str]) -> None:
    live = {e.record.path for e in device.replica.state.store.index.entries() if not e.record.deleted}
    if live != paths:
        raise OracleError(f"index of {device.name} is not its tree: {sorted(live ^ paths)}")


def _check_no_work(device: Workplace, blocked: set[str]) -> None:
    state = device.replica.state
    left: dict[str, object] = {
        "offers": list(state.offers.paths()),
        "wants": len(state.wants),
        "wanted bytes": state.wants.total_bytes,
        "transfers": len(state.transfers),
        "staged": len(state.staged),
        "contents": len(state.contents),
        "dirty": sorted(state.dirty),
        "again": dict(state.again),
        "troubles": {path: why for path, why in state.troubles.items() if path not in blocked},
        "temporary files": sorted(p.name for p in (device.root / ".vaultsync" / "tmp").glob("*")),
        "asked": [len(session.wants) for session in state.sessions.values() if session.wants],
        "waiting": [s.tracker.waiting for s in state.sessions.values() if s.tracker.waiting],
        "unproven": [peer[:1].hex() for peer, session in state.sessions.items() if not session.in_sync],
    }
    found = {what: much for what, much in left.items() if much}
    if found:
        raise OracleError(f"unfinished: {device.name} still has {found}")


def _tokens_in_history(device: Workplace) -> set[str]:
    history = device.replica.state.store.history
    found: set[str] = set()
    for entry in device.replica.state.store.index.entries():
        for version in history.versions(entry.record.path):
            content = history.read(version.hash) if version.hash else None
            found |= tokens_in(content or b"")
    return found


def _difference(one: dict[str, bytes | None], other: dict[str, bytes | None]) -> str:
    paths = [path for path in sorted(one.keys() | other.keys()) if one.get(path, b"-") != other.get(path, b"-")]
    return "; ".join(f"{path}: {one.get(path, '(nothing)')!r} / {other.get(path, '(nothing)')!r}" for path in paths)


def _index_difference(one: Workplace, other: Workplace) -> str:
    here, there = (
        {e.record.path: e.record for e in device.replica.state.store.index.entries()} for device in (one, other)
    )
    said = []
    for path in sorted(here.keys() | there.keys()):
        pair = [
            None if r is None else (str(r.kind), r.deleted, r.hash[:3].hex(), _counters(r.version.counters))
            for r in (here.get(path), there.get(path))
        ]
        if pair[0] != pair[1]:
            said.append(f"{path}: {pair[0]} / {pair[1]}")
    return "; ".join(said)


def _counters(counters: tuple[tuple[bytes, int], ...]) -> dict[int, int]:
    return {device[0]: counter for device, counter in counters}
