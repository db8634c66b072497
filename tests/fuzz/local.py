"""Decoders of what people, other programs and the local network give."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from zeroconf._dns import DNSService, DNSText
from zeroconf._protocol.incoming import DNSIncoming
from zeroconf._protocol.outgoing import DNSOutgoing

from vaultsync.client.decoding import decode
from vaultsync.client.streams import events_of, samples_of, timed_events_of
from vaultsync.daemon.config import Config
from vaultsync.daemon.configfile import changed_text
from vaultsync.daemon.status import Status
from vaultsync.errors import ConfigError, IdentityError, NodeError, PathError, VaultOfflineError
from vaultsync.model.filters import IGNORE_FILE, category_of, never_reason
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.paths import MARKER_DIR, check_path, fold, is_marker, parents_of, windows_obstacle
from vaultsync.tickets.addresses import is_address, normalised, unpack
from vaultsync.transport import keystore
from vaultsync.transport.base import Address
from vaultsync.transport.discovery import SERVICE_TYPE
from vaultsync.vault import marker
from vaultsync.vault.selection import Selection

PATHS: Final = ("a.md", "notes/x y.md", "deep/er/est/z.pdf", "!x", "[a].md", ".obsidian/app.json", "é/ü.png")


def try_config(data: bytes) -> None:
    """`config.toml`; what is sound stays so, and says the same, when a setting is changed for its owner."""
    path = Path("config.toml")
    text = data.decode("utf-8", errors="replace").replace("\r", "")
    try:
        config = Config.parse(path, text)
    except ConfigError:
        return
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as folder:
        file = Path(folder, "config.toml")
        file.write_text(text, encoding="utf-8", newline="")
        try:
            after = Config.parse(path, changed_text(file, {"name": "New “name”", "mdns": not config.mdns}))
        except ConfigError as error:
            raise AssertionError(f"a sound file cannot be changed: {error.message}") from error
    assert after == replace(config, name="New “name”", mdns=not config.mdns)


def config_seeds() -> list[bytes]:
    return [
        b'name = "Laptop"  # mine\nlisten_host = "0.0.0.0"\nlisten_port = 4433\nmdns = false\n',
        b"name = 'x'\nmdns = true\n",
        b'"name" = """\nlong"""\n',
        b"listen_port = 0x1F\n[table]\nx = 1\n",
        b"",
    ]


def try_ignore(data: bytes) -> None:
    """`.vaultsyncignore`, which every member may write."""
    try:
        rules = Selection(data.decode("utf-8", errors="replace"))
    except ConfigError:
        return
    for path in PATHS:
        for is_folder in (False, True):
            reason = rules.reason(path, is_folder)
            assert reason == rules.reason(path, is_folder)
    assert rules.reason(IGNORE_FILE, is_folder=False) is None
    assert Selection(data.decode("utf-8", errors="replace")) == rules


def ignore_seeds() -> list[bytes]:
    return [
        b"# drafts\n*.tmp\n/build/\n!keep.tmp\ndoc/**/x\n[a-z]?.md\n\\#x\\ \n",
        "\ufeffé/*.png\r\n**/a\r\n**\r\n".encode(),
        b"[!a-c]*\n[]-]x\n[[:alpha:]]\n",
    ]


def try_path(data: bytes) -> None:
    """A path from the wire: what is taken leads nowhere but into the vault."""
    text = data.decode("utf-8", errors="surrogateescape")
    try:
        path = check_path(text)
    except PathError:
        return
    parts = path.split("/")
    assert os.path.normpath(path) == path
    assert not os.path.isabs(path)
    assert not {"", ".", ".."} & set(parts)
    assert not is_marker(parts[0])
    assert fold(parts[0]).strip(". ") != MARKER_DIR
    for above in parents_of(path):
        assert check_path(above) == above
    assert fold(fold(path)) == fold(path)
    never_reason(path), category_of(path), windows_obstacle(path)


def path_seeds() -> list[bytes]:
    return [b"a/b.md", "é/．ｇｉｔ/x".encode(), b".vaultsync/x", b"../x", b"git~1/config", b"/etc/passwd", b"CON.txt"]


def try_marker(data: bytes) -> None:
    """`.vaultsync/vault.json`, which a restored backup or another program may have left."""
    with tempfile.TemporaryDirectory(prefix="vaultsync-fuzz-") as root:
        folder = Path(root, MARKER_DIR)
        folder.mkdir()
        (folder / marker.MARKER_NAME).write_bytes(data)
        with suppress(ConfigError, VaultOfflineError):
            found = marker.read(root)
            found.name.encode()


def marker_seeds() -> list[bytes]:
    text = json.dumps({"format": marker.FORMAT, "id": str(VaultId(b"v" * 16)), "name": "Notes"})
    return [text.encode(), b"[" * 2_000, b'{"format": 1, "id": 5, "name": null}', b"null", b"\xff\xfe"]


def try_key(data: bytes) -> None:
    """An exported key, as text."""
    try:
        identity = keystore.decode(data.decode("utf-8", errors="replace"), "The text")
    except IdentityError:
        return
    assert len(identity.export_seed()) == 32


def key_seeds() -> list[bytes]:
    return [b"a" * 52, b" " + b"A2" * 26 + b"\n", b"a" * 51 + b"b"]


def try_sighting(data: bytes) -> None:
    """A packet of multicast DNS, and the texts in it: what becomes a node id and an address."""
    found = DNSIncoming(data)
    if found.valid:
        for record in found.answers():
            with suppress(ValueError):
                NodeId.parse(record.name.removesuffix(f".{SERVICE_TYPE}"))
            if isinstance(record, DNSService) and record.port:
                _try_address(f"{record.server}:{record.port}")
    _try_address(data.decode("utf-8", errors="replace"))
    with suppress(ValueError):
        text = unpack(data)
        assert is_address(text)
        assert normalised(text) == text


def _try_address(text: str) -> None:
    if is_address(text):
        assert is_address(normalised(text))
        Address.parse(text)
    with suppress(ValueError):
        address = Address.parse(text)
        assert Address.parse(str(address)) == address


def sighting_seeds() -> list[bytes]:
    name = f"{NodeId(b'n' * 32)}.{SERVICE_TYPE}"
    packet = DNSOutgoing(0x8400)
    packet.add_answer_at_time(DNSService(name, 33, 1, 120, 0, 0, 4_433, "host.local."), 0)
    packet.add_answer_at_time(DNSText(name, 16, 1, 120, b"\0"), 0)
    texts = [
        b"192.0.2.1:80",
        b"[2001:db8::1]:4433",
        b"[fe80::1%eth0]:1",
        b"host.example:65535",
        b"[1:2]:" + b"9" * 5_000,
    ]
    return [*packet.packets(), *texts, bytes(6), b"\1" * 18]


async def _lines(text: str) -> AsyncIterator[str]:
    for line in text.splitlines():
        yield line


async def _drain(stream: AsyncIterator[object]) -> None:
    async for _ in stream:
        pass


def try_events(data: bytes) -> None:
    """The server-sent events of a node that may be of another version."""
    text = data.decode("utf-8", errors="replace")
    readers: tuple[Callable[[AsyncIterator[str]], AsyncIterator[object]], ...] = (
        events_of,
        timed_events_of,
        samples_of,
    )
    for read in readers:
        with suppress(NodeError):
            _run(_drain(read(_lines(text))))


def _run(coroutine: object) -> None:
    """Nothing in it ever waits, so no event loop is needed."""
    assert asyncio.iscoroutine(coroutine)
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def events_seeds() -> list[bytes]:
    return [
        b'id: 7\nevent: vault_offline\ndata: {"vault": "v", "reason": "r", "at": 5}\n\n',
        b'event: traffic\ndata: {"at_ms": 1,\ndata: "sent": 2}\n\n:\n\n',
        b"id: " + b"9" * 5_000 + b"\nevent: traffic\ndata: " + b"[" * 2_000 + b"\n\n",
        "id: ٣\nid: ²\ndata\n\n".encode(),
    ]


def try_answer(data: bytes) -> None:
    """A node's answer to `GET /status`."""
    with suppress(NodeError, ValueError):
        decode(Status, json.loads(data))


def answer_seeds() -> list[bytes]:
    return [b'{"node_id": "n", "name": "x", "vaults": [], "peers": [], "addresses": ["a"]}', b"[]", b'{"vaults": [{}]}']
