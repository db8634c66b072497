"""Coverage-guided runs with atheris (`pip install vaultsync[fuzz]`, Linux): libFuzzer keeps what reaches new code."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.mutation import Mutator
from tests.fuzz.target import Target

SLOWEST_S = 10
"""libFuzzer reports an input that takes longer."""
MEMORY_MB = 1_024


def is_there() -> bool:
    """Whether atheris is installed."""
    return importlib.util.find_spec("atheris") is not None


def run(target: Target, runs: int, seed: int, keep: Path | None) -> int:
    """Fuzz in a process of its own, since libFuzzer ends it. Returns its exit code; 0: nothing was found.

    New inputs go to `keep`.
    """
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as scratch:
        begin = Path(scratch, "begin")
        begin.mkdir()
        for number, data in enumerate(target.inputs()):
            (begin / f"{number}").write_bytes(data)
        found = keep or Path(scratch, "found")
        found.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.fuzz.guided", target.name, str(seed)]
        options = [
            f"-runs={runs}", f"-seed={seed}", f"-max_len={target.max_bytes}", f"-timeout={SLOWEST_S}",
            f"-rss_limit_mb={MEMORY_MB}", "-print_final_stats=1",
            f"-artifact_prefix={Path.cwd()}/finding-{target.name}-",
        ]  # fmt: skip
        return subprocess.run([*command, *options, str(found), str(begin)], check=False).returncode


def _child(name: str, seed: int, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["vaultsync"]):
        from tests.fuzz.targets import TARGETS

    target = TARGETS[name]
    mutator = Mutator(target, target.inputs(), seed)

    def change(data: bytes, max_size: int, change_seed: int) -> bytes:
        changed = atheris.Mutate(data, max_size) if change_seed % 2 else mutator.change(data)
        return bytes(changed[:max_size])

    atheris.Setup([sys.argv[0], *arguments], target.attempt, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    _child(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
