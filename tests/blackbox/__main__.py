"""`python -m tests.blackbox --runs N --seed S`: so many histories, and what is held against the product."""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

from tests.blackbox.history import Outcome
from tests.blackbox.judge import Findings
from tests.blackbox.pool import play_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.blackbox", description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--spells", type=int, default=3, help="how often people act between two looks")
    parser.add_argument("--only", nargs="*", default=[], help="kinds of spells: together, at_once, killed …")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--build", type=Path, help="a folder with the package to try, instead of this one")
    parser.add_argument("--keep", type=Path, help="where the folders of bad runs stay")
    options = parser.parse_args()
    base = options.keep or Path(tempfile.mkdtemp(prefix="blackbox-"))
    outcomes: list[Outcome] = []
    build = (options.build or Path(__file__).parents[2]).resolve()
    seeds = range(options.seed, options.seed + options.runs)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for outcome in play_all(base, seeds, options.jobs, options.spells, build, options.only):
            outcomes.append(outcome)
            report(outcome)
    except KeyboardInterrupt:
        summarise(outcomes)
        sys.stdout.flush()
        # What runs ends with this process; waiting for it would take minutes.
        os._exit(1)
    summarise(outcomes)
    bad = [outcome for outcome in outcomes if outcome.found.bad]
    if bad:
        print(f"what is left of the bad runs: {base}")
    return 1 if bad else 0


def report(outcome: Outcome) -> None:
    slowest = max(outcome.settled_s, key=lambda each: each[1], default=("", 0.0))
    print(
        f"seed {outcome.seed}: {outcome.devices} devices ({outcome.place}), {outcome.deeds} deeds, "
        f"{outcome.clashes} clashes, {outcome.copies} copies, {len(outcome.only_in_history)} only in history, "
        f"slowest {slowest[1]:.1f} s after {slowest[0]}" + (": BAD" if outcome.found.bad else ""),
        flush=True,
    )
    for field in fields(outcome.found):
        for each in getattr(outcome.found, field.name):
            print(f"    {field.name}: {each[:4000]}")
    for word in sorted(outcome.only_in_history):
        print(f"    only in history: {word}")
    sys.stdout.flush()


def summarise(outcomes: list[Outcome]) -> None:
    counts = {
        field.name: sum(bool(getattr(outcome.found, field.name)) for outcome in outcomes) for field in fields(Findings)
    }
    print(
        f"{len(outcomes)} runs, {sum(o.deeds for o in outcomes)} deeds, {sum(o.clashes for o in outcomes)} clashes, "
        f"{sum(o.copies for o in outcomes)} copies, "
        f"{sum(len(o.only_in_history) for o in outcomes)} words only in history; "
        f"runs with faults: {counts}"
    )
    settled: dict[str, list[float]] = defaultdict(list)
    for kind, seconds in (each for outcome in outcomes for each in outcome.settled_s):
        settled[kind].append(seconds)
        settled["all"].append(seconds)
    print("alike after, in seconds: median, 99 %, slowest")
    for kind, times in sorted(settled.items()):
        times.sort()
        half, most = statistics.median(times), times[int(len(times) * 0.99)]
        print(f"  {kind:22} {len(times):5} times {half:6.2f} {most:6.2f} {times[-1]:6.2f}")


if __name__ == "__main__":
    sys.exit(main())
