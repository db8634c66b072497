"""What moves over the network, as a stream of measurements."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import Final

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from vaultsync.daemon.service import Node
from vaultsync.server.access import TheNode
from vaultsync.server.traffic import TrafficMeter

EVERY_S: Final = 1.0

router = APIRouter(tags=["node"])


@router.get(
    "/traffic",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def traffic(node: TheNode) -> StreamingResponse:
    """Bytes sent and received, and large files under way, once per second as server-sent events without numbers.

    An event is named `traffic`; its data is a JSON object: `at`, `elapsed_ms`, `sent`, `received`, `transfers`.
    Ends when the node stops.
    """
    return StreamingResponse(_stream(node), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _stream(node: Node) -> AsyncIterator[str]:
    meter = TrafficMeter(node)
    while not node.stopping.is_set():
        data = json.dumps(asdict(await meter.sample()), ensure_ascii=False, separators=(",", ":"))
        yield f"event: traffic\ndata: {data}\n\n"
        with suppress(TimeoutError):
            async with asyncio.timeout(EVERY_S):
                await node.stopping.wait()
