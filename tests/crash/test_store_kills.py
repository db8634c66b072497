"""Killed while old history goes or a database is upgraded: all is there, and nothing is left over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(os.name == "nt", reason="forks")
def test_killed_at_every_statement(tmp_path: Path) -> None:
    """In a process of its own: it forks, and may have no threads."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.storekills", str(tmp_path / "stores")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pruned, upgraded = (int(word) for word in done.stdout.split() if word.isdigit())
    assert pruned > 20
    assert upgraded > 10
