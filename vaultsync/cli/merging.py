"""What joining into a folder that holds notes would bring together, shown and asked before anything is written."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final

from vaultsync.client import words

if TYPE_CHECKING:
    import asyncio

    from rich.console import Console

    from vaultsync.daemon.answers import OpenJoinInfo
    from vaultsync.daemon.joining import OpenJoin

SHOWN: Final = 5
"""Paths of a kind that are named."""


def show(found: OpenJoinInfo, out: Console) -> None:
    """Print a preview for people."""
    from rich.text import Text

    out.print(
        Text.assemble(
            ("Joining ", ""), (found.vault_name, "bold"), f" of {found.peer_name} with {found.root} brings together:"
        ),
        soft_wrap=True,
    )
    kinds = (
        (found.same, (), "the same on both", ""),
        (found.only_here, found.only_here_paths, "only here", "they go to the others"),
        (found.only_there, found.only_there_paths, "only there", "they come here"),
        (found.differ, found.differ_paths, "different", "they are merged, and both versions stay in the history"),
    )
    for number, paths, kind, meaning in kinds:
        out.print(Text(f"  {number:>7,} {kind}" + (f": {meaning}" if number and meaning else "")), soft_wrap=True)
        for path in paths[:SHOWN]:
            out.print(Text(f"            {path}", style="dim"), soft_wrap=True)
        if paths and number > SHOWN:
            out.print(Text(f"            and {words.count(number - SHOWN, 'more file')}", style="dim"))
    out.print(Text(f"Both screens show these six words: {' '.join(found.words)}"), soft_wrap=True)


async def agreed(question: str, out: Console, stopping: asyncio.Event) -> bool:
    """Ask on the terminal while a node runs. False also if the node is told to stop meanwhile."""
    import asyncio

    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def settle(text: str) -> None:
        if not answer.done():
            answer.set_result(text)

    def read() -> None:
        # Not through sys.stdin: its lock would be held when the process ends without an answer.
        text = os.read(sys.stdin.fileno(), 4096).decode(errors="replace")
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, text)

    out.print(f"{question} [y/N]")
    threading.Thread(target=read, name="answer", daemon=True).start()
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((answer, stopped), return_when=asyncio.FIRST_COMPLETED)
        return answer.done() and answer.result().strip().casefold() in ("y", "yes")
    finally:
        stopped.cancel()
        answer.cancel()


async def looked_at(opened: OpenJoin, root: str) -> OpenJoinInfo:
    """The preview of a join that this process has opened itself. Raises as `OpenJoin.look` does."""
    from pathlib import Path

    from vaultsync.server.open_joins import looked_at as look

    return await look(opened, Path(root), "")
