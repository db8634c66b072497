"""Every odd name and every odd kind of file: synced as it is, or shown with the reason; none stops the rest."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Device, until

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(os.name == "nt", reason="names and kinds of POSIX")]

NFC, NFD = (unicodedata.normalize(form, "Café.md") for form in ("NFC", "NFD"))

SYNCED = [
    "Note.md", "note.md", "NOTE.MD",                      # on this file system three files
    "n" * 252 + ".md",
    "👩‍👩‍👧‍👦 family 🏳️‍🌈.md", "مرحبا\u200f\u202e.md", "\u200bzero width.md", "Ｗｉｄｅ.md",
    "ends with a dot.", "ends with a space ", " starts with one.md",
    "CON.md", "nul", "aux.canvas", "a:b?c*d|e<f>.md", "-rf", "$HOME.md", "%00.md", "'\"`.md",
    "notes.tmp", "x.part", "0123abcd-1", "vaultsync.md", ".hidden note.md", "tmp/x.part",
    "/".join(["deep"] * 63) + "/note.md",
]  # fmt: skip
"""As they are, on any POSIX system."""

BLOCKED = ["line\nbreak.md", "back\\slash.md", "bell\a.md", "/".join(["deeper"] * 70) + "/note.md"]


def fill(root: Path) -> None:
    for name in [*SYNCED, *BLOCKED]:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name!r}\n")
    (root / NFD).write_text("decomposed, as macOS writes it\n")
    (root / "twins").mkdir()
    (root / "twins" / NFC).write_text("one\n")
    (root / "twins" / NFD).write_text("two\n")
    with open(os.fsencode(root) + b"/latin-\xe9.md", "wb") as file:
        file.write(b"its name is not UTF-8\n")
    (root / "link.md").symlink_to("Note.md")
    (root / "way out").symlink_to(root.parent)
    (root / "loop").symlink_to("loop")
    (root / "dangling.md").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = os.open(".", os.O_RDONLY)
        os.chdir(root)
        try:
            listening.bind("socket")
        finally:
            os.fchdir(here)
            os.close(here)
    (root / "unreadable.md").write_text("nobody may read this\n")
    (root / "unreadable.md").chmod(0)
    os.link(root / "Note.md", root / "hard link.md")
    with (root / "sparse.bin").open("wb") as file:
        file.truncate(20 << 20)
    (root / "read-only").mkdir()
    (root / "read-only" / "inside.md").write_text("to be read\n")
    (root / "read-only").chmod(0o555)


def dig(root: Path, levels: int) -> None:
    """A folder so deep that no system call takes its path."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


async def troubles(device: Device) -> dict[str, str]:
    found = await device.vault_info()
    return {} if found is None else {trouble.path: trouble.reason for trouble in found.troubles}


NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
"""Makes of root somebody else, if that one can reach this Python."""
NO_POWERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")
"""Makes of root somebody who may read and write no more than other people."""


def works(prefix: tuple[str, ...]) -> bool:
    """Whether a node can run so: one that is not told to use UTF-8 starts itself anew."""
    again = "import os, sys, vaultsync.cli.main; os.execv(sys.executable, [sys.executable, '-c', ''])"
    try:
        tried = subprocess.run([*prefix, sys.executable, "-c", again], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def give(folder: Path, to: int) -> None:
    """Make `to` the owner of all that is in the folder, but for what lies too deep."""
    for place, folders, files in os.walk(os.fsencode(folder)):
        os.lchown(place, to, to)
        for name in (*folders, *files):
            os.lchown(os.path.join(place, name), to, to)
        if place.count(b"/d/") > 1 or place.count(b"deeper") > 60:
            folders.clear()


UTF8, PLAIN, NOT_UTF8 = (
    {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
    {"LANG": "C", "LC_ALL": "C"},
    {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder that every user of this machine can reach."""
    with tempfile.TemporaryDirectory(prefix="vaultsync-odd-") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@pytest.mark.parametrize(
    ("environ", "ordinary"),
    [
        pytest.param(UTF8, False, id="as it comes"),
        pytest.param(NOT_UTF8, True, id="ordinary user, not UTF-8"),
        pytest.param(PLAIN, False, id="LANG=C", marks=pytest.mark.long),
        pytest.param(UTF8, True, id="ordinary user", marks=pytest.mark.long),
        pytest.param(NOT_UTF8, False, id="not UTF-8", marks=pytest.mark.long),
    ],
)
async def test_odd_files_are_synced_or_shown(base: Path, environ: dict[str, str], ordinary: bool) -> None:
    is_root = os.geteuid() == 0
    prefix: tuple[str, ...] = ()
    if ordinary and is_root:
        prefix = next(filter(works, (AS_NOBODY, NO_POWERS)), ())
        if not prefix:
            pytest.skip("root can't be made an ordinary user here")
    desk, phone = (Device(base, name, environ=environ, prefix=prefix) for name in ("Desk", "Phone"))
    fill(desk.vault)
    if prefix is AS_NOBODY:
        give(base, NOBODY)
    dig(desk.vault, 5_000)
    try:
        await desk.start()
        await phone.join(await desk.ticket())
        expected = [*SYNCED, "hard link.md", "sparse.bin", "read-only/inside.md"]

        async def all_there() -> bool:
            return all((phone.vault / path).exists() for path in expected)

        try:
            await until(all_there, "all is there", 40)
        except AssertionError:
            raise AssertionError(f"lacking: {[p for p in expected if not (phone.vault / p).exists()]}") from None
        for path in expected:
            assert (phone.vault / path).read_bytes() == (desk.vault / path).read_bytes(), path

        # The name keeps its form where it was given; elsewhere it may have either.
        assert NFD in os.listdir(desk.vault)
        assert NFC not in os.listdir(desk.vault)
        assert {unicodedata.normalize("NFC", name) for name in os.listdir(phone.vault)} >= {NFC}
        assert len(os.listdir(phone.vault / "twins")) == 1

        shown = await troubles(desk)
        reasons = {
            "line\\nbreak.md": "control", "back\\slash.md": "backslash", "link.md": "link", "way out": "link",
            "loop": "link", "dangling.md": "link", "pipe": "", "socket": "", "latin-": "UTF-8", "twins": "",
            "deeper": "deep", "d/d/d": "deep",
        }  # fmt: skip
        if ordinary or not is_root:
            reasons["unreadable.md"] = "permission"
        for start, why in reasons.items():
            assert any(
                path.replace("\n", "\\n").startswith(start) and why in reason for path, reason in shown.items()
            ), f"{start} is not shown; shown are {sorted(shown)}"
        for path in ("link.md", "way out", "loop", "dangling.md", "pipe", "socket"):
            assert not os.path.lexists(phone.vault / path)

        (phone.vault / "after all.md").write_text("and life goes on\n")

        async def life_goes_on() -> bool:
            return (desk.vault / "after all.md").exists()

        await until(life_goes_on, "an edit crosses")

        if ordinary or not is_root:
            # An edit from elsewhere that this user may not take is shown, and is taken as soon as that has changed.
            (phone.vault / "read-only" / "inside.md").write_text("from the phone\n")

            async def refused() -> bool:
                return "permission" in (await troubles(desk)).get("read-only/inside.md", "")

            await until(refused, "the folder that is read-only is shown")
            assert (desk.vault / "read-only" / "inside.md").read_text() == "to be read\n"
            (desk.vault / "read-only").chmod(0o755)

            async def taken() -> bool:
                told = await troubles(desk)
                inside = desk.vault / "read-only" / "inside.md"
                return inside.read_text() == "from the phone\n" and "read-only/inside.md" not in told

            await until(taken, "the edit is taken")

        for name in (
            b"latin-\xe9.md",
            b"line\nbreak.md",
            b"bell\a.md",
            b"back\\slash.md",
            b"link.md",
            b"way out",
            b"loop",
            b"pipe",
        ):
            os.unlink(os.fsencode(desk.vault) + b"/" + name)
        shutil.rmtree(desk.vault / "deeper")
        (desk.vault / "twins" / NFD).unlink()

        still = {"dangling.md", "socket", "d", "unreadable.md"} & {path.split("/")[0] for path in shown}
        left: set[str] = set()

        async def no_longer_shown() -> bool:
            nonlocal left
            left = {path.split("/")[0] for path in await troubles(desk)}
            return left == still

        try:
            await until(no_longer_shown, "what is gone is no longer shown")
        except AssertionError:
            raise AssertionError(f"still shown: {left - still}; not shown: {still - left}") from None
    finally:
        await desk.kill()
        await phone.kill()
        (desk.vault / "read-only").chmod(0o755)
        remove_deep(desk.vault)


async def test_kinds_that_change_under_way(tmp_path: Path) -> None:
    """A file becomes a folder, a folder a file, a note a link and back; an edit of the same size in the same tick."""
    desk, phone = Device(tmp_path, "Desk"), Device(tmp_path, "Phone")
    try:
        (desk.vault / "thing").write_text("a file\n")
        (desk.vault / "box").mkdir()
        (desk.vault / "box" / "in it.md").write_text("inside\n")
        (desk.vault / "tick.md").write_text("aaaa")
        await desk.start()
        await phone.join(await desk.ticket())

        async def first() -> bool:
            return (phone.vault / "tick.md").exists() and (phone.vault / "box" / "in it.md").exists()

        await until(first, "the first sync")
        (desk.vault / "thing").unlink()
        (desk.vault / "thing").mkdir()
        (desk.vault / "thing" / "now inside.md").write_text("a folder now\n")
        shutil.rmtree(desk.vault / "box")
        (desk.vault / "box").write_text("a file now\n")
        before = (desk.vault / "tick.md").stat()
        (desk.vault / "tick.md").write_text("bbbb")
        os.utime(desk.vault / "tick.md", ns=(before.st_atime_ns, before.st_mtime_ns))

        async def changed() -> bool:
            inside, box = phone.vault / "thing" / "now inside.md", phone.vault / "box"
            return inside.exists() and box.is_file() and (phone.vault / "tick.md").read_text() == "bbbb"

        await until(changed, "what became something else")

        (desk.vault / "tick.md").unlink()
        (desk.vault / "tick.md").symlink_to("box")

        async def shown() -> bool:
            return "tick.md" in await troubles(desk)

        await until(shown, "the link is shown")
        # A link that takes a note's place says nothing about the note.
        assert (phone.vault / "tick.md").read_text() == "bbbb"
        (desk.vault / "tick.md").unlink()
        (desk.vault / "tick.md").write_text("cccc")

        async def back() -> bool:
            return (phone.vault / "tick.md").read_text() == "cccc" and "tick.md" not in await troubles(desk)

        await until(back, "the note is back")
    finally:
        await desk.kill()
        await phone.kill()


def remove_deep(root: Path) -> None:
    """What `shutil.rmtree` can't: folders deeper than its recursion goes. Renamed up, level by level."""
    level = 0
    while (root / "d").exists():
        inner = root / "d" / "d"
        if inner.exists():
            os.rename(inner, root / f"d{level}")
            os.rmdir(root / "d")
            os.rename(root / f"d{level}", root / "d")
        else:
            os.rmdir(root / "d")
        level += 1
