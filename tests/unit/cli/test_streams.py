"""Where the output goes may be closed, full, or read no further: none of that is a defect of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vaultsync.cli.output import ExitCode

VAULTSYNC = f"{sys.executable} -m vaultsync"


def shell(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        env={**os.environ, "VAULTSYNC_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_told_as_that(tmp_path: Path) -> None:
    done = shell(f"{VAULTSYNC} --help >/dev/full", tmp_path)
    assert done.returncode == ExitCode.ERROR
    assert "The disk is full" in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&-"])
def test_closed_streams_are_done_without(closed: str, tmp_path: Path) -> None:
    done = shell(f"{VAULTSYNC} status {closed}", tmp_path)
    assert done.returncode == ExitCode.NOT_RUNNING
    assert "defect" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such shell")
def test_a_reader_that_goes_away_ends_it_without_a_word(tmp_path: Path) -> None:
    done = shell(f"{VAULTSYNC} status --json | true", tmp_path)
    assert done.stderr == ""
