"""How fast one stream is: memory to memory over loopback, both ends in one process and in two.

    python tests/benchmarks/transport_throughput.py [--mib 200] [--datagram BYTES] [--profile]

Prints MB/s (10^6 bytes). `--datagram 1232` measures what a real network's packet size allows; the default is what
nodes on one machine use.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import multiprocessing
import pstats
import time
from multiprocessing.connection import Connection as Pipe

from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, QuicSettings, listen

BLOCK = bytes(1 << 20)


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


def sending_process(pipe: Pipe, settings: QuicSettings, mib: int) -> None:
    async def main() -> None:
        raw, port = pipe.recv()
        endpoint = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
        await send(endpoint, NodeId(raw), Address("127.0.0.1", port), mib)
        await endpoint.close()

    asyncio.run(main())


async def two_processes(settings: QuicSettings, mib: int) -> float:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=sending_process, args=(theirs, settings, mib))
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
    settings = QuicSettings(loopback_datagram_size=options.datagram)
    if options.profile:
        profile = cProfile.Profile()
        profile.runcall(asyncio.run, one_process(settings, options.mib))
        pstats.Stats(profile).sort_stats("tottime").print_stats(30)
        return
    print(f"{options.mib} MiB on one stream, datagrams of {options.datagram} bytes")
    print(f"one process:   {asyncio.run(one_process(settings, options.mib)) / 1e6:7.1f} MB/s")
    print(f"two processes: {asyncio.run(two_processes(settings, options.mib)) / 1e6:7.1f} MB/s")


if __name__ == "__main__":
    main()
