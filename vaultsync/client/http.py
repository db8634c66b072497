"""httpx without its command line, which would load Rich, Click and Pygments for every question to a node."""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # as if it were not installed, which httpx allows for
import httpx  # noqa: E402

del sys.modules[_COMMAND_LINE]

__all__ = ["httpx"]
