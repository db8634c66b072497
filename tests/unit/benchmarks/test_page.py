"""The figures of the page about performance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks.page import BEGIN, END, Goal, fill, gathered

MACHINE = {"cores": "2", "system": "Linux 6", "python": "3.11", "load": "0.1", "at": "today"}


def run(scenario: str, contender: str, **numbers: float) -> dict[str, object]:
    return {"scenario": scenario, "contender": contender, **numbers}


RUNS = [
    run("first-10k", "vaultsync", seconds=2.0, peak_a_mb=80.0),
    run("first-10k", "vaultsync", seconds=3.0, peak_a_mb=80.0),
    run("first-10k", "vaultsync", seconds=2.5, peak_a_mb=80.0),
    run("first-10k", "Syncthing", seconds=16.0),
    run("first-50k", "vaultsync", seconds=12.5, peak_a_mb=100.0),
]


GROWTH = [
    {"scenario": f"growth-{notes}", "contender": "vaultsync", "seconds": notes / 1000}
    for notes in (1_000, 10_000, 50_000)
]


@pytest.mark.parametrize(
    ("goal", "reached"),
    [
        (Goal("first-10k", "seconds", 2.5), True),
        (Goal("first-10k", "seconds", 2.4), False),
        (Goal("first-10k", "seconds", 0.2, "Syncthing"), True),
        (Goal("first-10k", "seconds", 0.1, "Syncthing"), False),
        (Goal("first-10k", "seconds", 0.1, "peak_a_mb"), True),
        (Goal("first-10k", "seconds", 1.0, "Syncthing tuned"), None),
        (Goal("idle", "rss_mb", 75), None),
    ],
)
def test_a_goal_is_held_against_medians(goal: Goal, reached: bool | None) -> None:
    assert goal.is_reached(gathered(RUNS)) is reached


def test_a_page_gets_the_figures_in_their_place_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"machine": MACHINE, "runs": [*RUNS, *GROWTH]}))
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    page.write_text(f"# Before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):  # the second time changes nothing
        fill(tmp_path / "results.json", page)
    text = page.read_text()
    assert text.startswith("# Before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "| 2.5 (2–3) | 16 |  | ≤ 0.2 × Syncthing | yes |" in text
    assert "seconds for each note | 1.00 ×" in text
    assert "bytes for each note | 524 " in text
    plot = (page.parent / "pictures" / "growth.svg").read_text()
    assert "50,000" in plot, "to its largest vault"
    assert plot.count("<circle") == len(GROWTH)
    assert "processor" not in plot, "which was not measured"


def test_a_page_without_a_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps({"machine": MACHINE, "runs": RUNS}))
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="no place"):
        fill(tmp_path / "results.json", page)
