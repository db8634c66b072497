"""`python -m tests.crash --runs 200 --seed 1`: kill real nodes so many times, and count."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.rounds import play

ROUNDS = 24
"""Of one history, before the next one begins with empty devices."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="stop after so many kills")
    parser.add_argument("--seed", type=int, default=1, help="of the first history")
    options = parser.parse_args()
    kills, seed, began = 0, options.seed, time.monotonic()
    while kills < options.runs:
        with tempfile.TemporaryDirectory(prefix="vaultsync-crash-") as base:
            print(f"seed {seed}", flush=True)
            history = asyncio.run(play(Path(base), seed, ROUNDS, lambda text: print(" ", text, flush=True)))
        kills += history.kills
        seed += 1
    print(f"{kills} kills in {seed - options.seed} histories, {time.monotonic() - began:.0f} s: nothing was lost.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
