"""python -m tests.fuzz NAME --runs N --seed S"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from tests.fuzz import guided
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

SLOWEST_S: Final = 10
"""What takes longer is a finding."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Try a decoder with changed inputs.")
    parser.add_argument("name", choices=[*TARGETS, "all"])
    parser.add_argument("--runs", type=int, default=100_000, help="inputs to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="without atheris, even if it is installed")
    parser.add_argument("--keep", type=Path, help="folder for inputs that reach new code (atheris only)")
    parser.add_argument("--input", type=Path, help="try this one file only")
    options = parser.parse_args()
    targets = list(TARGETS.values()) if options.name == "all" else [TARGETS[options.name]]
    if options.input is not None:
        targets[0].attempt(options.input.read_bytes())
        return 0
    for target in targets:
        if options.plain or not guided.is_there():
            _run(target, options.runs, options.seed)
        elif code := guided.run(target, options.runs, options.seed, options.keep):
            return code
    return 0


def _run(target: Target, runs: int, seed: int) -> None:
    signal.signal(signal.SIGALRM, _too_slow)
    mutator = Mutator(target, target.inputs(), seed)
    slowest_s, slowest = 0.0, b""
    for number in range(runs):
        data = mutator.next()
        began_s = time.process_time()
        signal.alarm(SLOWEST_S)
        try:
            target.attempt(data)
        except BaseException:
            finding = Path(f"finding-{target.name}")
            finding.write_bytes(data)
            print(f"{target.name}: input {number} of seed {seed} is in {finding}", flush=True)
            raise
        finally:
            signal.alarm(0)
        took_s = time.process_time() - began_s
        if took_s > slowest_s:
            slowest_s, slowest = took_s, data
    print(f"{target.name}: {runs} inputs, nothing found; the slowest took {slowest_s * 1_000:.0f} ms: {slowest[:60]!r}")


def _too_slow(number: int, frame: FrameType | None) -> NoReturn:
    raise TimeoutError(f"one input took more than {SLOWEST_S} s")


if __name__ == "__main__":
    sys.exit(main())
