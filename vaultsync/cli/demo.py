"""`vaultsync demo`: see it work, with nothing at stake and nothing to type."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import aclosing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from vaultsync.cli.output import ExitCode, Json, console, print_json
from vaultsync.cli.waiting import wait_for

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.cli.demonstration.acts import Step

NEXT = """
Now with your own notes. Here:
    vaultsync run ~/notes
Then here, in a second terminal; it prints what to type on the other device:
    vaultsync ticket ~/notes"""


def demo(as_json: Json = False) -> None:
    """Watch two devices sync: both on this computer, in a folder that is removed afterwards."""
    import asyncio

    began = time.perf_counter()
    try:
        steps = wait_for(_perform(None if as_json else console()))
    except asyncio.CancelledError:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    took_s = time.perf_counter() - began
    if as_json:
        print_json({"steps": list(steps), "seconds": round(took_s, 2)})
    else:
        console().print(f"\nIt took {took_s:.1f} s, and nothing of it is left on this computer.")
        console().print(NEXT)


async def _perform(out: Console | None) -> list[Step]:
    from vaultsync.cli.demonstration.acts import perform

    _cancel_on_signals()
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="vaultsync-demo-", ignore_cleanup_errors=True) as base:
        if out is not None:
            out.print("Two devices, each a node of its own, talking over QUIC on this computer:\n")
        waiting = out.status("working…") if out is not None and out.is_terminal else nullcontext()
        with waiting:
            async with aclosing(perform(Path(base))) as performance:
                async for step in performance:
                    steps.append(step)
                    if out is not None:
                        _show(step, out)
    return steps


def _cancel_on_signals() -> None:
    """Let whatever ends the demonstration end its nodes and remove its folder too."""
    import asyncio

    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None

    def cancel(_number: int, _frame: object) -> None:
        loop.call_soon_threadsafe(task.cancel)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), cancel)


def _show(step: Step, out: Console) -> None:
    from rich.text import Text

    if step.name in ("laptop", "phone"):
        out.print(Text(f"    {step.text}"))
        if step.name == "phone":
            out.print()
        return
    time_taken = "" if step.ms is None else f"{step.ms:,.0f} ms"
    text = Text.assemble(("  ✓ ", "bold green"), f"{step.text:<66}", (f"{time_taken:>8}", "bold"))
    text.rstrip()
    out.print(text)
    for detail in step.details:
        out.print(Text(f"        {detail}", style="dim"))
