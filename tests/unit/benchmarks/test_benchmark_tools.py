"""What the benchmarks measure with: the same vault every time, a table and a plot that say what was measured."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.benchmarks.contender import newest_change_s
from tests.benchmarks.plot import line_plot
from tests.benchmarks.report import Run, table
from tests.benchmarks.sampling import kind_of
from tests.benchmarks.vaults import make_vault, same_tree

OWN = frozenset({".vaultsync"})


def test_the_same_arguments_make_the_same_vault(tmp_path: Path) -> None:
    make_vault(tmp_path / "a", 60, 200_000)
    make_vault(tmp_path / "b", 60, 200_000)
    assert same_tree(tmp_path / "a", tmp_path / "b", OWN)
    assert len(list((tmp_path / "a").rglob("*.md"))) == 60
    make_vault(tmp_path / "c", 60, 200_000, seed=2)
    assert not same_tree(tmp_path / "a", tmp_path / "c", OWN)


def test_trees_differ_by_one_byte_and_not_by_what_a_tool_keeps(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name / ".vaultsync").mkdir(parents=True)
        (tmp_path / name / ".vaultsync" / "vault").write_text(name)
        (tmp_path / name / "note.md").write_text("text")
    assert same_tree(tmp_path / "a", tmp_path / "b", OWN)
    (tmp_path / "b" / "note.md").write_text("tex7")
    assert not same_tree(tmp_path / "a", tmp_path / "b", OWN)


def test_the_newest_change_is_when_a_file_came_into_its_place(tmp_path: Path) -> None:
    (tmp_path / "staged").write_text("x")
    before_s = (tmp_path / "staged").stat().st_ctime
    (tmp_path / "staged").rename(tmp_path / "note.md")
    assert newest_change_s(tmp_path, OWN) >= before_s
    assert newest_change_s(tmp_path, OWN, ".canvas") == 0


def test_the_table_has_medians_spread_and_ratios() -> None:
    runs = [Run("first-1k", "vaultsync", {"seconds": s}) for s in (0.4, 0.5, 0.9)]
    runs += [Run("first-1k", "Syncthing", {"seconds": 1.0})]
    assert "| 0.5 (0.4–0.9) | 1 | 0.50 × |" in table(runs)


def test_the_plot_is_svg_with_a_line_for_each_series() -> None:
    svg = line_plot("Growth", "notes", "s", {"seconds": [(1_000, 0.4), (50_000, 15)], "processor": [(1_000, 0.3)]})
    lines = ET.fromstring(svg).findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 2
    assert "50,000" in svg


def test_a_sample_is_of_the_kind_of_its_innermost_work() -> None:
    assert kind_of(sys._getframe()) == "other"
    assert kind_of(None) == "other"
