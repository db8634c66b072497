"""What processes cost, from /proc (Linux)."""

from __future__ import annotations

import os

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    """The process and all that it has started and that still run."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        for thread in os.listdir(f"/proc/{one}/task"):
            with open(f"/proc/{one}/task/{thread}/children") as file:
                todo += map(int, file.read().split())
    return found


def cpu_s(pid: int) -> float:
    """Processor time that the process tree has used, in user and kernel mode."""
    ticks = 0
    for one in tree(pid):
        with open(f"/proc/{one}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS_PER_S


def rss_mb(pid: int) -> float:
    return sum(_status_mb(one, "VmRSS") for one in tree(pid))


def peak_mb(pid: int) -> float:
    """The most memory that each process held since `reset_peak`, resident, summed."""
    return sum(_status_mb(one, "VmHWM") for one in tree(pid))


def reset_peak(pid: int) -> None:
    for one in tree(pid):
        with open(f"/proc/{one}/clear_refs", "w") as file:
            file.write("5")


def _status_mb(pid: int, key: str) -> float:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) / 1024
    raise KeyError(key)
