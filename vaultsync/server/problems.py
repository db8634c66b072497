"""Errors as RFC 9457 problem details, with the words that a person would see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vaultsync.errors import (
    ConfigError,
    DiskFullError,
    NodeNotRunningError,
    NodeRunningError,
    PathError,
    RequestError,
    StoreError,
    TicketError,
    TransportError,
    VaultError,
    VaultLockedError,
    VaultOfflineError,
    VaultsyncError,
)

MEDIA_TYPE: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:vaultsync:error:"

_STATUS: Final[tuple[tuple[type[VaultsyncError], int], ...]] = (
    (VaultOfflineError, 503),
    (VaultLockedError, 409),
    (DiskFullError, 507),
    (VaultError, 409),
    (TicketError, 422),
    (PathError, 422),
    (ConfigError, 422),
    (TransportError, 502),
    (RequestError, 409),
    (StoreError, 500),
    (NodeRunningError, 409),
    (NodeNotRunningError, 503),
)
"""The first that fits."""


class NotFoundError(VaultsyncError):
    """What the address names does not exist here."""

    title = "There is no such thing"


class BadRequestError(VaultsyncError):
    """The request's body or parameters are not what is asked for."""

    title = "The request is not valid"


class ForbiddenError(VaultsyncError):
    """Whoever asks may use the API, but not for this."""

    title = "That is not allowed"


class Problem(JSONResponse):
    """A problem-details response."""

    media_type = MEDIA_TYPE

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str = "",
        hint: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **further: object,
    ) -> None:
        content = {"type": TYPE_PREFIX + kind, "title": title, "status": status, "detail": detail, "hint": hint}
        super().__init__({**content, **further}, status_code=status, headers=headers)

    def render(self, content: object) -> bytes:
        # What a request said may be quoted in it, and that may be no text at all (lone surrogates).
        return json.dumps(content).encode()


def problem_of(error: VaultsyncError) -> Problem:
    """The response for an error that is meant for a person."""
    if isinstance(error, NotFoundError):
        status = 404
    elif isinstance(error, ForbiddenError):
        status = 403
    elif isinstance(error, BadRequestError):
        status = 422
    else:
        status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
    return Problem(status, error.slug(), error.title, error.message, error.hint)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with problem details."""
    app.add_exception_handler(VaultsyncError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_unknown)


async def _on_known(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, VaultsyncError)
    return problem_of(error)


async def _on_invalid(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, RequestValidationError)
    faults = [{"at": "/".join(str(part) for part in e["loc"]), "why": str(e["msg"])} for e in error.errors()]
    detail = "; ".join(f"{fault['at']}: {fault['why']}" for fault in faults[:5])
    return Problem(422, BadRequestError.slug(), BadRequestError.title, detail, errors=faults)


async def _on_http(_request: Request, error: Exception) -> Problem:
    assert isinstance(error, HTTPException)
    kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http")
    return Problem(error.status_code, kind, str(error.detail), headers=error.headers)


async def _on_unknown(_request: Request, _error: Exception) -> Problem:
    return Problem(
        500,
        "internal",
        "Something went wrong inside vaultsync",
        "The node met an error that it did not expect; its log says more.",
        "Look at the output of `vaultsync run`, and report it.",
    )
