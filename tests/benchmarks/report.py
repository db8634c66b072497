"""Results as a table for people and as JSON for later."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.scenarios import SCENARIOS, Numbers


@dataclass(frozen=True, slots=True)
class Run:
    scenario: str
    contender: str
    numbers: Numbers


def store(runs: Iterable[Run], machine: Mapping[str, str], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"scenario": run.scenario, "contender": run.contender, **run.numbers} for run in runs]
    (folder / "results.json").write_text(json.dumps({"machine": dict(machine), "runs": rows}, indent=1))
    (folder / "results.md").write_text(table(runs))


def table(runs: Iterable[Run]) -> str:
    """Median (least–most) of each number, and ours as a multiple of each other contender's."""
    gathered: dict[tuple[str, str], dict[str, list[float]]] = {}
    for run in runs:
        for name, value in run.numbers.items():
            gathered.setdefault((run.scenario, name), {}).setdefault(run.contender, []).append(value)
    others = sorted({c for by in gathered.values() for c in by} - {"vaultsync"})
    head = ["work", "number", "vaultsync", *(f"{other} | ratio" for other in others)]
    lines = [f"| {' | '.join(head)} |", "|" + " --- |" * (3 + 2 * len(others))]
    about = {scenario.name: scenario.about for scenario in SCENARIOS}
    for (scenario, name), by in gathered.items():
        cells = [about[scenario], name.replace("_", " "), spread(by.get("vaultsync", []), name)]
        for other in others:
            cells += [spread(by.get(other, []), name), _ratio(by.get("vaultsync", []), by.get(other, []))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def spread(values: Sequence[float], name: str) -> str:
    """Median (least–most), as people read it."""
    if not values:
        return ""
    median = _shown(statistics.median(values), name)
    return median if len(values) == 1 else f"{median} ({_shown(min(values), name)}–{_shown(max(values), name)})"


def _shown(value: float, name: str) -> str:
    if name.endswith("_bytes"):
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _ratio(mine: list[float], theirs: list[float]) -> str:
    if not mine or not theirs or not statistics.median(theirs):
        return ""
    return f"{statistics.median(mine) / statistics.median(theirs):.2f} ×"
