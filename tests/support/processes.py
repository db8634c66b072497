"""Devices as real processes: `python -m vaultsync`, started, asked, stopped and killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.nodes import tree
from vaultsync.client.client import NodeClient
from vaultsync.daemon.answers import NewTicket
from vaultsync.daemon.config import Places
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.status import Status, VaultInfo
from vaultsync.errors import NodeError, NodeNotRunningError

PATIENCE_S = 60.0
"""How long a test waits for what must happen, before it fails."""
LOOK_EVERY_S = 0.03


class Device:
    """One device: its home, its folder of notes, and the process that runs its node, if one does."""

    def __init__(
        self,
        base: Path,
        name: str,
        *,
        host: str = "127.0.0.1",
        prefix: tuple[str, ...] = (),
        environ: dict[str, str] | None = None,
    ) -> None:
        """`prefix` goes before every command: `ip netns exec NAME` puts the device into a network of its own."""
        self.name = name
        self.home = base / name / "home"
        self.vault = base / name / "notes"
        self.log = base / name / "log.txt"
        self.places = Places(self.home / "config", self.home / "data")
        self.places.config.mkdir(parents=True)
        self.vault.mkdir(parents=True)
        self.places.config_file.write_text(f'name = "{name}"\nlisten_host = "{host}"\nmdns = false\n')
        self._prefix = prefix
        self._environ = environ or {}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def environ(self) -> dict[str, str]:
        own = {"VAULTSYNC_HOME": str(self.home), "VAULTSYNC_KEYRING": "off", "VAULTSYNC_DEBUG": "1"}
        return {**os.environ, **own, **self._environ}

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return None if self._process is None else self._process.returncode

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run `vaultsync` with these arguments to its end: exit code, output, errors."""
        process = await self._start(arguments, asyncio.subprocess.PIPE, asyncio.subprocess.PIPE)
        async with asyncio.timeout(PATIENCE_S):
            output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    async def launch(self, *arguments: str) -> None:
        """Start a process that is to run, without waiting for it."""
        assert self._process is None
        with suppress(FileNotFoundError):
            (self.places.data / "api.json").unlink()
        with self.log.open("ab") as log:
            self._process = await self._start((*arguments, "--until-eof", "--json"), log.fileno(), log.fileno())

    async def start(self, *arguments: str) -> None:
        """Run a node (`vaultsync run` on the folder, unless told otherwise) and wait until it answers."""
        await self.launch(*(arguments or ("run", str(self.vault))))
        await self.answers()

    async def answers(self) -> None:
        """Wait until the node can be asked."""
        async with asyncio.timeout(PATIENCE_S):
            while Descriptor.read(self.places) is None:
                assert self.exit_code is None, (
                    f"{self.name} ended with {self.exit_code}: {self.log.read_text()[-3000:]}"
                )
                await asyncio.sleep(LOOK_EVERY_S)

    async def kill(self) -> None:
        """End the process at once (SIGKILL). Nothing happens if none runs."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask the process to stop (SIGTERM), and wait; its exit code."""
        return await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait for the process, which was told to stop; its exit code."""
        return await self._end(None)

    async def _end(self, number: signal.Signals | None) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if number is not None and process.returncode is None:
            process.send_signal(number)
        async with asyncio.timeout(PATIENCE_S):
            return await process.wait()

    async def _start(self, arguments: tuple[str, ...], output: int, errors: int) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._prefix,
            sys.executable,
            "-m",
            "vaultsync",
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=errors,
            env=self.environ,
            cwd=Path(__file__).parents[2],
        )

    def client(self) -> NodeClient:
        return NodeClient.find(self.places)

    async def status(self) -> Status | None:
        """What the node says of itself; None if it can't be asked now."""
        try:
            async with self.client() as client:
                return await client.status()
        except (NodeNotRunningError, NodeError):
            return None

    async def vault_info(self) -> VaultInfo | None:
        found = await self.status()
        return found.vaults[0] if found is not None and found.vaults else None

    async def ticket(self, *, minutes: float = 10, reusable: bool = False) -> NewTicket:
        async with self.client() as client:
            return await client.make_ticket(self.vault, minutes=minutes, reusable=reusable)

    async def join(self, ticket: NewTicket) -> None:
        """Start a node that uses the ticket, and wait until it answers."""
        await self.start("join", ticket.ticket, str(self.vault), "--yes")

    @property
    def tree(self) -> dict[str, bytes | None]:
        """What the folder holds now; what is moved about while it is read is read again."""
        while True:
            try:
                return tree(self.vault)
            except (FileNotFoundError, NotADirectoryError):
                continue

    @property
    def leftovers(self) -> list[str]:
        """What lies in the folder for temporary files."""
        temporary = self.vault / ".vaultsync" / "tmp"
        return sorted(os.listdir(temporary)) if temporary.exists() else []


async def until(condition: Callable[[], Awaitable[bool]], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until `condition` holds; fail with `what` if it never does."""
    try:
        async with asyncio.timeout(patience_s):
            while not await condition():
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


async def in_sync(*devices: Device) -> bool:
    """Whether all say that they hold the same, that this is proven, and that nothing is under way."""
    found = [await device.status() for device in devices]
    if not all(status is not None and status.vaults and status.peers for status in found):
        return False
    vaults = [status.vaults[0] for status in found if status is not None]
    return (
        len({vault.digest for vault in vaults}) == 1
        and all(vault.state == "ready" and vault.pending == 0 and vault.digest for vault in vaults)
        and all(
            all(shared.in_sync for shared in peer.vaults)
            for status in found
            if status is not None
            for peer in status.peers
        )
    )


async def settled(*devices: Device, patience_s: float = PATIENCE_S) -> dict[str, bytes | None]:
    """Wait until the devices are in sync and their folders equal, byte for byte. Returns the tree."""

    async def same() -> bool:
        first, *rest = devices
        wanted = first.tree
        return all(device.tree == wanted for device in rest) and await in_sync(*devices)

    try:
        await until(same, "the devices are in sync", patience_s)
    except AssertionError as error:
        raise AssertionError(f"{error}; {await _difference(*devices)}") from None
    for device in devices:

        async def tidy(device: Device = device) -> bool:
            return device.leftovers == []

        await until(tidy, f"{device.name} is tidy; it has {device.leftovers}", patience_s)
    return devices[0].tree


async def _difference(*devices: Device) -> str:
    """What keeps the devices apart, in short."""
    told = []
    for device in devices:
        there, wanted = device.tree, devices[0].tree
        unlike = [path for path in sorted({*there, *wanted}) if there.get(path, ()) != wanted.get(path, ())]
        status = await device.status()
        told.append(f"{device.name}: differs at {unlike[:5]} ({len(unlike)}), says {status}")
    return "\n".join(told)


@asynccontextmanager
async def devices(base: Path, *names: str) -> AsyncIterator[list[Device]]:
    """Devices that run nothing yet; whatever they run at the end is killed."""
    made = [Device(base, name) for name in names]
    try:
        yield made
    finally:
        for device in made:
            await device.kill()


async def pair(first: Device, *others: Device) -> dict[str, bytes | None]:
    """Run all of them, let the others join the vault of the first, and wait until all hold it. Returns the tree."""
    await first.start()
    for other in others:
        await other.join(await first.ticket())
    return await settled(first, *others)
