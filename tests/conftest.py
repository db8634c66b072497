"""What holds for all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).parent
_SHARED_MACHINE: Final = ("e2e", "crash", "netns", "hostile", "tui", "integration")
"""Tests below these folders run real processes, networks, screens or sockets, and so wait for an unquiet machine."""


# A shell that starts the tests in the background lets them ignore Ctrl-C, and so would every process that they begin,
# which some tests end in just that way.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Real processes keep what they have compiled, as those of people do; where that is switched off, each start takes
# half a second more.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try them again, twice at most, if they fail; pytest shows each result."""
    for item in items:
        if item.path.relative_to(_HERE).parts[0] in _SHARED_MACHINE:
            item.add_marker(pytest.mark.flaky(reruns=2))
