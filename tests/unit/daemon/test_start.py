"""What a node must not load before it is needed: that is time at every start."""

from __future__ import annotations

import json
import subprocess
import sys

LATER = ("pathspec", "ruamel.yaml", "fastapi", "uvicorn", "pydantic", "keyring", "textual", "vaultsync.merge.bykind")


def test_what_is_seldom_needed_is_not_loaded_at_the_start() -> None:
    script = (
        "import json, sys, vaultsync.daemon.opening, vaultsync.server.serve; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert "vaultsync.daemon.engine" in loaded
    assert not loaded.intersection(LATER)
