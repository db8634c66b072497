"""Two nodes in processes of their own, asked for what a load costs them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.benchmarks import processes
from tests.benchmarks.ours import NodeProcess, Ours
from vaultsync.client.client import NodeClient
from vaultsync.daemon.config import Places
from vaultsync.daemon.status import VaultInfo

PATIENCE_S: Final = 1_800.0

Numbers = dict[str, float]


class Pair(Ours):
    """A and B, and what each of them has used since the last reading."""

    def __init__(self, where: Path) -> None:
        super().__init__(where)
        for root in (self.a, self.b):
            root.mkdir(parents=True, exist_ok=True)
        self._where = where
        self._cpu: dict[int, float] = {}
        self._sent = 0

    def begin_anew(self) -> None:
        """Both processes are new: measure from their start on."""
        self._cpu, self._sent = {}, 0

    def begin(self, *, anew: bool = False) -> None:
        """Measure from here on; `anew`: they will connect again, and a connection counts from 0."""
        for node in (self.first, self.second):
            processes.reset_peak(node.pid)
            self._cpu[node.pid] = processes.cpu_s(node.pid)
            node.say("reset")
        self._sent = 0 if anew else self.bytes_sent()

    def read(self) -> Numbers:
        """Memory, processor time and sent bytes of both since `begin`."""
        cpu = [processes.cpu_s(node.pid) - self._cpu.get(node.pid, 0.0) for node in (self.first, self.second)]
        return {
            "cpu_a_s": cpu[0],
            "cpu_b_s": cpu[1],
            "peak_a_mb": processes.peak_mb(self.first.pid),
            "peak_b_mb": processes.peak_mb(self.second.pid),
            "sent_mb": (self.bytes_sent() - self._sent) / 1e6,
            **self.own_numbers(),
        }

    def vault(self, node: NodeProcess) -> VaultInfo:
        """What the node says of its vault."""

        async def ask() -> VaultInfo:
            home = self._where / ("home-a" if node is self.first else "home-b")
            async with NodeClient.find(Places(home / "config", home / "data")) as client:
                return (await client.status()).vaults[0]

        return asyncio.run(ask())

    def agree(self) -> bool:
        """Whether both say that they hold the same and have nothing left to do."""
        told = [self.vault(node) for node in (self.first, self.second)]
        return told[0].digest == told[1].digest and all(
            vault.state == "ready" and vault.pending == 0 and bool(vault.digest) for vault in told
        )


def until(condition: Callable[[], bool], what: str, every_s: float = 0.05) -> None:
    """Wait; `TimeoutError` with `what` if it never comes."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end_s:
            raise TimeoutError(f"never: {what}")
        time.sleep(every_s)


def count_files(root: Path) -> int:
    """Files below `root`, our own aside."""
    found = 0
    for folder, names, files in os.walk(root):
        if Path(folder) == root:
            names[:] = [name for name in names if name != ".vaultsync"]
        found += len(files)
    return found
