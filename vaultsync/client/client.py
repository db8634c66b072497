"""The client of a running node: what the command line and the dashboard speak through."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self, TypeVar

from vaultsync.client import wire
from vaultsync.client.decoding import decode
from vaultsync.client.http import httpx
from vaultsync.client.streams import TimedEvent, events_of, samples_of, timed_events_of
from vaultsync.daemon.answers import (
    AttemptInfo,
    DeviceConfig,
    IdentityInfo,
    IgnoreRules,
    JoinInfo,
    JoinPreview,
    NewSession,
    NewTicket,
    OpenJoinInfo,
    RequestInfo,
    SessionInfo,
    TicketInfo,
    VaultOptions,
)
from vaultsync.daemon.config import Places
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.daemon.events import Event
from vaultsync.daemon.status import PeerInfo, Status, VaultInfo
from vaultsync.daemon.traffic import TrafficSample
from vaultsync.errors import NodeError

T = TypeVar("T")

PREVIEW_S: Final = 360.0
"""Every file of a folder is read, and the list of all that the other device has."""


class NodeClient:
    """Talks to the node of these places. An asynchronous context manager.

    Every method raises `NodeNotRunningError` if there is none (any more), and otherwise the error that the node
    met, with the same title, message and hint.
    """

    def __init__(self, descriptor: Descriptor) -> None:
        self.descriptor = descriptor
        self._stack = AsyncExitStack()
        self._http = httpx.AsyncClient(
            base_url=wire.base_url(descriptor),
            transport=httpx.AsyncHTTPTransport(verify=wire.NO_TLS, uds=wire.socket_of(descriptor)),
            headers=wire.headers(descriptor),
            timeout=wire.timeout(),
            # A proxy of the environment has no business with loopback.
            trust_env=False,
        )

    @classmethod
    def find(cls, places: Places | None = None) -> Self:
        """The client for the running node. `NodeNotRunningError` if no node has said where it is."""
        return cls(wire.descriptor_of(places))

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._http)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def status(self) -> Status:
        return await self._one(Status, "GET", "/status")

    async def add_vault(self, path: Path, name: str | None = None) -> VaultInfo:
        """Let the node serve a folder."""
        return await self._one(VaultInfo, "POST", "/vaults", {"path": str(path), "name": name})

    async def make_ticket(
        self,
        path: Path,
        *,
        minutes: float = 10,
        role: Literal["member", "observer"] = "member",
        reusable: bool = False,
    ) -> NewTicket:
        """Make a ticket for the vault at `path`."""
        asked = {"path": str(path), "minutes": minutes, "role": role, "reusable": reusable}
        return await self._one(NewTicket, "POST", "/tickets", asked)

    async def make_ticket_for(
        self,
        vault: str,
        *,
        minutes: float = 10,
        role: Literal["member", "observer"] = "member",
        reusable: bool = False,
    ) -> NewTicket:
        """Make a ticket for the vault with that id."""
        asked = {"vault": vault, "minutes": minutes, "role": role, "reusable": reusable}
        return await self._one(NewTicket, "POST", "/tickets", asked)

    async def tickets(self, path: Path | None = None) -> list[TicketInfo]:
        """The tickets that can still be used: of the vault at `path`, or of all."""
        return await self._many(TicketInfo, "/tickets", {} if path is None else {"path": str(path)})

    async def revoke_ticket(self, number: int) -> None:
        await self._send("DELETE", f"/tickets/{number}")

    async def check_ticket(self, ticket: str, path: Path | None = None) -> JoinPreview:
        """What joining with `ticket` (in the folder at `path`) would mean; a `TicketError` if it can't be used."""
        asked = {"ticket": ticket, "path": None if path is None else str(path)}
        return await self._one(JoinPreview, "POST", "/tickets/check", asked)

    async def join(self, ticket: str, path: Path) -> JoinInfo:
        """Use a ticket: sync the vault that it leads to into the folder at `path`."""
        return await self._one(JoinInfo, "POST", "/join", {"ticket": ticket, "path": str(path)})

    async def open_join(self, ticket: str, path: Path) -> OpenJoinInfo:
        """Use a ticket, and learn how the folder at `path` and the vault compare; nothing is written there yet."""
        asked = {"ticket": ticket, "path": str(path)}
        return decode(OpenJoinInfo, await self._json("POST", "/joins", asked, answer_s=PREVIEW_S))

    async def accept_join(self, join: str) -> JoinInfo:
        return await self._one(JoinInfo, "POST", f"/joins/{join}/accept")

    async def leave_join(self, join: str) -> None:
        await self._send("POST", f"/joins/{join}/leave")

    async def adopt_vault(self, vault: str) -> VaultInfo:
        """Take the folder that was brought back in a vault's place for the vault."""
        return decode(VaultInfo, await self._json("POST", f"/vaults/{vault}/adopt", answer_s=PREVIEW_S))

    async def leave_vault(self, vault: str) -> None:
        """Take this device out of a vault; the folder and its notes stay."""
        await self._send("POST", f"/vaults/{vault}/leave")

    async def forget_vault(self, vault: str) -> None:
        """Take a vault that no other device has off this one; the folder and its notes stay."""
        await self._send("DELETE", f"/vaults/{vault}")

    async def requests(self) -> list[RequestInfo]:
        """The devices that wait to be let in."""
        return await self._many(RequestInfo, "/requests", {})

    async def answer_request(self, vault: str, node: str, role: Literal["member", "observer"] | None) -> None:
        """Let a device that asked in as `role`, or deny it (None)."""
        await self._send("POST", "/requests/answer", {"vault": vault, "peer": node, "role": role})

    async def peers(self) -> list[PeerInfo]:
        return await self._many(PeerInfo, "/peers", {})

    async def remove_peer(self, node: str) -> None:
        await self._send("DELETE", f"/peers/{node}")

    async def connect_to_peer(self, node: str) -> None:
        await self._send("POST", f"/peers/{node}/connect")

    async def disconnect_peer(self, node: str) -> None:
        await self._send("POST", f"/peers/{node}/disconnect")

    async def update_peer(self, node: str, *, name: str | None = None, auto_connect: bool | None = None) -> None:
        """Rename a device, or change whether a connection to it is kept up."""
        asked = {"name": name, "auto_connect": auto_connect}
        await self._send("PATCH", f"/peers/{node}", {key: value for key, value in asked.items() if value is not None})

    async def set_role(self, node: str, role: Literal["member", "observer"], vault: str | None = None) -> None:
        """Change what a device may do, for everyone: in one vault, or in all that are shared with it."""
        await self._send("POST", f"/peers/{node}/role", {"role": role, "vault": vault})

    async def resync_peer(self, node: str) -> None:
        """Begin the conversation with a device anew, and compare everything."""
        await self._send("POST", f"/peers/{node}/resync")

    async def sync_now(self) -> None:
        """Look at every folder and dial every device now."""
        await self._send("POST", "/sync-now")

    async def sync_vault_now(self, vault: str) -> None:
        """Look at one folder, and dial the devices that share it, now."""
        await self._send("POST", f"/vaults/{vault}/sync-now")

    async def sync_peer_now(self, node: str) -> None:
        """Look at the folders that are shared with a device, and dial it, now."""
        await self._send("POST", f"/peers/{node}/sync-now")

    async def vault_options(self, vault: str) -> VaultOptions:
        return await self._one(VaultOptions, "GET", f"/vaults/{vault}/settings")

    async def change_vault_options(self, vault: str, changes: Mapping[str, object]) -> VaultOptions:
        """Change settings of a vault on this device.

        They are `categories`, `clashes`, `retention`, `mesh`, `strangers` and `sync`.
        """
        return await self._one(VaultOptions, "PATCH", f"/vaults/{vault}/settings", changes)

    async def ignore_rules(self, vault: str) -> IgnoreRules:
        """The vault's ignore file: gitignore patterns, the same on all its devices."""
        return await self._one(IgnoreRules, "GET", f"/vaults/{vault}/ignore")

    async def change_ignore_rules(self, vault: str, text: str) -> IgnoreRules:
        """Put `text` into the vault's ignore file. A `ConfigError` names a line that can't be used."""
        return await self._one(IgnoreRules, "PUT", f"/vaults/{vault}/ignore", {"text": text})

    async def identity(self) -> IdentityInfo:
        return await self._one(IdentityInfo, "GET", "/identity")

    async def rotate_key(self) -> IdentityInfo:
        """Make a new key for this device, which takes over at its node's next start."""
        return await self._one(IdentityInfo, "POST", "/identity/rotate")

    async def begin_session(self, client: str, hours: float = 12) -> NewSession:
        """A token with which a program of that name may use the API for a while."""
        return await self._one(NewSession, "POST", "/sessions", {"client": client, "hours": hours})

    async def sessions(self) -> list[SessionInfo]:
        """The programs that have a token now."""
        return await self._many(SessionInfo, "/sessions", {})

    async def renew_session(self) -> SessionInfo:
        """Let the time of this client's own session token begin anew."""
        return await self._one(SessionInfo, "POST", "/sessions/renew")

    async def revoke_session(self, number: int) -> None:
        await self._send("DELETE", f"/sessions/{number}")

    async def config(self) -> DeviceConfig:
        return await self._one(DeviceConfig, "GET", "/config")

    async def change_config(self, changes: Mapping[str, object]) -> DeviceConfig:
        """Change settings of this device. Limits hold at once, the others from its node's next start on."""
        return await self._one(DeviceConfig, "PATCH", "/config", changes)

    async def attempts(self, node: str | None = None, limit: int = 100) -> list[AttemptInfo]:
        """The latest dials, newest first: to one peer, or to all."""
        asked = {"limit": str(limit), **({} if node is None else {"peer": node})}
        return await self._many(AttemptInfo, "/peers/attempts", asked)

    async def stop(self) -> None:
        """Ask the node to stop; it does so after it has answered."""
        await self._send("POST", "/stop")

    async def events(self, after: int | None = None) -> AsyncGenerator[tuple[int, Event], None]:
        """Events with their numbers, from the one after `after` (None: from now on), until the node stops.

        0: all that the node remembers. If some after another number are gone, the first one is `EventsMissed`.
        """
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self._lines("/events", headers) as lines:
            async for numbered in events_of(lines):
                yield numbered

    async def timed_events(self, after: int | None = None) -> AsyncIterator[TimedEvent]:
        """The same, each with the time at which it happened."""
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        async with self._lines("/events", headers) as lines:
            async for timed in timed_events_of(lines):
                yield timed

    async def traffic(self) -> AsyncIterator[TrafficSample]:
        """What moves over the network, once per second, until the node stops."""
        async with self._lines("/traffic", {}) as lines:
            async for sample in samples_of(lines):
                yield sample

    @asynccontextmanager
    async def _lines(self, path: str, headers: Mapping[str, str]) -> AsyncIterator[AsyncIterator[str]]:
        """The lines of an endless answer."""
        with wire.failures(self.descriptor, "The node stopped."):
            async with self._http.stream("GET", path, headers=headers) as response:
                if response.is_error:
                    await response.aread()
                yield wire.checked(response).aiter_lines()

    async def _one(self, kind: type[T], method: str, path: str, body: Mapping[str, object] | None = None) -> T:
        return decode(kind, await self._json(method, path, body))

    async def _many(self, kind: type[T], path: str, query: Mapping[str, str]) -> list[T]:
        answer = await self._json("GET", path, None, query)
        if not isinstance(answer, list):
            raise NodeError("Its answer is not understood: it is no list.")
        return [decode(kind, item) for item in answer]

    async def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        answer_s: float = wire.ANSWER_S,
    ) -> object:
        return wire.json_of(await self._send(method, path, body, query, answer_s))

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] | None = None,
        answer_s: float = wire.ANSWER_S,
    ) -> httpx.Response:
        with wire.failures(self.descriptor):
            asked = self._http.request(method, path, json=body, params=query, timeout=wire.timeout(answer_s))
            return wire.checked(await asked)
