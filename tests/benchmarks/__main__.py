"""The side-by-side benchmarks.

    python -m tests.benchmarks [--only NAME …] [--runs N] [--quick] [--syncthing] [--out FOLDER]
        [--vaults FOLDER]
    python -m tests.benchmarks profile [--notes N] [--large BYTES]
    python -m tests.benchmarks page --out FOLDER

Runs vaultsync and, where `--syncthing` is given and it is installed, Syncthing: as it comes, and tuned (told that
names are case-sensitive, and of every change by hand), in turn on the same vault. Linux only: costs are read from
/proc. `profile` says where the time of a first sync goes; `page` brings what FOLDER holds into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.benchmarks import syncthing
from tests.benchmarks.caretaker import cared_for, empty
from tests.benchmarks.contender import Contender
from tests.benchmarks.ours import Ours
from tests.benchmarks.page import fill
from tests.benchmarks.profile import profile
from tests.benchmarks.report import Run, store, table
from tests.benchmarks.scenarios import SCENARIOS, Scenario
from tests.benchmarks.vaults import copy

Make = Callable[[Path], Contender]

ROOM: Final = 8_000_000_000
"""Bytes of free disk below which no run begins: the largest writes a GiB twice, with a copy to compare."""


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("what", nargs="?", choices=["compare", "profile", "page"], default="compare")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=", ".join(s.name for s in SCENARIOS))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one run, fewer samples, nothing above 10,000 notes")
    parser.add_argument("--syncthing", action="store_true")
    parser.add_argument("--out", type=Path, help="a folder for results.json and results.md")
    parser.add_argument("--vaults", type=Path, help="a folder that keeps the vaults that are made, for the next time")
    parser.add_argument("--notes", type=int, default=10_000, help="profile: how many")
    parser.add_argument("--large", type=int, default=0, help="profile: one file of so many bytes instead")
    options = parser.parse_args(arguments)
    # Starts are timed as people have them: of an installed package, whose modules are compiled.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if options.syncthing and not syncthing.installed():
        parser.error("syncthing is not installed")
    if options.what == "page":
        if options.out is None:
            parser.error("--out says where the results are")
        fill(options.out / "results.json", Path("docs/performance.md"))
        return
    # What is stored so far is printed also when somebody ends this.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    work = Path(tempfile.gettempdir()) / f"vaultsync-benchmarks-{os.getpid()}-{time.time_ns():x}"
    with cared_for(work):
        if options.vaults is not None:
            options.vaults.mkdir(parents=True, exist_ok=True)
            (work / "vaults").symlink_to(options.vaults.resolve())
        else:
            (work / "vaults").mkdir()
        if options.what == "profile":
            profile(work, options.notes, options.large)
        else:
            _compare(options, work)


def _compare(options: argparse.Namespace, work: Path) -> None:
    contenders: list[Make] = [Ours]
    if options.syncthing:
        contenders += [syncthing.Syncthing, lambda where: syncthing.Syncthing(where, tuned=True)]
    runs: list[Run] = []
    try:
        for scenario in _chosen(options.only, quick=options.quick):
            _measure(scenario, contenders, 1 if options.quick else options.runs, options.quick, work, runs)
            if options.out is not None:
                store(runs, _machine(), options.out)
    finally:
        print(table(runs))


def _chosen(names: Sequence[str] | None, *, quick: bool) -> list[Scenario]:
    if names:
        return [s for s in SCENARIOS if any(s.name == n or (n == "growth" and s.name.startswith(n)) for n in names)]
    return [s for s in SCENARIOS if not quick or ("50" not in s.name and s.name not in ("file-1g", "growth-20000"))]


def _measure(
    scenario: Scenario, contenders: Sequence[Make], times: int, quick: bool, work: Path, runs: list[Run]
) -> None:
    source = work / "vaults" / scenario.name.replace("growth-", "notes-")
    if not source.exists():
        made = source.with_suffix(".part")
        shutil.rmtree(made, ignore_errors=True)
        scenario.make(made)
        made.rename(source)
    for _ in range(times):
        for make in contenders[:1] if scenario.own else contenders:
            free = shutil.disk_usage(work).free
            if free < ROOM:
                sys.exit(f"There are {free / 1e9:.1f} GB free below {work.parent}; a run may need {ROOM / 1e9:.0f} GB.")
            where = work / "runs" / str(time.time_ns())
            where.mkdir(parents=True)
            copy(source, where / "a")
            contender = make(where)
            try:
                numbers = scenario.run(contender, quick)
            finally:
                contender.stop()
                empty(where)
            runs.append(Run(scenario.name, contender.name, numbers))
            shown = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
            print(f"{scenario.name:<16} {contender.name:<16} {shown}", flush=True)


def _machine() -> dict[str, str]:
    return {
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
        "at": time.strftime("%Y-%m-%d %H:%M"),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
