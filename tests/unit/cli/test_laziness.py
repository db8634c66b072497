"""What a quick verb must not load."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "aioquic",
    "fastapi",
    "uvicorn",
    "textual",
    "zeroconf",
    "watchdog",
    "keyring",
    "segno",
    "structlog",
    "pydantic",
    "click",
    "markdown_it",
    "pygments",
    "anyio._backends",
)

QUICKEST = {"--version": 175, "--help": 230, "status": 340}
"""The verbs that must be quickest, and how many modules they may load: about a tenth more than they do now."""

SCRIPT = """
import json, sys
from vaultsync.cli.main import main
sys.argv = ["vaultsync", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["status"],
        ["status", "--json"],
        ["peers"],
        ["peers", "attempts"],
        ["requests"],
        ["sessions"],
        ["sync-now"],
        ["config"],
        ["config", "get", "sync", "--in", "tests"],
        ["history", "x", "--in", "tests"],
    ],
)
def test_quick_verbs_load_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    loaded = loaded_by(arguments, tmp_path)
    assert "vaultsync.cli.main" in loaded
    assert loaded & set(HEAVY) == set()


@pytest.mark.parametrize("verb", QUICKEST)
def test_the_quickest_verbs_load_few_modules_and_no_event_loop(verb: str, tmp_path: Path) -> None:
    loaded = loaded_by([verb], tmp_path)
    assert "asyncio" not in loaded
    assert len(loaded) <= QUICKEST[verb]


def loaded_by(arguments: list[str], tmp_path: Path) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(arguments=arguments)],
        env={**os.environ, "VAULTSYNC_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))
