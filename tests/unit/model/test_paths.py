"""Which paths a vault may hold."""

from __future__ import annotations

import unicodedata

import pytest

from vaultsync.errors import PathError
from vaultsync.model.paths import (
    check_path,
    fold,
    is_marker,
    name_of,
    parent_of,
    parents_of,
    windows_obstacle,
)


@pytest.mark.parametrize(
    "path",
    [
        "note.md",
        "a/b/c.md",
        "…/x",
        "..notes/x",
        "a..b",
        ".hidden",
        "日記/二〇二六年.md",
        "family ❤️\u200d🔥.md",
        "right-to-left \u200f.md",
        "trailing. ",
        "CON",
        "x" * 255,
        "é" * 127,
        "/".join("d" * 64),
        ".vaultsyncignore",
        "folder/.vaultsync",
    ],
)
def test_allowed(path: str) -> None:
    assert check_path(path) is path


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("", "empty"),
        ("/etc/passwd", "absolute"),
        ("a//b", "empty"),
        ("a/", "empty"),
        (".", "`.`"),
        ("a/../b", "`..`"),
        ("..", "`..`"),
        ("a\\b", "backslash"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x7fb", "control"),
        ("a\x85b", "control"),
        ("x" * 256, "255 bytes"),
        ("é" * 128, "255 bytes"),
        ("a/" + "日" * 86, "255 bytes"),
        ("/".join(["d"] * 65), "levels deep"),
        ("/".join(["d" * 200] * 21), "limit is 4096"),
        (unicodedata.normalize("NFD", "café"), "normal form C"),
        ("caf\udce9", "Unicode"),
        (".vaultsync", "own folder"),
        (".vaultsync/tmp/x", "own folder"),
        (".VaultSync/x", "own folder"),
        (".vaultsync./x", "own folder"),
        (".vaultsync /x", "own folder"),
        (".vault\u200bsync/x", "own folder"),
        ("．vaultsync/x", "own folder"),
    ],
)
def test_refused_with_the_reason(path: str, word: str) -> None:
    with pytest.raises(PathError) as caught:
        check_path(path)
    assert word in caught.value.message


def test_marker_in_disguise() -> None:
    assert is_marker(".ＶaultSync")
    assert not is_marker(".vaultsync2")


def test_fold_is_how_names_collide() -> None:
    assert fold("Note.md") == fold("nOTE.MD")
    assert fold("CAFÉ") == fold(unicodedata.normalize("NFD", "café"))
    assert fold("straße") == fold("STRASSE")
    assert fold("a") != fold("b")


def test_parts() -> None:
    assert (parent_of("a/b/c"), name_of("a/b/c"), parents_of("a/b/c")) == ("a/b", "c", ["a", "a/b"])
    assert (parent_of("a"), name_of("a"), parents_of("a")) == ("", "a", [])


@pytest.mark.parametrize("path", ["a. ", "a/b.", "what?.md", "a:b", "con", "Aux.md", "x/COM1.txt", "lpt².md", "nul .x"])
def test_what_windows_cannot_hold(path: str) -> None:
    assert windows_obstacle(path) is not None


@pytest.mark.parametrize("path", ["a/b.md", "console.md", "com10.md", "日記", ".x"])
def test_what_windows_can_hold(path: str) -> None:
    assert windows_obstacle(path) is None
