"""How fast one stream is: memory to memory over loopback, both ends in one process and in two.

    python -m tests.benchmarks.transport_throughput [--mib 200] [--datagram BYTES] [--profile]

Prints MB/s (10^6 bytes), and for one process the datagrams each way and the congestion window. `--datagram 1452`
measures what an Ethernet's packet size allows, 1232 any path's; the default is what nodes on one machine use.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import multiprocessing
import pstats
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from unittest import mock

from aioquic.quic.connection import QuicConnection

from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, QuicSettings, listen, pathsize

BLOCK = bytes(1 << 20)


@dataclass(slots=True)
class Seen:
    """Datagrams that came, and the sender's state at each of those: the acknowledgements."""

    data: int = 0
    acknowledgements: int = 0
    windows: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)

    @contextmanager
    def watch(self) -> Iterator[None]:
        receive = QuicConnection.receive_datagram

        def watched(connection: QuicConnection, data: bytes, addr: object, now: float) -> None:
            if connection._is_client:
                self.acknowledgements += 1
                self.windows.append(connection._loss.congestion_window)
                self.in_flight.append(connection._loss.bytes_in_flight)
            else:
                self.data += 1
            receive(connection, data, addr, now)

        with mock.patch.object(QuicConnection, "receive_datagram", watched):
            yield

    def __str__(self) -> str:
        window, flight = statistics.median(self.windows), max(self.in_flight)
        return (
            f"{self.data:,} datagrams, {self.acknowledgements:,} back; at most {flight / 1e3:.0f} kB unacknowledged "
            f"in a congestion window of {window / 1e3:,.0f} (median)"
        )


@contextmanager
def datagrams_of(size: int) -> Iterator[QuicSettings]:
    """Settings for a path that takes no larger ones."""
    steps = tuple(step for step in pathsize.STEPS if step <= size)
    with mock.patch.object(pathsize, "STEPS", steps):
        yield QuicSettings(loopback_datagram_size=size)


async def send(endpoint: QuicEndpoint, peer: NodeId, address: Address, mib: int) -> None:
    connection = await endpoint.connect(peer, address)
    stream = await connection.open_send_stream()
    for _ in range(mib):
        await stream.write(BLOCK)
    await stream.finish()
    await connection.wait_closed()


async def receive(endpoint: QuicEndpoint) -> float:
    """Bytes per second, from the accepted stream to its end."""
    connection = await endpoint.accept()
    _, stream = await connection.accept_stream()
    start, size = time.perf_counter(), 0
    while piece := await stream.read(1 << 20):
        size += len(piece)
    rate = size / (time.perf_counter() - start)
    await connection.close()
    return rate


async def one_process(settings: QuicSettings, mib: int) -> float:
    sender = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
    receiver = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
    rate, _ = await asyncio.gather(receive(receiver), send(sender, receiver.node_id, receiver.addresses[0], mib))
    await sender.close()
    await receiver.close()
    return rate


def sending_process(pipe: Pipe, size: int, mib: int) -> None:
    async def main(settings: QuicSettings) -> None:
        raw, port = pipe.recv()
        endpoint = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
        await send(endpoint, NodeId(raw), Address("127.0.0.1", port), mib)
        await endpoint.close()

    with datagrams_of(size) as settings:
        asyncio.run(main(settings))


async def two_processes(settings: QuicSettings, mib: int) -> float:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=sending_process, args=(theirs, settings.loopback_datagram_size, mib))
    process.start()
    endpoint = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
    ours.send((endpoint.node_id.raw, endpoint.port))
    rate = await receive(endpoint)
    await endpoint.close()
    process.join()
    return rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--datagram", type=int, default=QuicSettings().loopback_datagram_size)
    parser.add_argument("--profile", action="store_true", help="where the time of one process goes")
    options = parser.parse_args()
    with datagrams_of(options.datagram) as settings:
        if options.profile:
            profile = cProfile.Profile()
            profile.runcall(asyncio.run, one_process(settings, options.mib))
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
            return
        print(f"{options.mib} MiB on one stream, datagrams of {options.datagram} bytes")
        print(f"one process:   {asyncio.run(one_process(settings, options.mib)) / 1e6:7.1f} MB/s")
        print(f"two processes: {asyncio.run(two_processes(settings, options.mib)) / 1e6:7.1f} MB/s")
        seen = Seen()
        with seen.watch():
            asyncio.run(one_process(settings, options.mib))
        print(f"once more:     {seen}")


if __name__ == "__main__":
    main()
