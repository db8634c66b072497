"""Many small notes: a first sync, a restart, one edit; and many that appear at once in a vault that runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from tests.benchmarks.vaults import same_tree
from tests.load.pair import Numbers, Pair, count_files, until

PER_FOLDER: Final = 100


def make_notes(root: Path, count: int, seed: int = 1) -> None:
    """`count` notes of about 300 bytes, 100 in a folder."""
    lot = Random(seed)
    for number in range(count):
        folder = root / f"Area {number // (PER_FOLDER * 20)}" / f"Topic {number // PER_FOLDER}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True, exist_ok=True)
        words = " ".join(lot.choice(("sync", "note", "word", "line", "vault")) for _ in range(lot.randint(20, 80)))
        (folder / f"Note {number}.md").write_text(f"# Note {number}\n\n{words}\n")


def many_notes(where: Path, count: int, say: Callable[[str, Numbers], None]) -> None:
    """A first sync of `count` notes, a restart of both, then one edit."""
    pair = Pair(where)
    make_notes(pair.a, count)
    try:
        began_s = time.monotonic()
        pair.start_first()
        say("scan", {"seconds": time.monotonic() - began_s, **pair.own_numbers()})
        pair.begin()
        began_s = pair.connect()
        seconds = pair.wait_identical() - began_s
        say("first sync", {"seconds": seconds, **pair.read()})
        until(pair.agree, "both agree")
        check(pair, count)

        began_s = pair.restart()
        pair.begin_anew()
        seconds = pair.wait_identical() - began_s
        say("restart", {"seconds": seconds, **pair.read()})
        until(pair.agree, "both agree after the restart")
        check(pair, count)

        time.sleep(3)
        pair.begin()
        path = "Area 0/Topic 0/Note 7.md"
        began_s = time.monotonic()
        (pair.a / path).write_text("edited\n")
        until(lambda: (pair.b / path).read_text() == "edited\n", "the edit is there", 0.001)
        say("one edit", {"seconds": time.monotonic() - began_s, **pair.read()})
        until(pair.agree, "both agree after the edit")
        time.sleep(30)
        say("30 s later", pair.read())
    finally:
        pair.stop()


def appearing(where: Path, count: int, say: Callable[[str, Numbers], None]) -> None:
    """`count` notes are copied into a running vault, later moved within it, later removed."""
    pair = Pair(where)
    elsewhere = where / "elsewhere"
    make_notes(elsewhere, count)
    make_notes(pair.a / "old", 100, seed=2)
    try:
        pair.start_first()
        pair.connect()
        pair.wait_identical()
        pair.begin()
        began_s = time.monotonic()
        shutil.copytree(elsewhere, pair.a / "new")
        copied_s = time.monotonic() - began_s
        until(lambda: count_files(pair.b) == count + 100, "all are there")
        seconds = time.monotonic() - began_s
        until(pair.agree, "both agree")
        say("copied in", {"copy_seconds": copied_s, "seconds": seconds, **pair.read()})
        check(pair, count + 100)

        pair.begin()
        began_s = time.monotonic()
        (pair.a / "new").rename(pair.a / "moved")
        until(lambda: not (pair.b / "new").exists() and count_files(pair.b / "moved") == count, "all are moved")
        say("moved", {"seconds": time.monotonic() - began_s, **pair.read()})
        until(pair.agree, "both agree on the move")
        check(pair, count + 100)
    finally:
        pair.stop()


def check(pair: Pair, count: int) -> None:
    """The folders are equal and hold what they should, and both say so."""
    assert count_files(pair.a) == count
    assert same_tree(pair.a, pair.b, pair.own_names), "the folders differ"
    for node in (pair.first, pair.second):
        told = pair.vault(node)
        assert told.files == count, f"says {told.files} files of {count}"
