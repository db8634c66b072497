"""Ctrl-C before the command line is even loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vaultsync.cli.output import ExitCode

INTERRUPTED_WHILE_IT_LOADS = """
import os, signal, sys

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Impatient())
from vaultsync.__main__ import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal for one process")
def test_ctrl_c_while_it_loads_leaves_no_traceback() -> None:
    """Loading takes half a second, more on a busy computer: long enough for somebody who mistyped."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IT_LOADS], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (ExitCode.INTERRUPTED, "", "")
