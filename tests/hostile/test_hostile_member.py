"""A device that was let in and turns out to be malicious: every trick is refused by name, and nobody else suffers."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import zstandard

from tests.hostile.attacker import HELLO, Attacker, Scene, scene
from tests.support.nodes import until
from vaultsync.errors import CloseCode
from vaultsync.model.ids import VaultId
from vaultsync.model.versions import Version
from vaultsync.protocol.codec import MessageType, encode
from vaultsync.protocol.framing import StreamKind, frame
from vaultsync.protocol.messages import Ack, ChangeSet, ChunkRef, Chunks, Contents, Join, ManifestPart, Want
from vaultsync.tickets import cbor
from vaultsync.vault.hashing import hash_bytes

Attack = Callable[[Attacker], Awaitable[None]]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def a_record(path: str) -> Attack:
    return lambda m: m.offer(m.record(path), contents=(b"from Mallory\n",))


PATHS = {
    "an absolute path": "/etc/cron.d/mallory",
    "out of the vault": "../secret.txt",
    "out of the vault, from within": "a/../../secret.txt",
    "a dot": "./secret.txt",
    "an empty path": "",
    "an empty component": "a//b.md",
    "a trailing slash": "a/",
    "a backslash": "..\\secret.txt",
    "a drive": "C:\\secret.txt",
    "a NUL": "a\0.md",
    "a newline": "a\nb.md",
    "a form that is not NFC": unicodedata.normalize("NFD", "é.md"),
    "a name of 256 bytes": "x" * 256,
    "10,000 levels": "/".join("d" * 10_000),
    "the marker": ".vaultsync/vault.json",
    "the marker in capitals": ".VAULTSYNC/vault.json",
    "the marker in wide letters": "．ｖａｕｌｔｓｙｎｃ/vault.json",
    "the marker with an invisible letter": ".vault\u200csync/vault.json",
    "the marker with a trailing dot": ".vaultsync./vault.json",
    "the folder for temporary files": ".vaultsync/tmp/x",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_paths_that_no_vault_may_hold(stage: Scene, path: str) -> None:
    await stage.attacker.offer(stage.attacker.record(path), contents=(b"from Mallory\n",))
    await stage.refuses(CloseCode.BAD_PATH)


async def test_a_move_to_such_a_path(stage: Scene) -> None:
    await stage.attacker.offer(stage.attacker.record("a.md", moved_to="../secret.txt"))
    await stage.refuses(CloseCode.BAD_PATH)


async def test_a_move_from_such_a_path(stage: Scene) -> None:
    await stage.attacker.offer(stage.attacker.record("a.md", moved_from="../secret.txt"))
    await stage.refuses(CloseCode.BAD_PATH)


def raw_change_set(m: Attacker, version: list[int], devices: int = 1) -> bytes:
    """A change set that our own encoder would not make."""
    table = [[bytes([number >> 8, number & 255]) * 16, "M"] for number in range(1, devices + 1)]
    record = ["a.md", 0, hash_bytes(b"x"), 1, 0, version, 0, 1, {}]
    return frame(cbor.dumps({0: MessageType.CHANGE_SET, 1: m.vault.raw, 2: 1, 3: table, 4: [record]}))


def changes(make: Callable[[Attacker], bytes]) -> Attack:
    return lambda m: m.send_bytes(StreamKind.CHANGES, make(m))


def control(make: Callable[[Attacker], bytes]) -> Attack:
    return lambda m: m.say_bytes(make(m))


def bomb(size: int, declared: int) -> bytes:
    """An envelope whose content takes `size` bytes, and declares another number of them."""
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(size))
    return frame(cbor.dumps({0: MessageType.ENVELOPE, 1: declared, 2: packed}))


async def send_lying_content(m: Attacker) -> None:
    await m.send(Contents(m.vault, {hash_bytes(b"truth"): b"a lie"}))


async def send_lying_inline(m: Attacker) -> None:
    await m.send(ChangeSet(m.vault, (m.record("a.md"),), 1, {hash_bytes(b"truth"): b"a lie"}))


async def go_back(m: Attacker) -> None:
    await m.send(ChangeSet(m.vault, (), 100))
    await m.send(ChangeSet(m.vault, (), 99))


async def open_two_of_a_kind(m: Attacker) -> None:
    for _ in range(2):
        stream = await m.connection.open_send_stream()
        await stream.write(StreamKind.CHANGES.preamble)


async def open_an_unknown_kind(m: Attacker) -> None:
    stream = await m.connection.open_send_stream()
    await stream.write(b"\x77")


async def open_a_second_control_stream(m: Attacker) -> None:
    sender, _ = await m.connection.open_stream()
    await sender.write(b"x")


async def cut_off_a_frame(m: Attacker) -> None:
    stream = await m.connection.open_send_stream()
    await stream.write(StreamKind.CHANGES.preamble + b"\0\0\1\0half")
    await stream.finish()


OTHER_VAULT = VaultId(b"somebody else's!")

BREACHES: dict[str, tuple[CloseCode, Attack]] = {
    "counters near 2^64": (CloseCode.BAD_FIELD, changes(lambda m: raw_change_set(m, [0, 2**64 - 1]))),
    "counters of 2^53 and one": (CloseCode.BAD_FIELD, changes(lambda m: raw_change_set(m, [0, 2**53 + 1]))),
    "a counter of zero": (CloseCode.BAD_FIELD, changes(lambda m: raw_change_set(m, [0, 0]))),
    "a version of a thousand devices": (
        CloseCode.BAD_FIELD,
        changes(lambda m: raw_change_set(m, [x for n in range(1_000) for x in (n, 1)], 1_000)),
    ),
    "a version of a device that is not in the table": (
        CloseCode.BAD_FIELD,
        changes(lambda m: raw_change_set(m, [7, 1])),
    ),
    "a sequence that goes back": (CloseCode.BAD_FIELD, go_back),
    "a sequence beyond all numbers": (
        CloseCode.BAD_FIELD,
        changes(lambda m: frame(cbor.dumps({0: MessageType.CHANGE_SET, 1: m.vault.raw, 2: 2**63}))),
    ),
    "an acknowledgement of what was never sent": (CloseCode.BAD_FIELD, lambda m: m.say(Ack(m.vault, 2**50))),
    "a content that is not what its hash says": (CloseCode.BAD_FIELD, send_lying_content),
    "an inline content that is not what its hash says": (CloseCode.BAD_FIELD, send_lying_inline),
    "a compressed message that is too large": (
        CloseCode.TOO_LARGE,
        changes(lambda _: bomb(1 << 20, 1 << 40)),
    ),
    "a compressed message that declares too little": (
        CloseCode.MALFORMED,
        changes(lambda _: bomb(256 << 20, 1_000)),
    ),
    "a compressed message in a compressed message": (
        CloseCode.MALFORMED,
        changes(
            lambda _: frame(
                cbor.dumps(
                    {
                        0: MessageType.ENVELOPE,
                        1: 1_003,
                        2: zstandard.compress(cbor.dumps({0: MessageType.ENVELOPE, 1: bytes(994)})),
                    }
                )
            )
        ),
    ),
    "a frame of 4 GiB": (CloseCode.TOO_LARGE, changes(lambda _: b"\xff\xff\xff\xff" + bytes(100))),
    "a frame of nothing": (CloseCode.MALFORMED, changes(lambda _: bytes(4))),
    "2 MB of empty maps": (CloseCode.MALFORMED, changes(lambda _: frame(b"\x9a\x00\x1f\x00\x00" + b"\xa0" * 0x1F0000))),
    "an array of 2^63 elements": (CloseCode.MALFORMED, changes(lambda _: frame(b"\x9b\x7f" + b"\xff" * 7))),
    "a thousand arrays in one another": (CloseCode.MALFORMED, changes(lambda _: frame(b"\x81" * 1_000 + b"\x80"))),
    "a tag": (CloseCode.MALFORMED, control(lambda _: frame(b"\xd8\x23\x63a+b"))),
    "a key twice": (CloseCode.MALFORMED, control(lambda _: frame(b"\xa2\x00\x04\x00\x04"))),
    "a float": (CloseCode.MALFORMED, control(lambda _: frame(b"\xa1\x00\xfa\x00\x00\x00\x00"))),
    "a text that is not UTF-8": (CloseCode.MALFORMED, control(lambda _: frame(b"\xa1\x00\x62\xff\xfe"))),
    "an unknown message": (CloseCode.UNKNOWN_MESSAGE, control(lambda _: frame(cbor.dumps({0: 99})))),
    "a message on the wrong stream": (
        CloseCode.UNEXPECTED,
        control(lambda m: frame(encode(ChangeSet(m.vault, (), 1)))),
    ),
    "a Hello in the middle": (CloseCode.UNEXPECTED, lambda m: m.say(HELLO)),
    "a Join in the middle": (CloseCode.UNEXPECTED, lambda m: m.say(Join(m.vault, bytes(16), "M", "m"))),
    "a second control stream": (CloseCode.UNEXPECTED, open_a_second_control_stream),
    "two change streams": (CloseCode.UNEXPECTED, open_two_of_a_kind),
    "a stream of an unknown kind": (CloseCode.UNEXPECTED, open_an_unknown_kind),
    "a stream that ends in the middle of a frame": (CloseCode.MALFORMED, cut_off_a_frame),
    "a vault that is not shared": (CloseCode.NOT_SHARED, lambda m: m.say(Want(OTHER_VAULT, (hash_bytes(b""),)))),
    "changes to a vault that is not shared": (CloseCode.NOT_SHARED, lambda m: m.send(ChangeSet(OTHER_VAULT, (), 1))),
}


@pytest.mark.parametrize(("code", "attack"), BREACHES.values(), ids=BREACHES.keys())
async def test_breaches_of_the_protocol(stage: Scene, code: CloseCode, attack: Attack) -> None:
    await attack(stage.attacker)
    await stage.refuses(code)


async def test_a_connection_that_says_nothing(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultsync.daemon.greeting.FIRST_WORD_S", 0.2)
    await stage.attacker.dial(stage.victim)
    assert (await stage.attacker.closed())[0] is CloseCode.TIMEOUT
    await stage.is_well()


async def test_a_thousand_streams(stage: Scene) -> None:
    """However many are opened: the second of a kind is one too many."""
    m = stage.attacker

    async def open_them() -> None:
        for _ in range(1_000):
            stream = await m.connection.open_send_stream()
            await stream.write(StreamKind.CONTENT.preamble)

    opening = asyncio.create_task(open_them())
    await stage.refuses(CloseCode.UNEXPECTED)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)


async def test_a_large_file_whose_pieces_make_another(stage: Scene) -> None:
    """Every piece is what the manifest says, and the manifest is not the file's."""
    m = stage.attacker
    data = bytes(range(256)) * 8_192
    pieces = [data[start : start + (256 << 10)] for start in range(0, len(data), 256 << 10)]
    lie = m.record("film.mp4", hash=hash_bytes(b"another film"), size=len(data))
    await m.offer(lie)
    await until(lambda: any(isinstance(said, Want) and said.manifests for said in m.heard))
    listed = tuple((hash_bytes(piece), len(piece)) for piece in pieces)
    await m.send(ManifestPart(m.vault, lie.hash, len(data), 0, True, listed))
    await until(lambda: any(isinstance(said, Want) and said.chunks for said in m.heard))
    asked = [ref for said in m.heard if isinstance(said, Want) for ref in said.chunks]
    await m.send(Chunks(m.vault, tuple((ref, data[ref.offset : ref.offset + ref.size]) for ref in asked)))
    await stage.refuses(CloseCode.BAD_FIELD)
    assert not (stage.root / "film.mp4").exists()
    assert not any((stage.root / ".vaultsync" / "tmp").iterdir())


async def test_a_size_that_is_a_lie(stage: Scene) -> None:
    """The content is what its hash says, but not as long as the record says."""
    m = stage.attacker
    await m.offer(m.record("short.md", b"from Mallory\n", size=5_000), contents=(b"from Mallory\n",))
    await stage.refuses(CloseCode.BAD_FIELD)


async def test_a_size_beyond_all_disks(stage: Scene) -> None:
    m = stage.attacker
    await m.offer(m.record("huge.md", size=2**53))
    await stage.is_well()


async def test_wants_reveal_nothing_outside_the_vault(stage: Scene) -> None:
    """Whoever knows the hash of a secret on this disk is not given the secret."""
    m = stage.attacker
    second = stage.base / "victim notes"
    secret = hash_bytes((stage.base / "secret.txt").read_bytes())
    key = hash_bytes((second / ".vaultsync" / "vault.json").read_bytes())
    (second / ".obsidian" / "plugins").mkdir(parents=True)
    (second / ".obsidian" / "plugins" / "data.json").write_text('{"token": "hidden"}')
    hidden = hash_bytes(b'{"token": "hidden"}')
    wanted = (secret, key, hidden)
    await m.say(Want(m.vault, wanted, wanted, tuple(ChunkRef(hash_, 0, 100) for hash_ in wanted)))
    await until(lambda: sum(len(said.missing) for said in m.heard if isinstance(said, Contents)) >= 9)
    assert not any(said.contents for said in m.heard if isinstance(said, Contents))
    await stage.is_well()


async def test_code_and_other_tools_files_never_arrive(stage: Scene) -> None:
    m = stage.attacker
    paths = [
        ".git/hooks/post-checkout", ".GIT/config", "git~1/config", "sub/.ｇｉｔ/config", ".g\u200cit/config",
        ".git::$INDEX_ALLOCATION/config", ".envrc", ".trash/x.md", ".obsidian/plugins/evil/main.js",
        ".Obsidian/plugins/evil/main.js", ".stfolder/x", ".obsidian/workspace.json",
    ]  # fmt: skip
    await m.offer(*[m.record(path, executable=True) for path in paths], contents=(b"from Mallory\n",))
    await m.offer(m.record("allowed.md"), contents=(b"from Mallory\n",))
    await until(lambda: (stage.root / "allowed.md").exists())
    there = sorted(item.relative_to(stage.root).as_posix() for item in stage.root.rglob("*"))
    assert [path for path in there if not path.startswith(".vaultsync")] == ["allowed.md", "shared.md"]
    await stage.is_well()


async def test_links_in_the_vault_lead_nowhere(stage: Scene) -> None:
    """A folder that is a link, or becomes one, is not written through; a file that is a link is not written over."""
    m = stage.attacker
    outside = stage.base / "victim"
    before = sorted(outside.rglob("*"))
    (stage.root / "out").symlink_to(outside)
    (stage.root / "secret.md").symlink_to(stage.base / "secret.txt")
    await m.offer(
        m.record("out/planted.md"), m.record("out/deep/er.md"), m.record("secret.md"), contents=(b"from Mallory\n",)
    )
    await m.offer(m.record("allowed.md"), contents=(b"from Mallory\n",))
    await until(lambda: (stage.root / "allowed.md").exists())
    assert (stage.root / "secret.md").is_symlink()
    assert [item for item in sorted(outside.rglob("*")) if item not in before] == []
    await stage.is_well()


async def test_extreme_values_that_are_allowed(stage: Scene) -> None:
    """The ends of every range: nothing breaks, and the victim can still edit what carries them."""
    m = stage.attacker
    last = Version(((m.node.raw, 2**53),))
    for name, mtime_ns, modified_at in (("late", 2**63 - 1, 2**53), ("early", -(2**63), 0)):
        record = m.record(f"{name}.md", mtime_ns=mtime_ns, modified_at=modified_at, version=last)
        await m.offer(record, contents=(b"from Mallory\n",))
        await until(lambda name=name: (stage.root / f"{name}.md").exists())  # type: ignore[misc]
        (stage.root / f"{name}.md").write_text("edited by the victim\n")
        copy = stage.friends_root / f"{name}.md"
        await until(lambda copy=copy: copy.exists() and copy.read_text() == "edited by the victim\n")  # type: ignore[misc]
    await stage.is_well()


async def test_counters_of_others_at_their_end(stage: Scene) -> None:
    """A version that leaves the victim's own counter no room: its next edit must still be one that others take."""
    m = stage.attacker
    version = Version(tuple(sorted([(stage.victim.node_id.raw, 2**53), (m.node.raw, 1)])))
    await m.offer(m.record("full.md", version=version), contents=(b"from Mallory\n",))
    await until(lambda: (stage.root / "full.md").exists())
    (stage.root / "full.md").write_text("edited by the victim\n")
    await stage.is_well()
    copy = stage.friends_root / "full.md"
    await until(lambda: copy.exists() and copy.read_text() == "edited by the victim\n")


async def test_a_file_in_the_place_of_a_folder_and_back(stage: Scene) -> None:
    """Paths that go through a file, kinds that change back and forth, tombstones of what never was."""
    m = stage.attacker
    for counter in range(2, 30):
        version = Version(((m.node.raw, counter),))
        path = "a/b/c.md" if counter % 2 else "a/b"
        await m.offer(m.record(path, version=version), contents=(b"from Mallory\n",))
        await m.offer(m.record("shared.md/under.md", version=version), contents=(b"from Mallory\n",))
    await stage.is_well()


async def test_a_path_whose_conflict_copy_would_be_too_long(stage: Scene) -> None:
    """Conflicts on the longest paths that there may be: what is made of them must be sendable, too."""
    m = stage.attacker
    folder = "/".join(["d" * 63] * 63)
    path = f"{folder}/{'n' * (4096 - len(folder) - 5)}.pdf"
    assert len(path) == 4096
    for number, (when, node) in enumerate(((5, b"\1" * 32), (9, b"\2" * 32))):
        content = b"%d" % number
        version = Version(((node, 1),))
        await m.offer(m.record(path, content, version=version, modified_at=when), contents=(content,))
    await stage.is_well()
    names = names_at_the_bottom(stage.root)
    assert len(names) == 2
    assert any("(conflict" in name for name in names)


def names_at_the_bottom(root: Path) -> list[str]:
    """What is in the deepest folder, found without naming a path that is too long for the system."""
    here = os.open(root, os.O_RDONLY)
    while True:
        names = os.listdir(here)
        folders = [name for name in names if name.startswith("d")]
        if not folders:
            os.close(here)
            return names
        below = os.open(folders[0], os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below


async def test_a_member_that_offers_and_never_delivers(stage: Scene) -> None:
    """Thousands of records whose contents never come hold up nobody else."""
    m = stage.attacker
    for start in range(0, 5_000, 500):
        await m.offer(*[m.record(f"ghost {n}.md", b"%d" % n) for n in range(start, start + 500)])
    await stage.is_well()


async def test_offers_without_end_are_not_read(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is offered and never delivered takes bounded memory: the stream is not read any further."""
    monkeypatch.setattr("vaultsync.daemon.engine.MAX_OPEN_OFFERS", 100)
    m = stage.attacker
    for start in range(0, 3_000, 60):
        await m.offer(*[m.record(f"ghost {n}.md", b"%d" % n) for n in range(start, start + 60)])
    await stage.is_well()
    engine = stage.service.engine
    assert engine is not None
    assert 100 < engine.replica.open_offers(m.node) <= 160


async def test_it_may_try_again_and_again(stage: Scene) -> None:
    """A malicious member that comes back after each refusal gets nowhere, and costs little."""
    m = stage.attacker
    for _ in range(10):
        await m.say(Ack(m.vault, 2**50))
        assert (await m.closed())[0] is CloseCode.BAD_FIELD
        await m.come_back(stage.victim)
    await stage.is_well()


def crowd(first: int, count: int) -> Version:
    """A version of devices that never were."""
    return Version(tuple((number.to_bytes(32, "big"), 5) for number in range(first, first + count)))


async def test_a_version_that_has_no_place_left(stage: Scene) -> None:
    """As many devices as a version may name: the victim's own edit must still be one that others take."""
    m = stage.attacker
    await m.offer(m.record("full.md", version=crowd(1, 256)), contents=(b"from Mallory\n",))
    await until(lambda: (stage.root / "full.md").exists())
    (stage.root / "full.md").write_text("edited by the victim\n")
    copy = stage.friends_root / "full.md"
    await until(lambda: copy.exists() and copy.read_text() == "edited by the victim\n")
    (stage.root / "full.md").rename(stage.root / "renamed.md")
    await until(lambda: (stage.friends_root / "renamed.md").exists())
    await stage.is_well()


async def test_versions_that_cannot_be_joined(stage: Scene) -> None:
    """Concurrent edits whose versions name too many devices together: everybody ends with the same one."""
    m = stage.attacker
    for number in range(4):
        content = b"%d\n" % number
        await m.offer(m.record("many.md", content, version=crowd(1_000 * number + 1, 200)), contents=(content,))
    await stage.is_well()
    both = (stage.root / "many.md", stage.friends_root / "many.md")
    await until(lambda: both[1].exists() and both[0].read_bytes() == both[1].read_bytes())
