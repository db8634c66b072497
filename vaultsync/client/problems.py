"""The node's problem details (RFC 9457) as the errors that they were."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from vaultsync.client.http import httpx
from vaultsync.errors import NodeError, VaultsyncError


def error_of(response: httpx.Response) -> VaultsyncError:
    """The error with the same title, message and hint, and of the same class where there is such a class here."""
    try:
        data = response.json()
    except ValueError:
        data = None
    if not isinstance(data, dict) or not isinstance(data.get("type"), str):
        return NodeError(f"It answered with HTTP status {response.status_code}, which says nothing more.")
    error = _kinds().get(data["type"].rpartition(":")[2], NodeError)(str(data.get("detail", "")))
    error.title = str(data.get("title", error.title))
    error.hint = str(data.get("hint", ""))
    return error


@cache
def _kinds() -> dict[str, type[VaultsyncError]]:
    """The classes that are made of a message alone, by slug; of others, the nearest such class above."""
    return {kind.slug(): _plain(kind) for kind in _below(VaultsyncError)}


def _below(kind: type[VaultsyncError]) -> Iterator[type[VaultsyncError]]:
    yield kind
    for lower in kind.__subclasses__():
        yield from _below(lower)


def _plain(kind: type[VaultsyncError]) -> type[VaultsyncError]:
    return next(
        each for each in kind.__mro__ if issubclass(each, VaultsyncError) and each.__init__ is VaultsyncError.__init__
    )
