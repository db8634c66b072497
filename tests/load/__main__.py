"""`python -m tests.load NAME`: put a load on nodes and say what it costs them."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.load.keystrokes import keystrokes
from tests.load.notes import appearing, many_notes
from tests.load.pair import Numbers
from tests.load.society import society
from tests.load.sparse import sparse

LOADS: dict[str, Callable[[Path, Callable[[str, Numbers], None], int], None]] = {
    "notes": lambda where, say, scale: many_notes(where, 100_000 // scale, say),
    "appearing": lambda where, say, scale: appearing(where, 20_000 // scale, say),
    "society": lambda where, say, scale: society(where, 64 // scale, 20, say),
    "sparse": lambda where, say, scale: sparse(where, (10 << 30) // scale, (640 << 20) // scale, say),
    "keystrokes": lambda where, say, scale: keystrokes(where, 3_600 / scale, say),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("name", choices=LOADS)
    parser.add_argument("--scale", type=int, default=1, help="a load so many times smaller")
    parser.add_argument("--where", type=Path, help="where to make the temporary folder: on the disk to use")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vaultsync-load-", dir=options.where) as folder:
        LOADS[options.name](Path(folder).resolve(), say, options.scale)
    return 0


def say(what: str, numbers: Numbers) -> None:
    print(f"{what:20} " + "  ".join(f"{name} {value:.4g}" for name, value in numbers.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
