"""What is measured: each scenario takes a fresh pair of nodes and gives numbers by name.

Names end in their unit: `_s`, `_ms`, `_mb`, `_bytes`, `_percent`.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from tests.benchmarks import processes
from tests.benchmarks.contender import Contender, newest_change_s
from tests.benchmarks.vaults import make_file, make_vault, same_tree

PATIENCE_S: Final = 120.0
LARGE: Final = 200_000_000
GIB: Final = 1 << 30
MOVED_NOTES: Final = 1_000
MOVED_ATTACHMENTS: Final = 45_000_000

Numbers = dict[str, float]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table, or a few."""

    name: str
    about: str
    make: Callable[[Path], None]
    """Makes A's folder, once; runs get copies."""
    run: Callable[[Contender, bool], Numbers]
    """Runs it on nodes that are not started yet; the flag asks for fewer samples."""
    own: bool = False
    """Whether it is only about vaultsync."""


class _Meter:
    """What both nodes cost from now on."""

    def __init__(self, contender: Contender) -> None:
        self._pids = contender.pids
        for pid in self._pids:
            processes.reset_peak(pid)
        self._before = [processes.cpu_s(pid) for pid in self._pids]

    def read(self) -> Numbers:
        used = [processes.cpu_s(pid) - before for pid, before in zip(self._pids, self._before, strict=True)]
        return {
            "cpu_s": sum(used),
            "peak_a_mb": processes.peak_mb(self._pids[0]),
            "peak_b_mb": processes.peak_mb(self._pids[1]),
        }


def _in_sync(contender: Contender) -> None:
    contender.start_first()
    contender.connect()
    contender.wait_identical()
    time.sleep(1.5)  # what follows a first sync (its echo in the watchers) belongs to it


def _check(contender: Contender) -> None:
    if not same_tree(contender.a, contender.b, contender.own_names):
        raise RuntimeError(f"{contender.name}: the folders differ after the nodes said that they are in sync")


def first_sync(contender: Contender, _quick: bool) -> Numbers:
    """From two nodes that do not know each other to both knowing that they hold the same."""
    contender.start_first()
    meter = _Meter(contender)
    began_s = contender.connect()
    took_s = contender.wait_identical() - began_s
    numbers = {"seconds": took_s, **meter.read(), **contender.own_numbers()}
    notes_s = newest_change_s(contender.b, contender.own_names, ".md")
    if notes_s:
        numbers["notes_there_s"] = notes_s - (time.time() - (time.monotonic() - began_s))
    _check(contender)
    return numbers


def latency(contender: Contender, quick: bool) -> Numbers:
    """From a note's save on A to its new text on B, at random moments."""
    _in_sync(contender)
    lot = random.Random(7)
    notes = sorted(str(p.relative_to(contender.a)) for p in contender.a.rglob("*.md"))
    slow = contender.name == "Syncthing"
    samples = 5 if slow else 40 if quick else 200
    took_ms = []
    for number in range(samples):
        note = lot.choice(notes)
        text = f"# edit {number}\n\n".encode() + b"words and more words. " * 90
        with open(contender.a / note, "wb") as file:
            file.write(text)
        began_s = time.monotonic()
        contender.poke(note)
        _until(partial(_has_bytes, contender.b / note, 0, text), 0.0005)
        took_ms.append((time.monotonic() - began_s) * 1000)
        time.sleep(lot.uniform(0.1, 0.5))
    took_ms.sort()
    return {f"p{rank}_ms": took_ms[min(samples - 1, samples * rank // 100)] for rank in (50, 95, 99)}


def burst(contender: Contender, _quick: bool) -> Numbers:
    """100 notes saved at once, until all are on B."""
    _in_sync(contender)
    notes = sorted(str(p.relative_to(contender.a)) for p in contender.a.rglob("*.md"))[::7][:100]
    text = b"# saved by a script\n\n" + b"words and more words. " * 90
    meter = _Meter(contender)
    began_s = time.monotonic()
    for note in notes:
        (contender.a / note).write_bytes(text)
    contender.poke("")
    for note in notes:
        _until(partial(_has_bytes, contender.b / note, 0, text), 0.001)
    return {"seconds": time.monotonic() - began_s, "cpu_s": meter.read()["cpu_s"]}


def insert(contender: Contender, _quick: bool) -> Numbers:
    """100 bytes put before the first one of a 200 MB file."""
    return _edit(contender, 0, whole=True)


def overwrite(contender: Contender, _quick: bool) -> Numbers:
    """100 bytes in the middle of a 200 MB file, in place."""
    return _edit(contender, LARGE // 2, whole=False)


def _edit(contender: Contender, at: int, *, whole: bool) -> Numbers:
    _in_sync(contender)
    path = contender.a / "large.bin"
    patch = random.Random(at).randbytes(100)
    rest = path.read_bytes() if whole else b""
    sent = contender.bytes_sent()
    meter = _Meter(contender)
    with open(path, "wb" if whole else "r+b") as file:
        file.seek(at)
        file.write(patch)
        file.write(rest)
    del rest
    began_s = time.monotonic()
    contender.poke("large.bin")
    _until(partial(_has_bytes, contender.b / "large.bin", at, patch), 0.002)
    took_s = time.monotonic() - began_s
    time.sleep(0.5)
    numbers = {"seconds": took_s, "sent_bytes": contender.bytes_sent() - sent, **meter.read()}
    _check(contender)
    return numbers


def rename(contender: Contender, _quick: bool) -> Numbers:
    """A folder of 1,000 notes and 50 MB gets another name."""
    _in_sync(contender)
    sent = contender.bytes_sent()
    meter = _Meter(contender)
    began_s = time.monotonic()
    os.rename(contender.a / "Projects", contender.a / "Archive")
    contender.poke("")
    want = _count(contender.a / "Archive")
    _until(lambda: not (contender.b / "Projects").exists() and _count(contender.b / "Archive") == want, 0.01)
    took_s = time.monotonic() - began_s
    time.sleep(0.5)
    numbers = {"seconds": took_s, "sent_bytes": contender.bytes_sent() - sent, "cpu_s": meter.read()["cpu_s"]}
    _check(contender)
    return numbers


def restart(contender: Contender, _quick: bool) -> Numbers:
    """Both are stopped and started with nothing changed, until both know that they hold the same."""
    _in_sync(contender)
    began_s = contender.restart()
    took_s = contender.wait_identical() - began_s
    return {"seconds": took_s, "cpu_s": sum(map(processes.cpu_s, contender.pids))}


def idle(contender: Contender, quick: bool) -> Numbers:
    """In sync, nobody writes: processor time per node as a share of one core, and memory."""
    _in_sync(contender)
    contender.restart()
    contender.wait_identical()
    time.sleep(5)
    before = sum(map(processes.cpu_s, contender.pids))
    wait_s = 20 if quick else 60
    time.sleep(wait_s)
    used = sum(map(processes.cpu_s, contender.pids)) - before
    return {"cpu_percent": used / 2 / wait_s * 100, "rss_mb": max(map(processes.rss_mb, contender.pids))}


def _until(condition: Callable[[], bool], every_s: float) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError("what was waited for did not come")
        time.sleep(every_s)


def _has_bytes(path: Path, at: int, expected: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(at)
            return file.read(len(expected)) == expected
    except FileNotFoundError:
        return False


def _count(folder: Path) -> int:
    return sum(len(files) for _, _, files in os.walk(folder))


def _make_large(size: int, root: Path) -> None:
    root.mkdir()
    make_file(root / "large.bin", size, "large")


def _make_moved(root: Path) -> None:
    make_vault(root, 1_000)
    make_vault(root / "Projects", MOVED_NOTES, MOVED_ATTACHMENTS, seed=2)


def _vault(notes: int, attachment_bytes: int = 0) -> Callable[[Path], None]:
    return lambda root: make_vault(root, notes, attachment_bytes)


GROWTH: Final = (1_000, 2_500, 5_000, 10_000, 20_000, 50_000)

SCENARIOS: Final = (
    Scenario("first-1k", "first sync, 1,000 notes", _vault(1_000), first_sync),
    Scenario("first-10k", "first sync, 10,000 notes", _vault(10_000), first_sync),
    Scenario("first-10k-200mb", "first sync, 10,000 notes and 200 MB", _vault(10_000, LARGE), first_sync),
    Scenario("first-50k", "first sync, 50,000 notes", _vault(50_000), first_sync),
    Scenario("file-1g", "one file of 1 GiB", partial(_make_large, GIB), first_sync),
    Scenario("latency", "edit of a note to the peer, 10,000 notes", _vault(10_000), latency),
    Scenario("burst", "100 notes saved at once, 10,000 notes", _vault(10_000), burst),
    Scenario("insert", "200 MB file, 100 bytes inserted at its start", partial(_make_large, LARGE), insert),
    Scenario("overwrite", "200 MB file, 100 bytes overwritten in its middle", partial(_make_large, LARGE), overwrite),
    Scenario("rename", "folder with 1,000 notes and 50 MB renamed", _make_moved, rename),
    Scenario("restart", "restart of both, 10,000 notes unchanged", _vault(10_000), restart),
    Scenario("idle", "idle, 10,000 notes", _vault(10_000), idle),
    *(
        Scenario(f"growth-{notes}", f"first sync, {notes:,} notes", _vault(notes), first_sync, own=True)
        for notes in GROWTH
    ),
)
