"""A node in the foreground: started, shown, and stopped cleanly by a signal, by the API, or by the end of its input."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Final

from vaultsync.cli.presenter import Names, Presenter
from vaultsync.daemon.bus import EventBus
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.opening import open_node
from vaultsync.daemon.service import Node
from vaultsync.errors import one_of_a_group
from vaultsync.server.serve import serve_api
from vaultsync.server.snapshot import status_of

TICK_S: Final = 0.2

LAST_WORDS_S: Final = 6.0
"""How long what a node does first may go on after it is told to stop: who does not join after all says so."""

Begin = Callable[[Node, Presenter], Coroutine[None, None, None]]
"""What the node is to do first: add vaults, or use a ticket. What it raises ends the node."""


class NodeNames:
    """What ids are called on this node."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def vault(self, vault_id: str) -> str:
        return next((s.record.name for v, s in self._node.vaults.items() if str(v) == vault_id), vault_id[:10])

    def peer(self, node_id: str) -> str:
        peers = self._node.peers.get_peers()
        return next((p.record.name for p in peers if str(p.record.node_id) == node_id), node_id[:10])


async def run_node(begin: Begin, *, command: str, as_json: bool, until_eof: bool) -> None:
    """Run a node until it is told to stop.

    Raises `NodeRunningError` if one runs already, the `ConfigError`, `IdentityError`, `StoreError` or
    `TransportError` for which it can't start, and what `begin` raises.
    """
    places = Places.find()
    config = Config.load(places.config_file)
    async with open_node(places, config, command=command) as node:
        presenter = _presenter(NodeNames(node), as_json=as_json)
        try:
            with _stop_signals(node.stopping):
                await _run(node, presenter, begin, until_eof=until_eof)
        finally:
            presenter.close()


def _presenter(names: Names, *, as_json: bool) -> Presenter:
    """Lines and bars on a terminal, JSON lines otherwise."""
    if as_json or not sys.stdout.isatty():
        from vaultsync.cli.logs import Log

        return Log(names)
    from vaultsync.cli.terminal import Terminal

    return Terminal(names)


async def _run(node: Node, presenter: Presenter, begin: Begin, *, until_eof: bool) -> None:
    with one_of_a_group():
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(node.run())
            shows: list[asyncio.Task[None]] = []
            try:
                if not await _unless(node.stopping, _ready(node)):
                    return
                if not await _unless(node.stopping, begin(node, presenter), patience_s=LAST_WORDS_S):
                    return
                async with serve_api(node):
                    presenter.serving(await status_of(node))
                    shows += [tasks.create_task(_show(node.bus, presenter)), tasks.create_task(_tick(presenter))]
                    if until_eof:
                        _stop_at_eof(node.stopping)
                    await node.stopping.wait()
                    presenter.stopping()
            finally:
                node.stopping.set()
                await running
                for task in shows:
                    task.cancel()


async def _ready(node: Node) -> None:
    await node.peers.ready.wait()


async def _unless(stopping: asyncio.Event, work: Coroutine[None, None, None], patience_s: float = 0.0) -> bool:
    """Do `work`, and raise what it raises. False if it was broken off, `patience_s` after the node was told to stop:
    what it waits for may never come then."""
    doing, ending = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done() and patience_s:
            await asyncio.wait((doing,), timeout=patience_s)
        if not doing.done():
            return False
        await doing
        return True
    finally:
        for task in (doing, ending):
            task.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)


async def _show(bus: EventBus, presenter: Presenter) -> None:
    async for _, event in bus.listen(after=0):
        presenter.handle(event)


async def _tick(presenter: Presenter) -> None:
    while True:
        await asyncio.sleep(TICK_S)
        presenter.tick()


@contextmanager
def _stop_signals(stopping: asyncio.Event) -> Iterator[None]:
    """Let the first Ctrl-C, hang-up or SIGTERM stop the node cleanly; a second one ends it at once."""
    loop = asyncio.get_running_loop()
    wanted = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}

    def stop(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        loop.call_soon_threadsafe(stopping.set)

    for number in wanted:
        # A process started with nohup keeps ignoring hang-ups.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_at_eof(stopping: asyncio.Event) -> None:
    """Stop when standard input ends: then the program that started this one is gone, however it ended."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        if not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait, name="stdin", daemon=True).start()
