"""The node itself: its status, its events, its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from vaultsync.daemon.events import Event, EventsMissed
from vaultsync.daemon.kinds import kind_of
from vaultsync.daemon.service import Node
from vaultsync.daemon.status import Status
from vaultsync.server.access import TheNode
from vaultsync.server.snapshot import status_of

HEARTBEAT_S: Final = 15.0
"""How often a quiet stream shows that it is alive."""

router = APIRouter(tags=["node"])


@router.get("/status")
async def status(node: TheNode) -> Status:
    """The node, its vaults and its peers."""
    return await status_of(node)


@router.post("/stop", status_code=202)
async def stop(node: TheNode) -> Response:
    """Stop the node cleanly. The answer comes before it has stopped."""
    node.stopping.set()
    return Response(status_code=202)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    node: TheNode,
    after: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    last_event_id: Annotated[int | None, Header(ge=0, lt=2**63)] = None,
) -> StreamingResponse:
    """Everything that happens, as server-sent events with numbers.

    Begins after the event `after` or `Last-Event-ID`, as far back as the node remembers; without them, now. The
    event's name is its kind in snake case; its data is a JSON object, in which `at` is when it
    happened (Unix ms). Numbers go on over restarts of the node, with gaps. Ends when the node stops.

    If events after that number are not remembered any more, the first one is `events_missed`. With `after=0` there is
    nothing to miss.
    """
    start = last_event_id if last_event_id is not None else after
    return StreamingResponse(
        _stream(node, start), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _stream(node: Node, after: int | None) -> AsyncIterator[str]:
    yield f": numbers go up to {node.bus.newest}\n\n"
    oldest = node.bus.oldest
    if after is not None and after > node.bus.newest:
        # Of a node whose clock was ahead.
        yield as_frame(oldest - 1, EventsMissed(after, oldest), node.now_ms())
        after = oldest - 1
    elif after and after < oldest - 1:
        yield as_frame(oldest - 1, EventsMissed(after, oldest), node.now_ms())
    stopping = asyncio.create_task(node.stopping.wait())
    listener = node.bus.listen(after)
    arriving = asyncio.ensure_future(anext(listener))
    told: int | None = None
    try:
        while True:
            waited: set[asyncio.Future[tuple[int, Event]] | asyncio.Task[bool]] = {arriving, stopping}
            await asyncio.wait(waited, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if arriving.done():
                number, event = arriving.result()
                if told is not None and number > told + 1:
                    # Who reads this slowly has been overtaken.
                    yield as_frame(number - 1, EventsMissed(told, number), node.now_ms())
                told = number
                yield as_frame(number, event, node.bus.time_of(number))
                arriving = asyncio.ensure_future(anext(listener))
            elif stopping.done():
                return
            else:
                yield ":\n\n"
    finally:
        arriving.cancel()
        stopping.cancel()
        await asyncio.gather(arriving, stopping, return_exceptions=True)


def as_frame(number: int, event: Event, at_ms: int | None = None) -> str:
    """One server-sent event (WHATWG HTML, "Server-sent events"); `at_ms` is when it happened, in Unix ms."""
    data = json.dumps({**asdict(event), "at": at_ms}, ensure_ascii=False, separators=(",", ":"))
    return f"id: {number}\nevent: {kind_of(event)}\ndata: {data}\n\n"
