"""What holds for all tests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).parent
_SHARED_MACHINE: Final = ("e2e", "crash", "netns", "hostile", "tui", "integration")
"""Tests below these folders run real processes, networks, screens or sockets, and so wait for an unquiet machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try them again, twice at most, if they fail; pytest shows each result."""
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _SHARED_MACHINE:
            item.add_marker(pytest.mark.flaky(reruns=2))
