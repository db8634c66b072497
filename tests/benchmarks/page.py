"""The figures of `docs/performance.md`, from stored results: what was measured against what is to be reached."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.benchmarks.plot import line_plot
from tests.benchmarks.report import spread
from tests.benchmarks.scenarios import SCENARIOS

BEGIN: Final = "<!-- figures: written by `python -m tests.benchmarks page` -->"
END: Final = "<!-- end of figures -->"

Measured = Mapping[tuple[str, str], Mapping[str, Sequence[float]]]
"""By scenario and number, then by contender."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A number of ours that may be at most so much, or at most so many times `of`."""

    scenario: str
    number: str
    at_most: float
    of: str = ""
    """Another contender's median of the same number, or another number of ours; empty: the limit is absolute."""

    @property
    def words(self) -> str:
        if self.of:
            return f"≤ {self.at_most:.2g} × {self.of.replace('_', ' ')}"
        return f"≤ {self.at_most:,.6g}"

    def is_reached(self, measured: Measured) -> bool | None:
        """None if that was not measured."""
        ours = _median(measured, self.scenario, self.number, "vaultsync")
        base: float | None = 1.0
        if self.of:
            base = _median(measured, self.scenario, self.number, self.of)
            if base is None:
                base = _median(measured, self.scenario, self.of, "vaultsync")
        return None if ours is None or base is None else ours <= self.at_most * base


GOALS: Final = (
    Goal("first-1k", "seconds", 0.6, "Syncthing"),
    Goal("first-10k", "seconds", 0.2, "Syncthing"),
    Goal("first-10k", "seconds", 1.0, "Syncthing tuned"),
    Goal("first-10k", "cpu_s", 2.0),
    Goal("first-10k", "peak_a_mb", 120),
    Goal("first-10k", "peak_b_mb", 120),
    Goal("first-10k", "longest_turn_ms", 20),
    Goal("first-50k", "seconds", 1.0, "Syncthing tuned"),
    Goal("first-10k-200mb", "seconds", 0.6, "Syncthing"),
    Goal("first-10k-200mb", "notes_there_s", 1 / 3, "seconds"),
    Goal("file-1g", "seconds", 23.8),
    Goal("latency", "p50_ms", 50),
    Goal("latency", "p95_ms", 200),
    Goal("latency", "p99_ms", 200),
    Goal("burst", "seconds", 1.0, "Syncthing tuned"),
    Goal("insert", "seconds", 1.5),
    Goal("insert", "sent_bytes", 300_000),
    Goal("overwrite", "seconds", 0.5),
    Goal("overwrite", "sent_bytes", 200_000),
    Goal("rename", "seconds", 1),
    Goal("rename", "sent_bytes", 100_000),
    Goal("restart", "seconds", 1.2),
    Goal("idle", "cpu_percent", 0.12),
    Goal("idle", "rss_mb", 75),
)
"""What was set out to be reached; 23.8 s for a GiB are 45 MB/s."""


def fill(results: Path, page: Path) -> None:
    """Write what `results` (a results.json) holds into `page`, and what it has of growth into the page's pictures.

    `ValueError` if the page has no place for it.
    """
    stored = json.loads(results.read_text())
    head, begin, rest = page.read_text().partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for figures")
    measured = gathered(stored["runs"])
    page.write_text(f"{head}{BEGIN}\n{figures(measured, stored['machine'])}{END}{tail}")
    if plot := growth_plot(measured):
        (page.parent / "pictures").mkdir(exist_ok=True)
        (page.parent / "pictures" / "growth.svg").write_text(plot)


def gathered(rows: Sequence[Mapping[str, object]]) -> Measured:
    """Stored runs, by what was measured."""
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int | float):
                by = found.setdefault((str(row["scenario"]), name), {})
                by.setdefault(str(row["contender"]), []).append(float(value))
    return found


def growth_plot(measured: Measured) -> str:
    """Seconds and processor time of a first sync against the size of the vault, as SVG; empty if not measured."""
    points: dict[str, list[tuple[float, float]]] = {}
    for (scenario, number), by in measured.items():
        kind, _, notes = scenario.partition("-")
        line = {"seconds": "seconds", "cpu_s": "processor, both"}.get(number)
        if kind == "growth" and line:
            points.setdefault(line, []).append((int(notes), statistics.median(by["vaultsync"])))
    return line_plot("First sync against the size of the vault", "notes", "seconds", points) if points else ""


def figures(measured: Measured, machine: Mapping[str, str]) -> str:
    """The table, as Markdown: one line for each goal that was measured."""
    about = {scenario.name: scenario.about for scenario in SCENARIOS}
    lines = [
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}, load {machine['load']} at the "
        f"end, {machine['at']}. Medians (least–most).",
        "",
        "| work | number | vaultsync | Syncthing | Syncthing tuned | to reach | |",
        "|---|---|---|---|---|---|---|",
    ]
    for goal in GOALS:
        by = measured.get((goal.scenario, goal.number), {})
        if not by:
            continue
        reached = {True: "yes", False: "no", None: "?"}[goal.is_reached(measured)]
        cells = [about[goal.scenario], goal.number.replace("_", " ")]
        cells += [spread(by.get(name, []), goal.number) for name in ("vaultsync", "Syncthing", "Syncthing tuned")]
        lines.append(f"| {' | '.join([*cells, goal.words, reached])} |")
    lines += [f"| {row} |" for row in _growth(measured)]
    return "\n".join(lines) + "\n"


def _growth(measured: Measured) -> list[str]:
    rows = []
    small, large = (_median(measured, f"first-{n}", "seconds", "vaultsync") for n in ("10k", "50k"))
    if small and large:
        factor = large / 5 / small
        reached = "yes" if factor <= 1.15 else "no"
        rows.append(f"10,000 → 50,000 notes | seconds for each note | {factor:.2f} × | | | ≤ 1.15 × | {reached}")
    for side in ("a", "b"):
        small, large = (_median(measured, f"first-{n}", f"peak_{side}_mb", "vaultsync") for n in ("10k", "50k"))
        if small and large:
            bytes_each = (large - small) * 2**20 / 40_000
            reached = "yes" if bytes_each <= 1_024 else "no"
            rows.append(
                f"10,000 → 50,000 notes | peak {side}, bytes for each note | {bytes_each:.0f} | | | ≤ 1,024 | {reached}"
            )
    return rows


def _median(measured: Measured, scenario: str, number: str, contender: str) -> float | None:
    values = measured.get((scenario, number), {}).get(contender)
    return statistics.median(values) if values else None
