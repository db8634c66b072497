"""Loss, delay, reordering, duplication, little bandwidth, small packets, a link that comes and goes: it syncs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.netns.badlink import ADDRESSES, BadLink, Quality, bad_link, missing
from tests.support.notes import attachment, write_notes
from tests.support.processes import Device, pair, settled, until
from vaultsync.protocol.limits import CONTENT_BATCH

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(why := missing()), reason=why)]

MB = 1 << 20
MEMORY = 256 * MB
"""No process may ever hold more, resident; Python with all that is imported takes about 90 MB."""


@asynccontextmanager
async def two_devices(base: Path, quality: Quality, mtu: int = 1500) -> AsyncIterator[tuple[Device, Device, BadLink]]:
    async with bad_link(quality, mtu=mtu) as (link, spaces):
        made = [
            Device(base, name, host=host, prefix=("ip", "netns", "exec", space))
            for name, host, space in zip(("Desk", "Phone"), ADDRESSES, spaces, strict=True)
        ]
        try:
            yield made[0], made[1], link
            for device in made:
                assert peak_memory(device) < MEMORY
        finally:
            for device in made:
                await device.kill()


def peak_memory(device: Device) -> int:
    status = Path(f"/proc/{device.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM"))


LINKS = {
    "1 % loss, 50 ms each way": (Quality(loss=0.01, delay_s=0.05), 1500),
    "5 % loss": (Quality(loss=0.05, delay_s=0.01), 1500),
    "20 % loss": (Quality(loss=0.2, delay_s=0.01), 1500),
    "300 ms each way": (Quality(delay_s=0.3), 1500),
    "reordered and duplicated": (Quality(delay_s=0.01, jitter_s=0.05, duplicated=0.3), 1500),
    "1 Mbit/s": (Quality(bytes_per_s=125_000, delay_s=0.02), 1500),
    "packets of 1,280 bytes": (Quality(delay_s=0.01), 1280),
}


@pytest.mark.parametrize(("quality", "mtu"), LINKS.values(), ids=LINKS.keys())
async def test_it_syncs_over(tmp_path: Path, quality: Quality, mtu: int) -> None:
    async with two_devices(tmp_path, replace(quality), mtu) as (desk, phone, _):
        write_notes(desk.vault, 30)
        attachment(desk.vault, "scan.pdf", MB // 8)
        await pair(desk, phone)
        (phone.vault / "answer.md").write_text("from the phone\n")
        (desk.vault / "Note 0.md").write_text("edited on the desk\n")
        tree = await settled(desk, phone)
        assert tree["answer.md"] == b"from the phone\n"
        assert tree["Note 0.md"] == b"edited on the desk\n"


async def test_a_note_does_not_wait_for_a_film(tmp_path: Path) -> None:
    """While an attachment fills a slow link, an edit crosses long before the attachment has."""
    async with two_devices(tmp_path, Quality()) as (desk, phone, link):
        await pair(desk, phone)
        link.quality = Quality(bytes_per_s=250_000, delay_s=0.02)
        attachment(desk.vault, "film.mp4", 2 * MB)

        async def under_way() -> bool:
            return any(name.endswith(".part") for name in phone.leftovers)

        await until(under_way, "the film is under way")
        (desk.vault / "urgent.md").write_text("read me first\n")

        async def arrived() -> bool:
            return (phone.vault / "urgent.md").exists()

        await until(arrived, "the note arrives")
        assert not (phone.vault / "film.mp4").exists()
        await settled(desk, phone)


@pytest.mark.parametrize(
    ("up_s", "down_s", "size"),
    [
        pytest.param(2.0, 2.0, MB, id="2 s"),
        pytest.param(2.0, 2.0, 6 * MB, id="2 s, longer", marks=pytest.mark.long),
        pytest.param(5.0, 5.0, 6 * MB, id="5 s", marks=pytest.mark.long),
        pytest.param(8.0, 12.0, 6 * MB, id="8 s and 12 s", marks=pytest.mark.long),
    ],
)
async def test_a_link_that_comes_and_goes(tmp_path: Path, up_s: float, down_s: float, size: int) -> None:
    """The connection outlives it, a transfer goes on where it was, and sends little twice."""
    async with two_devices(tmp_path, Quality()) as (desk, phone, link):
        await pair(desk, phone)
        link.quality = Quality(bytes_per_s=400_000, delay_s=0.02)
        before = link.carried_bytes
        flapping = asyncio.create_task(_flap(link.quality, up_s, down_s))
        try:
            attachment(desk.vault, "film.mp4", size)
            await settled(desk, phone, patience_s=110)
        finally:
            flapping.cancel()
        print(f"up {up_s} s, down {down_s} s: {(link.carried_bytes - before) / size:.2f} times the bytes")
        assert link.carried_bytes - before < 1.3 * size
        assert not any("does not answer" in device.log.read_text() for device in (desk, phone))


@pytest.mark.long
async def test_a_link_that_is_down_for_longer_than_a_connection_lives(tmp_path: Path) -> None:
    """Three outages of 25 s in the middle of a transfer: it goes on where it was, but for the message on its way."""
    size, outages = 4 * MB, 3
    async with two_devices(tmp_path, Quality()) as (desk, phone, link):
        await pair(desk, phone)
        link.quality = Quality(bytes_per_s=250_000, delay_s=0.02)
        before = link.carried_bytes
        attachment(desk.vault, "film.mp4", size)
        for _ in range(outages):
            carried = link.carried_bytes

            async def goes_on(carried: int = carried) -> bool:
                return link.carried_bytes > carried + size // 6

            await until(goes_on, "the transfer goes on")
            link.quality.up = False
            await asyncio.sleep(25)
            link.quality.up = True
            back_s = asyncio.get_running_loop().time()

            async def connected() -> bool:
                status = await phone.status()
                return status is not None and any(peer.state in ("connected", "syncing") for peer in status.peers)

            await until(connected, "the devices find each other again")
            print(f"connected again after {asyncio.get_running_loop().time() - back_s:.1f} s")
        await settled(desk, phone, patience_s=110)
        print(f"outages: {(link.carried_bytes - before) / size:.2f} times the bytes")
        assert link.carried_bytes - before < 1.1 * size + outages * CONTENT_BATCH
        assert any("does not answer" in device.log.read_text() for device in (desk, phone))


async def _flap(quality: Quality, up_s: float, down_s: float) -> None:
    while True:
        await asyncio.sleep(up_s)
        quality.up = False
        await asyncio.sleep(down_s)
        quality.up = True
