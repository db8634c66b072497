"""The local HTTP API as an ASGI application over a node."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from vaultsync import __version__
from vaultsync.daemon.service import Node
from vaultsync.server import problems
from vaultsync.server.callers import Callers
from vaultsync.server.description import describing
from vaultsync.server.guard import ORIGINS, Guard
from vaultsync.server.open_joins import OpenJoins
from vaultsync.server.routes import (
    conflicts,
    deletions,
    find,
    history,
    identity,
    insight,
    joins,
    members,
    metrics,
    peers,
    sessions,
    settings,
    steering,
    tickets,
    traffic,
    vaults,
)
from vaultsync.server.routes import node as node_routes

PREFIX = "/v1"


def make_api(node: Node) -> FastAPI:
    """The routes, open to everybody: for `make_app` and for publishing their description."""
    api = FastAPI(
        title="vaultsync",
        version=__version__,
        summary="The local API of a vaultsync node.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    api.state.node = node
    api.state.joins = OpenJoins(node)
    for router in (
        node_routes.router,
        traffic.router,
        metrics.router,
        identity.router,
        sessions.router,
        vaults.router,
        tickets.router,
        settings.router,
        steering.router,
        peers.router,
        members.router,
        joins.router,
        history.router,
        find.router,
        conflicts.router,
        deletions.router,
        insight.router,
    ):
        api.include_router(router, prefix=PREFIX)
    problems.install(api)
    api.openapi = describing(api)  # type: ignore[method-assign]
    return api


def make_app(node: Node, *, token: str, port: Callable[[], int]) -> ASGIApp:
    """What is served: the API behind its guard. `port` gives the TCP port that is listened on."""
    guarded = Guard(make_api(node), Callers(node, token), port=port)
    # Outside of the guard: a browser's preflight carries no token, and refusals need the headers to be readable.
    return CORSMiddleware(
        guarded,
        allow_origins=ORIGINS,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
    )
