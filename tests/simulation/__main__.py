"""`python -m tests.simulation --seed N --steps M`: replay one history, or look for one that fails."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Collection

from tests.simulation.ledger import OracleError
from tests.simulation.nodes import NodesWorld, run_nodes
from tests.simulation.patience import Hang, limited
from tests.simulation.regressions import regressions
from tests.simulation.shrink import fails_alike, shrink
from tests.simulation.world import World, run

Play = Callable[[Collection[int], Callable[[str], None]], World | NodesWorld]
"""A history without the steps of these numbers, told line by line."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the history to play, or the first one")
    parser.add_argument("--seeds", type=int, default=1, help="how many to play, one after the other")
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--without", default="", help="numbers of steps to leave out, with commas")
    parser.add_argument("--shrink", action="store_true", help="leave out whatever the failure does not need")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, go on with the next seed")
    parser.add_argument("--folding", action="store_true", help="with disks that fold case")
    parser.add_argument("--nodes", action="store_true", help="whole nodes instead of replicas")
    parser.add_argument("--regressions", action="store_true", help="play the histories of seeds.toml instead")
    options = parser.parse_args()
    if options.regressions:
        return _regress()
    without = {int(number) for number in options.without.split(",") if number}

    failed = repaired = 0
    injected: Counter[str] = Counter()
    for seed in range(options.seed, options.seed + options.seeds):
        single = options.seeds == 1 and not options.shrink
        play = _play(seed, options.steps, nodes=options.nodes, folding=options.folding)
        try:
            world = play(without, print if single else _nothing)
        except (Exception, Hang) as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {str(error)[:600]}", flush=True)
            if single and not isinstance(error, OracleError):
                traceback.print_exc()
            if options.shrink:
                needless = shrink(options.steps, fails_alike(_quietly(play), error))
                left_out = ",".join(map(str, sorted(needless)))
                print(f"{'--nodes ' * options.nodes}--seed {seed} --steps {options.steps} --without {left_out}")
                _show(play, needless)
            if not options.keep_going:
                return 1
        else:
            repaired += world.repaired
            injected.update(world.count())
    print(f"{options.seeds} histories of {options.steps} steps: {failed} failed")
    print(f"indexes that differed and were repaired: {repaired}")
    for what, times in sorted(injected.items()):
        print(f"{times:9} {what}")
    return 1 if failed else 0


def _regress() -> int:
    failed = 0
    for each in regressions():
        try:
            with limited():
                each.play()
        except (Exception, Hang) as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
            failed += 1
            print(f"{each.mode} {each.seed}, which found that {each.found}: {type(error).__name__}: {error}")
    print(f"{len(regressions())} histories that failed once: {failed} failed")
    return 1 if failed else 0


def _play(seed: int, steps: int, *, nodes: bool, folding: bool) -> Play:
    def play(without: Collection[int], say: Callable[[str], None]) -> World | NodesWorld:
        with limited():
            if nodes:
                return run_nodes(seed, steps, without=without, say=say, folding=folding)
            return run(seed, steps, without=without, say=say, folding=folding)

    return play


def _quietly(play: Play) -> Callable[[set[int]], object]:
    return lambda without: play(without, _nothing)


def _nothing(_line: str) -> None:
    """Say nothing."""


def _show(play: Play, without: set[int]) -> None:
    try:
        play(without, print)
    except (Exception, Hang) as error:  # noqa: BLE001 (whatever breaks, breaks a promise)
        print("".join(traceback.format_exception(error, limit=-4)))


if __name__ == "__main__":
    sys.exit(main())
