"""How the node on this computer is reached, and what its answers and its silence mean."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from vaultsync.client.decoding import decode
from vaultsync.client.http import httpx
from vaultsync.client.problems import error_of
from vaultsync.daemon.config import Places
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.status import Status
from vaultsync.errors import NodeError, NodeNotRunningError

CONNECT_S: Final = 5.0
ANSWER_S: Final = 60.0
"""Joining dials several addresses, and a vault that scans answers between its steps."""

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. Nothing here speaks TLS, and httpx would read a list of all authorities to be ready for it."""


def descriptor_of(places: Places | None = None) -> Descriptor:
    """What the running node says of itself. `NodeNotRunningError` if no node has said where it is."""
    descriptor = Descriptor.read(places or Places.find())
    if descriptor is None:
        raise NodeNotRunningError("Nothing syncs on this computer until it is started.")
    return descriptor


def socket_of(descriptor: Descriptor) -> str | None:
    """The node's Unix socket; None if it has to be reached at its port."""
    return descriptor.socket if descriptor.socket is not None and os.path.exists(descriptor.socket) else None


def base_url(descriptor: Descriptor) -> str:
    return f"http://{'localhost' if socket_of(descriptor) else f'127.0.0.1:{descriptor.port}'}/v1"


def headers(descriptor: Descriptor) -> dict[str, str]:
    return {"Authorization": f"Bearer {descriptor.token}"}


def timeout(answer_s: float = ANSWER_S) -> httpx.Timeout:
    return httpx.Timeout(answer_s, connect=CONNECT_S)


@contextmanager
def failures(descriptor: Descriptor, stopped: str = "The node stopped before it answered.") -> Iterator[None]:
    """Turn what httpx meets into `NodeNotRunningError`, or into `NodeError` if the node does not answer."""
    try:
        yield
    except httpx.ConnectError as error:
        raise NodeNotRunningError(f"A node ran here, but it is gone (process {descriptor.pid}).") from error
    except httpx.TimeoutException as error:
        raise NodeError(
            f"The node (process {descriptor.pid}) does not answer.", hint="Stop it and start it again."
        ) from error
    except httpx.TransportError as error:
        raise NodeNotRunningError(stopped) from error


def checked(response: httpx.Response) -> httpx.Response:
    """The response, if it is no error; otherwise the error that the node met is raised."""
    if response.is_error:
        raise error_of(response)
    return response


def json_of(response: httpx.Response) -> object:
    """What the response says. `NodeError` if it is no JSON."""
    try:
        answer: object = response.json()
    except ValueError as error:
        raise NodeError("Its answer is not understood: it is no JSON.") from error
    return answer


def ask_status(places: Places | None = None) -> Status:
    """The node's status, asked without an event loop: the quickest way. Raises as `NodeClient` does."""
    descriptor = descriptor_of(places)
    transport = httpx.HTTPTransport(verify=NO_TLS, uds=socket_of(descriptor))
    with failures(descriptor), httpx.Client(transport=transport, trust_env=False) as http:
        url = f"{base_url(descriptor)}/status"
        return decode(Status, json_of(checked(http.get(url, headers=headers(descriptor), timeout=timeout()))))
