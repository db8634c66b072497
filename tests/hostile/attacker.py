"""A scripted malicious device over the real transport, and the node and the honest device that it finds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.nodes import running_node, until
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.daemon.wire import MessageReader
from vaultsync.errors import CloseCode, ConnectionLostError
from vaultsync.model.ids import VaultId
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.protocol.codec import encode
from vaultsync.protocol.framing import StreamKind, frame
from vaultsync.protocol.limits import PROTOCOL_VERSION
from vaultsync.protocol.messages import ChangeSet, Hello, Join, Message, VaultHello, Welcome
from vaultsync.tickets.ticket import Ticket
from vaultsync.transport.base import Connection, SendStream
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic.endpoint import QuicEndpoint, listen
from vaultsync.vault.hashing import hash_bytes

SECRET = "a secret outside the vault"
HELLO = Hello(PROTOCOL_VERSION, "Mallory", "mallory", "6.66")


class Attacker:
    """A device with a key of its own. It says whatever it is told to say."""

    def __init__(self, endpoint: QuicEndpoint) -> None:
        self.endpoint = endpoint
        self.node = endpoint.node_id
        self.vault = VaultId(bytes(16))
        self.heard: list[Message] = []
        """Everything that the node has said."""
        self._connection: Connection | None = None
        self._control: SendStream | None = None
        self._streams: dict[StreamKind, SendStream] = {}
        self._listening: set[asyncio.Task[None]] = set()
        self._through = 0

    @property
    def connection(self) -> Connection:
        assert self._connection is not None
        return self._connection

    async def dial(self, node: Node) -> None:
        """Connect, and open the control stream."""
        self._connection = await self.endpoint.connect(node.node_id, node.endpoint.addresses[0])
        self._control, receiver = await self.connection.open_stream()
        self._streams = {}
        self._listen(MessageReader(receiver, StreamKind.CONTROL))
        accepting = asyncio.create_task(self._accept())
        self._listening.add(accepting)

    async def pair(self, node: Node, ticket: Ticket) -> None:
        """Become a member, honestly."""
        await self.dial(node)
        self.vault = ticket.vault
        await self.say(Join(ticket.vault, ticket.secret, "Mallory", "mallory"))
        await until(lambda: any(isinstance(message, Welcome) for message in self.heard))
        await self.greet()

    async def come_back(self, node: Node) -> None:
        """Connect as the member that it is."""
        self._through = 0
        await self.dial(node)
        await self.greet()

    async def greet(self, sequence: int = 0) -> None:
        hello = replace(HELLO, vaults=(VaultHello(self.vault, b"mallory's index.", sequence, b"", 0),))
        known = len([message for message in self.heard if isinstance(message, Hello)])
        await self.say(hello)
        await until(lambda: len([message for message in self.heard if isinstance(message, Hello)]) > known)

    async def say(self, message: Message) -> None:
        """On the control stream."""
        await self.say_bytes(frame(encode(message)))

    async def say_bytes(self, data: bytes) -> None:
        assert self._control is not None
        await self._control.write(data)

    async def end_control(self) -> None:
        assert self._control is not None
        await self._control.finish()

    async def send(self, message: Message) -> None:
        """On the change stream or the content stream, as the message goes."""
        kind = StreamKind.CHANGES if isinstance(message, ChangeSet) else StreamKind.CONTENT
        await self.send_bytes(kind, frame(encode(message)))

    async def send_bytes(self, kind: StreamKind, data: bytes) -> None:
        if kind not in self._streams:
            self._streams[kind] = await self.connection.open_send_stream()
            await self._streams[kind].write(kind.preamble)
        await self._streams[kind].write(data)

    async def offer(self, *records: FileRecord, contents: tuple[bytes, ...] = ()) -> None:
        """A change set with these records and contents."""
        self._through += max(1, len(records))
        inline = {hash_bytes(content): content for content in contents}
        await self.send(ChangeSet(self.vault, records, self._through, inline))

    async def closed(self) -> tuple[CloseCode, str]:
        """Wait until the node has closed the connection: the code, and the reason that it gives."""
        async with asyncio.timeout(20):
            code, reason, by_peer = await self.connection.wait_closed()
        assert by_peer
        return code, reason

    def record(self, path: str, content: bytes = b"from Mallory\n", **changes: object) -> FileRecord:
        """A record as an honest device would make it, but for `changes`."""
        honest = FileRecord(
            path=path,
            kind=Kind.FILE,
            hash=hash_bytes(content),
            size=len(content),
            mtime_ns=1_700_000_000_000_000_000,
            executable=False,
            version=Version(((self.node.raw, 1_700_000_000_000),)),
            deleted=False,
            modified_by=self.node.raw,
            modified_name="Mallory",
            modified_at=1_700_000_000_000,
        )
        return replace(honest, **changes)  # type: ignore[arg-type]

    async def leave(self) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self.endpoint.close()

    def _listen(self, reader: MessageReader) -> None:
        self._listening.add(asyncio.create_task(self._read(reader)))

    async def _read(self, reader: MessageReader) -> None:
        try:
            while (message := await reader.read()) is not None:
                self.heard.append(message)
        except ConnectionLostError:
            return

    async def _accept(self) -> None:
        try:
            while True:
                _, receiver = await self.connection.accept_stream()
                kind = StreamKind.of_preamble(await receiver.read_exactly(1))
                self._listen(MessageReader(receiver, kind))
        except ConnectionLostError:
            return


class Scene:
    """A node under attack: Victim shares a vault with Friend, who is honest, and with an attacker."""

    def __init__(self, base: Path, victim: Node, friend: Node, attacker: Attacker, service: VaultService) -> None:
        self.base = base
        self.victim = victim
        self.friend = friend
        self.attacker = attacker
        self.service = service
        self.root = base / "victim notes"
        self.friends_root = base / "friend notes"

    @property
    def reason(self) -> str:
        """Why the attacker is not connected, as the victim shows it."""
        peer = self.victim.peers.get_peer(self.attacker.node)
        return "" if peer is None else peer.reason

    @property
    def refused(self) -> dict[str, int]:
        """How often something was refused to the attacker, by close code."""
        return self.victim.peers.refusals.of(self.attacker.node)

    async def refuses(self, code: CloseCode) -> None:
        """The node closes the connection with `code`, tells why, counts it, and goes on with everybody else."""
        found, _ = await self.attacker.closed()
        assert found is code
        await until(lambda: bool(self.reason))
        assert self.refused.get(code.name.lower()), self.refused
        await self.is_well()

    async def is_well(self) -> None:
        """Nothing outside the vault was touched, the vault is served, and edits still cross."""
        assert (self.base / "secret.txt").read_text() == SECRET
        assert sorted(item.name for item in self.base.iterdir()) == [
            "friend", "friend notes", "secret.txt", "victim", "victim notes",
        ]  # fmt: skip
        assert self.service.state == "ready", self.service.reason
        count = len(list(self.root.glob("proof*.md")))
        (self.friends_root / f"proof {count}.md").write_text(f"{count}\n")
        await until(lambda: (self.root / f"proof {count}.md").exists())
        (self.root / "answer.md").write_text(f"{count}\n")
        answer = self.friends_root / "answer.md"
        await until(lambda: answer.exists() and answer.read_text() == f"{count}\n")
        assert self.service.state == "ready", self.service.reason


@asynccontextmanager
async def scene(base: Path) -> AsyncIterator[Scene]:
    """All paired, all connected, and a note that everybody has."""
    (base / "secret.txt").write_text(SECRET)
    root = base / "victim notes"
    root.mkdir()
    (root / "shared.md").write_text("everybody may read this\n")
    async with running_node(base, "victim") as victim, running_node(base, "friend") as friend:
        service = await victim.add_vault(root)
        await victim.peers.ready.wait()
        await friend.peers.ready.wait()
        text, _ = await victim.make_ticket(service, role="member", life_s=600, reusable=False)
        await friend.join(text, base / "friend notes")
        await until(lambda: (base / "friend notes" / "shared.md").exists())
        attacker = Attacker(await listen(Identity.generate(), host="127.0.0.1", port=0))
        try:
            _, ticket = await victim.make_ticket(service, role="member", life_s=600, reusable=False)
            await attacker.pair(victim, ticket)
            yield Scene(base, victim, friend, attacker, service)
        finally:
            await attacker.leave()
