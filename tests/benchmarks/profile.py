"""Where the time of a first sync goes, on both sides and in both threads of each: the event loop's and the vault's."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.ours import NodeProcess, Ours
from tests.benchmarks.vaults import copy, make_file, make_vault

SHOWN_PLACES = 30


def profile(work: Path, notes: int, large: int) -> None:
    """Sync `notes` notes, or one file of `large` bytes, with samplers on."""
    source = work / "vaults" / (f"large-{large}" if large else f"notes-{notes}")
    if not source.exists():
        if large:
            source.mkdir()
            make_file(source / "large.bin", large, "large")
        else:
            make_vault(source, notes)
    where = work / "runs" / str(time.time_ns())
    where.mkdir(parents=True)
    copy(source, where / "a")
    pair = Ours(where)
    try:
        pair.start_first()
        for node in (pair.first, pair.second):
            node.say("profile")
            node.say("reset")
        before = [processes.cpu_s(pid) for pid in pair.pids]
        began_s = pair.connect()
        took_s = pair.wait_identical() - began_s
        used = [processes.cpu_s(pid) - was for pid, was in zip(pair.pids, before, strict=True)]
        print(f"{took_s:.2f} s with samplers on")
        for title, node, cpu_s in (("sender", pair.first, used[0]), ("receiver", pair.second, used[1])):
            print(f"\n## {title}: {cpu_s:.2f} s of processor")
            _print(node, took_s)
    finally:
        pair.stop()


def _print(node: NodeProcess, took_s: float) -> None:
    node.say("profile")
    found = node.hear("profile")
    kinds, places = found["kinds"], found["places"]
    assert isinstance(kinds, dict)
    assert isinstance(places, list)
    for thread, counted in sorted(kinds.items()):
        counts: Counter[str] = Counter(counted)
        total = counts.total()
        if counts["waiting"] > 0.99 * total:
            continue
        shares = "  ".join(f"{kind} {count / total:.0%}" for kind, count in counts.most_common() if count > total / 200)
        print(f"{thread}: {shares}")
    for place, count in places[:SHOWN_PLACES]:
        print(f"  {count:5d}  {place}")
    node.say("turns")
    turns = node.hear("turns")
    print(f"longest turn of the event loop: {turns['longest_ms']:.1f} ms of processor; over 20 ms: {turns['slow']}")
