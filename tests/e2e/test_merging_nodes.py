"""Two live nodes that cannot reach each other, edits of every kind on both, and then they meet again."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.processes import Device, devices, in_sync, pair, settled, until

pytestmark = pytest.mark.e2e


@dataclass(frozen=True, slots=True)
class Case:
    """One note, what each device makes of it, and what must come of both."""

    path: str
    base: str | bytes | None
    left: str | bytes | None
    right: str | bytes | None
    result: str | bytes | None = None
    """None: only every word of both sides must be somewhere."""


PARAGRAPH = "The first sentence stands here. The second sentence follows it. The third sentence ends it.\n"
FRONT = "---\ntitle: Note\ntags:\n  - one\nmodified: 2026-11-20T10:00:00\n---\n\nText.\n"
CANVAS = {
    "nodes": [{"id": "a", "type": "text", "text": "A", "x": 0, "y": 0, "width": 100, "height": 50}],
    "edges": [],
}


def canvas(*more: str, text: str = "A") -> str:
    nodes = [{**CANVAS["nodes"][0], "text": text}, *({**CANVAS["nodes"][0], "id": key, "text": key} for key in more)]
    return json.dumps({"nodes": nodes, "edges": []}, indent="\t")


CASES = [
    Case(
        "lines.md", "one\n\ntwo\n\nthree\n", "ONE\n\ntwo\n\nthree\n", "one\n\ntwo\n\nTHREE\n", "ONE\n\ntwo\n\nTHREE\n"
    ),
    Case(
        "one paragraph.md",
        PARAGRAPH,
        PARAGRAPH.replace("first sentence", "first, longer sentence"),
        PARAGRAPH.replace("third sentence", "third, last sentence"),
        PARAGRAPH.replace("first sentence", "first, longer sentence").replace("third sentence", "third, last sentence"),
    ),
    Case(
        "tasks.md",
        "- [ ] buy milk\n- [ ] call Anna\n",
        "- [x] buy milk\n- [ ] call Anna\n",
        "- [ ] buy oat milk\n- [ ] call Anna\n",
        "- [x] buy oat milk\n- [ ] call Anna\n",
    ),
    Case("both at the end.md", "start\n", "start\n\nleft words\n", "start\n\nright words\n"),
    Case("deleted here.md", "keep\n\ndrop\n\nkeep too\n", "keep\n\nkeep too\n", "keep\n\ndrop\n\nkeep too\n\nadded\n"),
    Case(
        "properties.md",
        FRONT,
        FRONT.replace("  - one\n", "  - one\n  - left\n").replace("10:00", "11:00"),
        FRONT.replace("  - one\n", "  - one\n  - right\n").replace("10:00", "12:00"),
    ),
    Case("drawing.canvas", canvas(), canvas("left", text="A changed"), canvas("right")),
    Case(
        "Daily/2026-11-21.md", None, "# Today\n\n- [ ] plan\n\nleft entry\n", "# Today\n\n- [ ] plan\n\nright entry\n"
    ),
    Case("unlike.md", None, "nothing in common on the left\n", "wholly other things at the right\n"),
    Case("edit and delete.md", "words\n", "words\n\nand more words\n", None, "words\n\nand more words\n"),
    Case("gone on both.md", "words\n", None, None),
    Case("same on both.md", "words\n", "the same edit\n", "the same edit\n", "the same edit\n"),
    Case("picture.png", b"\x89PNG base", b"\x89PNG left", b"\x89PNG right"),
    Case("windows.md", "one\r\n\r\ntwo\r\n", "ONE\r\n\r\ntwo\r\n", "one\r\n\r\nTWO\r\n", "ONE\r\n\r\nTWO\r\n"),
    Case("rewritten.md", PARAGRAPH * 3, "left wrote it all anew\n" * 4, "right has another idea\n" * 4),
]


def as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def put(device: Device, path: str, content: str | bytes | None) -> None:
    target = device.vault / path
    if content is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(as_bytes(content))


async def part(first: Device, second: Device) -> None:
    """Both close their connection and dial no more."""
    for device in (first, second):
        async with device.client() as client:
            (peer,) = await client.peers()
            await client.disconnect_peer(peer.id)

    async def apart() -> bool:
        found = [await device.status() for device in (first, second)]
        return all(status is not None and status.peers[0].state == "disconnected" for status in found)

    await until(apart, "the devices are apart")


async def meet(first: Device, second: Device) -> None:
    for device in (first, second):
        async with device.client() as client:
            (peer,) = await client.peers()
            await client.connect_to_peer(peer.id)


def words_of(content: str | bytes) -> set[bytes]:
    return set(re.findall(rb"\w+", as_bytes(content)))


async def test_edits_of_every_kind_meet_after_a_partition(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        for case in CASES:
            if case.base is not None:
                put(desk, case.path, case.base)
        put(desk, "Folder/moved.md", "one\n\ntwo\n\nthree\n")
        put(desk, "Project/inside.md", "inside\n")
        put(desk, "becomes a folder.md", "a note\n")
        await pair(desk, phone)
        await part(desk, phone)

        for case in CASES:
            put(desk, case.path, case.left)
            put(phone, case.path, case.right)
        (desk.vault / "Folder/moved.md").rename(desk.vault / "elsewhere.md")
        put(phone, "Folder/moved.md", "one\n\ntwo\n\nTHREE, edited\n")
        (desk.vault / "Project").rename(desk.vault / "Archive")
        put(phone, "Project/inside.md", "inside\n\nedited\n")
        put(phone, "Project/new.md", "new in the old folder\n")
        put(desk, "becomes a folder.md", "a note, edited\n")
        (phone.vault / "becomes a folder.md").unlink()
        put(phone, "becomes a folder.md/inside.md", "inside the folder\n")
        await meet(desk, phone)
        tree = await settled(desk, phone)

    everywhere = b"\n".join(content for content in tree.values() if content is not None)
    for case in CASES:
        if case.result is not None:
            assert tree[case.path] == as_bytes(case.result), case.path
        added = [side for side in (case.left, case.right) if side is not None]
        lost = {word for side in added for word in words_of(side) if word not in everywhere}
        # Of two stamps the later one wins, and nobody misses the other.
        assert not lost - words_of(case.base or "") - {b"20T11"}, case.path
    assert "gone on both.md" not in tree
    assert b"drop" not in (tree["deleted here.md"] or b"")
    assert tree["elsewhere.md"] == b"one\n\ntwo\n\nTHREE, edited\n"
    assert "Folder/moved.md" not in tree
    assert tree["Archive/inside.md"] == b"inside\n\nedited\n"
    assert b"new in the old folder\n" in tree.values()
    assert tree["becomes a folder.md/inside.md"] == b"inside the folder\n"
    assert b"a note, edited\n" in tree.values()
    front = (tree["properties.md"] or b"").decode()
    assert "12:00" in front
    assert "11:00" not in front
    assert all(f"  - {tag}\n" in front for tag in ("one", "left", "right"))
    drawn = json.loads(tree["drawing.canvas"] or b"")
    assert {node["id"]: node["text"] for node in drawn["nodes"]} == {"a": "A changed", "left": "left", "right": "right"}
    for content in tree.values():
        assert b"<<<<<<<" not in (content or b"")


async def test_live_typing_on_both_sides_of_a_flapping_connection_loses_no_line(tmp_path: Path) -> None:
    """Both append to one note, line by line, while the connection comes and goes."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        put(desk, "log.md", "# Log\n")
        await pair(desk, phone)
        written = []
        for round_ in range(6):
            await part(desk, phone)
            for device in (desk, phone):
                line = f"{device.name} wrote line {round_}\n"
                written.append(line)
                target = device.vault / "log.md"
                target.write_bytes(target.read_bytes() + b"\n" + line.encode())
            await meet(desk, phone)
            await until(lambda: in_sync(desk, phone), "they are in sync again")
        tree = await settled(desk, phone)
    text = (tree["log.md"] or b"").decode()
    assert sorted(line for line in text.splitlines(keepends=True) if "wrote" in line) == sorted(written)


async def test_edits_beside_a_lost_index_merge_without_loss(tmp_path: Path) -> None:
    """The phone loses its index while both edit: the notes meet without a common history."""
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        put(desk, "note.md", "one\n\ntwo\n\nthree\n\nfour\n")
        await pair(desk, phone)
        await phone.stop()
        shutil.rmtree(phone.places.data / "vaults")
        put(desk, "note.md", "ONE\n\ntwo\n\nthree\n\nfour\n")
        put(phone, "note.md", "one\n\ntwo\n\nthree\n\nFOUR\n")
        await phone.start()
        tree = await settled(desk, phone)
    everywhere = b"".join(content for content in tree.values() if content)
    assert b"ONE" in everywhere
    assert b"FOUR" in everywhere
