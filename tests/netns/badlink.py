"""A bad network between two devices of one machine: two network namespaces, and between them a link that this process
plays, packet by packet. It needs root and TUN devices; the kernel's own netem is not there everywhere.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import random
import struct
import subprocess
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x1001
_CLONE_NEWNET: Final = 0x40000000
_QUEUE_BYTES: Final = 128 << 10
"""What a slow link holds before it drops, as a home router does."""

ADDRESSES: Final = ("10.213.7.1", "10.213.7.2")


@dataclass(slots=True)
class Quality:
    """How bad the link is; may be changed while it is used."""

    loss: float = 0.0
    """Share of packets that vanish."""
    delay_s: float = 0.0
    """One way."""
    jitter_s: float = 0.0
    """Up to so much more, each packet for itself: they overtake one another."""
    duplicated: float = 0.0
    bytes_per_s: float = 0.0
    """0: as fast as this process can."""
    up: bool = True


class BadLink:
    """Both ends of the link. Packets go from one to the other as `quality` has it."""

    def __init__(self, ends: tuple[int, int], quality: Quality, seed: int = 1) -> None:
        self.quality = quality
        self.carried_bytes = 0
        self._ends = ends
        self._lot = random.Random(seed)
        self._free_at = [0.0, 0.0]

    def open(self) -> None:
        loop = asyncio.get_running_loop()
        for side, end in enumerate(self._ends):
            loop.add_reader(end, self._drain, side)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for end in self._ends:
            loop.remove_reader(end)
            os.close(end)

    def _drain(self, side: int) -> None:
        for _ in range(64):
            try:
                packet = os.read(self._ends[side], 65_535)
            except BlockingIOError:
                return
            self._carry(side, packet)

    def _carry(self, side: int, packet: bytes) -> None:
        quality, lot, loop = self.quality, self._lot, asyncio.get_running_loop()
        if not quality.up or lot.random() < quality.loss:
            return
        now_s = loop.time()
        starts = now_s
        if quality.bytes_per_s:
            starts = max(now_s, self._free_at[side])
            if (starts - now_s) * quality.bytes_per_s > _QUEUE_BYTES:
                return
            starts += len(packet) / quality.bytes_per_s
            self._free_at[side] = starts
        for _ in range(2 if lot.random() < quality.duplicated else 1):
            arrives = starts + quality.delay_s + lot.uniform(0, quality.jitter_s)
            if arrives <= now_s:
                self._arrive(side, packet)
            else:
                loop.call_at(arrives, self._arrive, side, packet)

    def _arrive(self, side: int, packet: bytes) -> None:
        if self.quality.up:
            self.carried_bytes += len(packet)
            try:
                os.write(self._ends[1 - side], packet)
            except OSError:
                return  # the receiving end has been taken away, or its queue is full


def missing() -> str:
    """Why there can be no such link here; empty if there can."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "only root may make network namespaces"
    if not os.path.exists("/dev/net/tun"):
        return "there are no TUN devices"
    try:
        name = f"vs-try-{os.getpid()}"
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no network namespaces: {error}"
    return ""


@asynccontextmanager
async def bad_link(quality: Quality, *, mtu: int = 1500) -> AsyncIterator[tuple[BadLink, tuple[str, str]]]:
    """The link, and the names of the two namespaces that it joins."""
    spaces = (f"vs-{os.getpid()}-a", f"vs-{os.getpid()}-b")
    made: list[str] = []
    ends: list[int] = []
    try:
        for space, address in zip(spaces, ADDRESSES, strict=True):
            _ip("netns", "add", space)
            made.append(space)
            ends.append(_open_tun(space))
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", "link0")
            _ip("-n", space, "link", "set", "link0", "mtu", str(mtu), "up")
            _ip("-n", space, "link", "set", "lo", "up")
        link = BadLink((ends[0], ends[1]), quality)
        link.open()
        try:
            yield link, spaces
        finally:
            link.close()
    finally:
        for space in made:
            _ip("netns", "del", space)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def _open_tun(space: str) -> int:
    """A TUN device inside the namespace; the descriptor works from outside."""
    opened: list[int] = []

    def enter_and_open() -> None:
        # A namespace is entered by a thread, and this one ends in it.
        libc = ctypes.CDLL(None, use_errno=True)
        handle = os.open(f"/var/run/netns/{space}", os.O_RDONLY)
        if libc.setns(handle, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(handle)
        tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", b"link0", _IFF_TUN_NO_PI))
        opened.append(tun)

    thread = threading.Thread(target=enter_and_open)
    thread.start()
    thread.join()
    return opened[0]
