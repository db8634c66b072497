"""`python -m tests.crash --runs 200 --seed 1 --only transfers`: kill real nodes so many times, and count."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.crash import pairings, rounds, transfers

ROUNDS = 24
"""Of one history of edits, before the next one begins with empty devices."""
KILLS = 40
"""The same for transfers and pairings, in kills."""
SIZE = 50 << 20
"""Bytes of a large file."""

KINDS = ("edits", "transfers", "pairings")


async def play(kind: str, base: Path, seed: int, kills: int) -> int:
    """One history. Returns how often somebody was killed."""

    def say(text: str) -> None:
        print(" ", text, flush=True)

    match kind:
        case "edits":
            return (await rounds.play(base, seed, ROUNDS, say)).kills
        case "transfers":
            return await transfers.play(base, seed, min(kills, KILLS), SIZE, say)
        case _:
            return (await pairings.play(base, seed, min(kills, KILLS), say)).kills


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="stop after so many kills")
    parser.add_argument("--seed", type=int, default=1, help="of the first history")
    parser.add_argument("--only", choices=KINDS, default="edits", help="what is going on meanwhile")
    options = parser.parse_args()
    kills, seed, began = 0, options.seed, time.monotonic()
    while kills < options.runs:
        with tempfile.TemporaryDirectory(prefix="vaultsync-crash-") as base:
            print(f"{options.only}, seed {seed}", flush=True)
            kills += asyncio.run(play(options.only, Path(base), seed, options.runs - kills))
        seed += 1
    print(f"{kills} kills in {seed - options.seed} histories, {time.monotonic() - began:.0f} s: nothing was lost.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
