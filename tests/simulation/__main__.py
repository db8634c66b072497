"""`python -m tests.simulation --seed N --steps M`: replay one history, or look for one that fails."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter

from tests.simulation.ledger import OracleError
from tests.simulation.nodes import NodesWorld, run_nodes
from tests.simulation.shrink import fails_alike, shrink
from tests.simulation.world import World, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the history to play, or the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many to play, one after the other")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--without", default="", help="numbers of steps to leave out, with commas")
    parser.add_argument("--shrink", action="store_true", help="leave out whatever the failure does not need")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, go on with the next seed")
    parser.add_argument("--folding", action="store_true", help="with disks that fold case")
    parser.add_argument("--nodes", action="store_true", help="whole nodes instead of replicas; not to be shrunk")
    options = parser.parse_args()
    if options.nodes and (options.shrink or options.folding or options.without):
        parser.error("--nodes goes with --seed, --seeds, --steps and --keep-going only")
    without = {int(number) for number in options.without.split(",") if number}

    failed = repaired = 0
    injected: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.seeds):
        single = options.seeds == 1 and not options.shrink
        try:
            say = print if single else lambda _: None
            world: World | NodesWorld
            if options.nodes:
                world = run_nodes(seed, options.steps, say=say)
            else:
                world = run(seed, options.steps, without=without, say=say, folding=options.folding)
        except Exception as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:600]}", flush=True)
            if single and not isinstance(error, OracleError):
                traceback.print_exc()
            if options.shrink:
                without = shrink(options.steps, fails_alike(seed, options.steps, error, folding=options.folding))
                print(f"--seed {seed} --steps {options.steps} --without {','.join(map(str, sorted(without)))}")
                run_again(seed, options.steps, without, folding=options.folding)
            if not options.keep_going:
                return 1
        else:
            repaired += world.repaired if isinstance(world, World) else 0
            injected += world.count()
    print(f"{options.seeds} histories of {options.steps} steps: {failed} failed")
    print(f"indexes that differed and were repaired: {repaired}")
    for what, times in sorted(injected.items()):
        print(f"{times:9} {what}")
    return 1 if failed else 0


def run_again(seed: int, steps: int, without: set[int], *, folding: bool) -> None:
    try:
        run(seed, steps, without=without, say=print, folding=folding)
    except Exception as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
        print("".join(traceback.format_exception(error, limit=-4)))


if __name__ == "__main__":
    sys.exit(main())
