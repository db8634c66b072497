"""Whether the devices agree, whether they say the truth about it, and whether anything is lost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.blackbox.device import PATIENCE_S, Device
from tests.blackbox.ledger import Ledger, words_in

LOOK_EVERY_S = 0.05
LOOKS_SHARE = 0.05
"""So much of the time that has passed is waited until the next look: looking must not be what the devices wait for."""
CALM_S = 0.7
NOTICED_S = 3.0
"""After the last deed a daemon may take so long to see it: until then, what it says is not held against it."""

Tree = dict[str, bytes | None]


@dataclass(slots=True)
class Findings:
    """What is held against the product; all empty if it did well."""

    apart: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    ghosts: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Daemons that ended by themselves, and the like."""

    @property
    def bad(self) -> bool:
        return bool(self.apart or self.lost or self.ghosts or self.lies or self.broken)


class _Clock:
    """Seconds since it was made; those in which the machine let even this process wait do not count."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> float:
        return time.monotonic() - self._began

    def sleep(self, seconds: float) -> None:
        before = time.monotonic()
        time.sleep(seconds)
        self._began += time.monotonic() - before - seconds


def say_in_sync(devices: Sequence[Device]) -> tuple[bool, list[Any]]:
    """Whether every device says that it holds what those in its reach do, and that nothing is under way."""
    said = [device.status() for device in devices]
    return _all_content(devices, said), said


def _all_content(devices: Sequence[Device], said: Sequence[Any]) -> bool:
    return all(map(_content, devices, said)) and len({_digest(each) for each in said}) == 1


def _digest(said: Any) -> str:
    return str(said["vaults"][0]["digest"])


def _content(device: Device, said: Any) -> bool:
    if said is None or not said["vaults"] or not _digest(said):
        return False
    vault = said["vaults"][0]
    in_sync = {
        peer["name"]
        for peer in said["peers"]
        if peer["vaults"] and all(each["in_sync"] and each["unsent"] == 0 for each in peer["vaults"])
    }
    return vault["state"] == "ready" and vault["pending"] == 0 and device.reachable <= in_sync


def brief(said: Any) -> str:
    """What of a status matters here, for people."""
    if said is None:
        return "no answer"
    parts = [
        f"{each['state']} {each['reason']} pending {each['pending']} digest {each['digest'][:6]} "
        f"troubles {each['troubles']} held {each['held']}"
        for each in said["vaults"]
    ]
    for peer in said["peers"]:
        vaults = [f"{each['in_sync']} unsent {each['unsent']}" for each in peer["vaults"]]
        parts.append(f"{peer['name']}: {peer['state']} {peer['reason']} in sync {vaults}")
    return f"[{said['node']['name']}: {'; '.join(parts)}]"


def wait_until_up(devices: Sequence[Device]) -> None:
    """Until every daemon answers: how long Python takes to begin on a busy machine is not what is judged.

    AssertionError if one has ended, or does not come up.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    for device in devices:
        while device.status() is None:
            assert device.running, f"{device.name} ended by itself: {device.log.read_text()[-2000:]}"
            assert time.monotonic() < deadline_s, f"{device.name} does not come up: {device.log.read_text()[-2000:]}"
            time.sleep(LOOK_EVERY_S)


def wait_for_agreement(devices: Sequence[Device], found: Findings, patience_s: float) -> tuple[Tree, float] | None:
    """Wait until the folders are alike and all devices say so; the tree, and how long the folders took, in seconds.

    None if it does not come about: that is a finding. So is a device that says that all is in sync while the folders,
    which nobody has touched for long, differ.
    """
    clock = _Clock()
    alike_after = None
    next_question = NOTICED_S
    while (now := clock.now()) < patience_s:
        trees = [device.tree() for device in devices]
        alike = all(tree == trees[0] for tree in trees)
        if not alike:
            alike_after = None
        elif alike_after is None:
            alike_after = now
        if alike or now > next_question:
            agreed, said = say_in_sync(devices)
            after = [device.tree() for device in devices]
            if agreed and alike and after == trees:
                return trees[0], alike_after or 0.0
            if agreed and not alike and after == trees and now > next_question:
                found.lies.append(f"said to be in sync: {difference(devices, trees)}: {[brief(each) for each in said]}")
            next_question = max(next_question, clock.now() + 2.0)
        clock.sleep(max(LOOK_EVERY_S, LOOKS_SHARE * clock.now()))
    trees = [device.tree() for device in devices]
    said = [device.status() for device in devices]
    found.apart.append(
        f"{difference(devices, trees) or 'folders alike, but not said to be'}; said: {[brief(each) for each in said]}"
    )
    return None


def check_calm(devices: Sequence[Device], tree: Tree, found: Findings) -> None:
    """All have agreed on this tree: a little later it is still the same, and the command line says so."""
    time.sleep(CALM_S)
    trees = [device.tree() for device in devices]
    if any(each != tree for each in trees):
        found.apart.append(f"changed after all had agreed: {difference(devices, [tree, *trees][: len(devices)])}")
        return
    said = [device.command("status") for device in devices]
    if not _all_content(devices, said):
        found.lies.append(f"in sync, and `status` does not say so: {[brief(each) for each in said]}")


def check_no_false_claim(device: Device, away: Device, found: Findings) -> None:
    """`device` has what `away`, which is off, cannot have: it must not say that the two are in sync."""
    deadline_s = time.monotonic() + NOTICED_S
    while time.monotonic() < deadline_s:
        said = device.status()
        peers = [each for each in said["peers"] if each["name"] == away.name] if said else []
        if any(not vault["in_sync"] or vault["unsent"] for peer in peers for vault in peer["vaults"]):
            return
        time.sleep(LOOK_EVERY_S)
    found.lies.append(f"{device.name} says that it is in sync with {away.name}, which is off: {brief(said)}")


def difference(devices: Sequence[Device], trees: Sequence[Tree]) -> str:
    told = []
    for device, tree in zip(devices, trees, strict=True):
        unlike = [path for path in sorted({*tree, *trees[0]}) if tree.get(path, ()) != trees[0].get(path, ())]
        if unlike:
            told.append(f"{device.name} differs from {devices[0].name} at {unlike[:6]} ({len(unlike)})")
    return "; ".join(told)


def check_words(devices: Sequence[Device], tree: Tree, ledger: Ledger, found: Findings) -> set[str]:
    """Every owed word and attachment is in a file; else in the history of a device. Returns those in history only."""
    contents = {content for content in tree.values() if content is not None}
    found.ghosts += [
        f"{word.decode()} ({ledger.written[word]}) is back; removed by {ledger.removed[word]}"
        for word in ledger.settled(content for content in tree.values() if content is not None)
    ]
    alive = {word for content in contents for word in words_in(content)}
    missing = ledger.owed() - alive
    pictures = ledger.owed_attachments() - contents
    if not missing and not pictures:
        return set()
    kept = _kept(devices, tree)
    kept_words = {word for content in kept for word in words_in(content)}
    found.lost += [f"{word.decode()} ({ledger.written[word]})" for word in sorted(missing - kept_words)]
    found.lost += [f"a picture of {len(each)} bytes" for each in pictures - kept]
    return {f"{word.decode()} ({ledger.written[word]})" for word in missing & kept_words} | {
        f"a picture of {len(each)} bytes" for each in pictures & kept
    }


def _kept(devices: Sequence[Device], tree: Tree) -> set[bytes]:
    """All contents that the devices' histories hold, asked for one by one, as a person would."""
    kept: set[bytes] = set()
    asked: set[str] = set()
    for device in devices:
        deleted = device.command("deleted", "--limit", "1000") or []
        paths = sorted({path for path, content in tree.items() if content is not None} | {v["path"] for v in deleted})
        for path in paths:
            versions = device.command("history", path) or []
            for number, version in enumerate(versions, 1):
                if not version["content"] or version["content"] in asked:
                    continue
                shown = device.show(path, number)
                if shown is not None:
                    asked.add(version["content"])
                    kept.add(shown)
    return kept
