"""The tests that docs name exist: a promise whose test was renamed or dropped is held by nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = [ROOT / "docs" / name for name in ("security.md", "reliability.md")]


@pytest.fixture(scope="module")
def tests() -> dict[str, set[str]]:
    """The tests in each file, by its name."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        names = re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
        found.setdefault(path.name, set()).update(names)
    return found


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path, tests: dict[str, set[str]]) -> None:
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", page.read_text())
    assert [f"{file}::{test}" for file, test in named if test not in tests.get(file, set())] == []


def test_every_row_of_the_threat_model_names_a_test() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\|(?!---| who)(.*)\|$", page, re.MULTILINE)
    assert len(rows) > 20
    assert [row for row in rows if "::test_" not in row] == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/.]+)`", page.read_text())
    assert [path for path in named if not (ROOT / path).exists()] == []
