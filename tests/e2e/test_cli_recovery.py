"""The verbs about history and conflicts, typed at real nodes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.processes import Device, devices, in_sync, pair, settled, until

pytestmark = pytest.mark.e2e


async def typed(device: Device, *arguments: str, code: int = 0) -> str:
    """What a command prints; errors and all if it is to fail."""
    ended, output, errors = await device.command(*arguments, "--in", str(device.vault))
    assert ended == code, errors
    return output if code == 0 else errors


async def as_json(device: Device, *arguments: str) -> object:
    return json.loads(await typed(device, *arguments, "--json"))


def put(device: Device, path: str, content: str) -> None:
    (device.vault / path).parent.mkdir(parents=True, exist_ok=True)
    (device.vault / path).write_text(content)


async def part(*both: Device) -> None:
    for device in both:
        async with device.client() as client:
            await client.disconnect_peer((await client.peers())[0].id)

    async def apart() -> bool:
        found = [await device.status() for device in both]
        return all(status is not None and status.peers[0].state == "disconnected" for status in found)

    await until(apart, "they are apart")


async def meet(*both: Device) -> None:
    for device in both:
        async with device.client() as client:
            await client.connect_to_peer((await client.peers())[0].id)
    await settled(*both)


async def test_history_is_shown_compared_and_restored(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        put(desk, "Plans/My plan.md", "the first idea\n")
        await pair(desk, phone)
        put(phone, "Plans/My plan.md", "the second idea\n")
        await settled(desk, phone)

        shown = await typed(desk, "history", "Plans/My plan")
        assert "1  2" in shown
        assert "Phone  edited" in shown
        assert await typed(desk, "show", "Plans/My plan", "--version", "2") == "the first idea\n"
        compared = (await typed(desk, "diff", "Plans/My plan.md")).splitlines()
        assert compared[-2:] == ["-the first idea", "+the second idea"]
        assert "\x1b" not in "".join(compared), "no colours where nobody looks"

        await typed(desk, "restore", "Plans/My plan.md", "--version", "2")
        tree = await settled(desk, phone)
        assert tree["Plans/My plan.md"] == b"the first idea\n"
        versions = await as_json(phone, "history", "Plans/My plan.md")
        assert isinstance(versions, list)
        assert [version["device_name"] for version in versions] == ["Desk", "Phone", "Desk"]

        (phone.vault / "Plans/My plan.md").unlink()
        await settled(desk, phone)
        assert "Plans/My plan.md" in await typed(desk, "deleted")
        await typed(desk, "restore", "Plans/My plan.md")
        tree = await settled(desk, phone)
        assert tree["Plans/My plan.md"] == b"the first idea\n"

        errors = await typed(desk, "history", "My plam", code=1)
        assert "Nothing is known of" in errors
        await typed(desk, "restore", "Plans/My plan.md", code=1)
        await typed(desk, "restore", "--vault", "--at", "nonsense", code=2)
        await typed(desk, "restore", "--vault", "--at", "1h ago", code=2)

        explained = await typed(desk, "explain", "Plans/My plan.md")
        assert "in sync with what this device knows" in explained
        assert "Phone" in explained
        assert "was restored" in await typed(desk, "log")


async def test_conflicts_are_listed_and_ended(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        put(desk, "note.md", "one\n\ntwo\n\nthree\n")
        await pair(desk, phone)
        assert "No conflicts" in await typed(desk, "conflicts")
        await part(desk, phone)
        for device, name in ((desk, "Desk"), (phone, "Phone")):
            put(device, "cat.png", f"picture of {name}")
            put(device, "dog.png", f"picture of {name}")
            put(device, "cow.png", f"picture of {name}")
        put(desk, "note.md", "ONE\n\ntwo\n\nthree\n")
        put(phone, "note.md", "one\n\ntwo\n\nTHREE\n")
        await meet(desk, phone)

        listed = await as_json(desk, "conflicts")
        assert isinstance(listed, list)
        assert {each["original"] for each in listed if each["kind"] == "copy"} == {"cat.png", "dog.png", "cow.png"}
        loser = {each["original"]: each["device_name"] for each in listed if each["kind"] == "copy"}
        await typed(desk, "resolve", "cat.png", "mine")
        await typed(phone, "resolve", "dog.png", "theirs")
        editor = tmp_path / "editor.sh"
        editor.write_text('#!/bin/sh\nprintf "drawn anew" > "$1"\ntest -f "$2"\n')
        editor.chmod(0o755)
        os.environ["EDITOR"] = str(editor)
        try:
            await typed(desk, "resolve", "cow.png", "edit")
        finally:
            del os.environ["EDITOR"]
        tree = await settled(desk, phone)
        assert set(tree) == {"note.md", "cat.png", "dog.png", "cow.png"}
        assert tree["dog.png"] == f"picture of {loser['dog.png']}".encode()
        assert tree["cat.png"] != f"picture of {loser['cat.png']}".encode()
        assert tree["cow.png"] == b"drawn anew"
        await typed(desk, "resolve", "cat.png", "mine", code=1)

        merger = desk if "Merged" in await typed(desk, "conflicts") else phone
        await typed(merger, "undo", "note")
        tree = await settled(desk, phone)
        assert tree["note.md"] in (b"ONE\n\ntwo\n\nthree\n", b"one\n\ntwo\n\nTHREE\n")
        await typed(merger, "undo", "note", code=1)


async def test_held_deletions_and_the_selection(tmp_path: Path) -> None:
    async with devices(tmp_path, "Desk", "Phone") as (desk, phone):
        for number in range(70):
            put(desk, f"notes/{number}.md", f"note {number}\n")
        put(desk, "cat.png", "picture")
        await pair(desk, phone)
        assert "No deletions are held" in await typed(desk, "approve")
        for number in range(70):
            (desk.vault / f"notes/{number}.md").unlink()

        async def held() -> bool:
            found = await as_json(desk, "approve", "--list")
            return isinstance(found, dict) and found["count"] == 70 and (phone.vault / "notes/7.md").exists()

        await until(held, "deletions are held, and the first of them have come back")
        assert "disappeared from this device's folder" in await typed(desk, "approve", "--list")
        await typed(desk, "approve", code=2)
        await typed(desk, "undo", "--deletions", "notes/7.md")
        assert (desk.vault / "notes/7.md").read_text() == "note 7\n"
        named = "Of what you named, nothing is held"
        assert named in await typed(desk, "undo", "--deletions", "notes/7.md")
        assert named in await typed(desk, "approve", "--yes", "notes/7.md")
        await typed(desk, "approve", "--yes")

        async def gone() -> bool:
            return not (phone.vault / "notes/8.md").exists() and await in_sync(desk, phone)

        await until(gone, "the deletions have arrived")
        assert set(phone.tree) >= {"notes/7.md", "cat.png"}

        chosen = await as_json(phone, "select", "--off", "images", "--off", "pdf")
        assert isinstance(chosen, dict)
        assert "images" not in chosen["categories"]
        put(desk, "dog.png", "picture")
        put(desk, "new.md", "words\n")

        async def arrived() -> bool:
            return (phone.vault / "new.md").exists() and await in_sync(desk, phone)

        await until(arrived, "the note has arrived")
        assert (phone.vault / "cat.png").exists(), "switching off deletes nothing"
        assert not (phone.vault / "dog.png").exists()
        assert "images are switched off" in await typed(phone, "explain", "dog.png")
        await typed(phone, "select", "--on", "images")
        await settled(desk, phone)
        await typed(phone, "select", "--on", "images", "--off", "images", code=2)
