"""Seeds that found something (seeds.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.simulation.nodes import NodesWorld, run_nodes
from tests.simulation.world import World, run

_SEEDS: Final = Path(__file__).with_name("seeds.toml")


@dataclass(frozen=True, slots=True)
class Regression:
    """A history that once failed."""

    mode: str
    """`nodes`, `replicas` or `folding`."""
    seed: int
    steps: int
    found: str
    """What it found, in words."""

    def play(self, say: Callable[[str], None] = lambda _: None) -> World | NodesWorld:
        if self.mode == "nodes":
            return run_nodes(self.seed, self.steps, say=say)
        return run(self.seed, self.steps, say=say, folding=self.mode == "folding")


def regressions() -> list[Regression]:
    return [Regression(**each) for each in tomllib.loads(_SEEDS.read_text(encoding="utf-8"))["history"]]
