"""A benchmark leaves nothing behind, however it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.caretaker import cared_for, empty

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the benchmarks read /proc")

BENCHMARK = """
import subprocess, sys, time
from pathlib import Path
from tests.benchmarks.caretaker import cared_for
with cared_for(Path(sys.argv[1])):
    Path(sys.argv[1], "large").write_bytes(b"large")
    node = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)", sys.argv[1] + "/home"]
    subprocess.Popen(node).wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_benchmark_leaves_no_files_and_no_processes(tmp_path: Path, number: signal.Signals) -> None:
    work = tmp_path / "work"
    command = [sys.executable, "-c", BENCHMARK, str(work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as benchmark:
        assert benchmark.stdout is not None
        assert benchmark.stdout.readline() == b"up\n"
        assert (work / "large").exists()
        benchmark.send_signal(number)
        # Ends when the last process that holds the other end has ended: node and caretaker inherited it.
        assert benchmark.stdout.read() == b""
    assert not work.exists()


def test_a_failing_benchmark_leaves_no_files(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), cared_for(tmp_path / "work"):
        (tmp_path / "work" / "note.md").write_bytes(b"text")
        raise ZeroDivisionError
    assert not (tmp_path / "work").exists()


def test_emptied_files_take_no_room_and_stay(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "n.md").write_bytes(b"text")
    empty(tmp_path)
    assert (tmp_path / "f" / "n.md").stat().st_size == 0
