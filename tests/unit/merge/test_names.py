"""Conflict copies are named alike everywhere, and by names that every vault may hold."""

from __future__ import annotations

import unicodedata

import pytest

from vaultsync.merge import conflict_name
from vaultsync.merge.names import is_named_after, other_copy_name
from vaultsync.model.paths import check_path

MOMENT_MS = 1_795_183_423_000
"""2026-11-20 14:03:43 UTC."""


@pytest.mark.parametrize(
    ("path", "device", "expected"),
    [
        ("Note.md", "Laptop", "Note (conflict 2026-11-20 1403 Laptop).md"),
        ("a/b/Note.md", "Laptop", "a/b/Note (conflict 2026-11-20 1403 Laptop).md"),
        ("d.excalidraw.md", "Laptop", "d (conflict 2026-11-20 1403 Laptop).excalidraw.md"),
        ("a.b.md", "Laptop", "a.b (conflict 2026-11-20 1403 Laptop).md"),
        ("LICENSE", "Laptop", "LICENSE (conflict 2026-11-20 1403 Laptop)"),
        (".gitignore", "Laptop", ".gitignore (conflict 2026-11-20 1403 Laptop)"),
        (".config.json", "Laptop", ".config (conflict 2026-11-20 1403 Laptop).json"),
        ("Dr. Who and friends", "Laptop", "Dr. Who and friends (conflict 2026-11-20 1403 Laptop)"),
        ("v1.0/LICENSE", "Laptop", "v1.0/LICENSE (conflict 2026-11-20 1403 Laptop)"),
        ("a.md", "Laptop", "a (conflict 2026-11-20 1403 Laptop).md"),
        (".excalidraw.md", "Laptop", ".excalidraw (conflict 2026-11-20 1403 Laptop).md"),
        (f"n.{'x' * 39}", "Laptop", f"n (conflict 2026-11-20 1403 Laptop).{'x' * 39}"),
        (f"n.{'x' * 40}", "Laptop", f"n.{'x' * 40} (conflict 2026-11-20 1403 Laptop)"),
        ("Note.md", "(X)", "Note (conflict 2026-11-20 1403 X).md"),
        ("Note.md", "L" * 60, f"Note (conflict 2026-11-20 1403 {'L' * 60}).md"),
        ("Note.md", "L" * 61, f"Note (conflict 2026-11-20 1403 {'L' * 60}).md"),
        ("Note.md", "A/n\\n:'s *?\"<>| Mac", "Note (conflict 2026-11-20 1403 A n n 's Mac).md"),
        ("Note.md", "  \t\n ", "Note (conflict 2026-11-20 1403 device).md"),
        ("Note.md", "..", "Note (conflict 2026-11-20 1403 device).md"),
        ("Note.md", "Cafe\u0301", "Note (conflict 2026-11-20 1403 Café).md"),
        ("Note.md", "evil\u202egnp", "Note (conflict 2026-11-20 1403 evil gnp).md"),
    ],
)
def test_names_say_when_and_where(path: str, device: str, expected: str) -> None:
    assert conflict_name(path, MOMENT_MS, device) == expected


@pytest.mark.parametrize("stem", ["x" * 255, "ü" * 127, "漢" * 84, "👨‍👩‍👧" * 14, "e\u0301" * 60])
@pytest.mark.parametrize("device", ["Laptop", "漢" * 80, "🖥️" * 40, ""])
def test_long_names_are_cut_between_characters(stem: str, device: str) -> None:
    name = conflict_name(f"folder/{stem}.md", MOMENT_MS, device)
    assert check_path(name) == name
    assert len(name.removeprefix("folder/").encode()) <= 255
    assert name.endswith(").md")
    assert "(conflict 2026-11-20 1403 " in name


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize("sign", ["q\u0301", "q\u0301\u0302", "❤\ufe0f", "👨‍👩‍👧", "漢", "word "])
def test_a_long_name_keeps_whole_signs_and_as_many_as_fit(sign: str, before: int) -> None:
    stem = "x" * before + sign * 99
    kept, _, rest = conflict_name(f"{stem}.md", MOMENT_MS, "Laptop").partition(" (conflict")
    assert stem.startswith(kept)
    next_sign = stem[len(kept)]
    assert not unicodedata.combining(next_sign)
    assert next_sign not in "\u200d\ufe0f"
    assert kept[-1] not in " \u200d"
    assert 255 - len(sign.encode()) < len(f"{kept} (conflict{rest}".encode()) <= 255


@pytest.mark.parametrize("moment_ms", [-5, 0, 2**53, 2**63])
def test_absurd_times_still_make_a_name(moment_ms: int) -> None:
    assert check_path(conflict_name("Note.md", moment_ms, "Laptop"))


def test_a_copy_of_a_copy_has_a_name_of_its_own() -> None:
    once = conflict_name("Note.md", MOMENT_MS, "Laptop")
    assert conflict_name(once, MOMENT_MS, "Phone") not in (once, "Note.md")


@pytest.mark.parametrize("path", ["a/Note.md", "d.excalidraw.md", "LICENSE", "x" * 255])
def test_a_second_copy_of_the_same_minute_is_told_apart_by_its_content(path: str) -> None:
    copy = conflict_name(path, MOMENT_MS, "Laptop")
    others = {other_copy_name(copy, bytes([number]) * 32) for number in range(9)}
    assert len(others) == 9
    assert all(check_path(other) == other and " (conflict 2026-11-20 1403 L" in other for other in others)
    assert is_named_after(copy, MOMENT_MS, "Laptop")
    assert not any(is_named_after(other, MOMENT_MS, "Laptop") for other in others), "or there would be no end of it"
    assert not is_named_after(copy, MOMENT_MS + 60_000, "Laptop")
    assert not is_named_after(copy, MOMENT_MS, "Lap")
    assert not is_named_after(path, MOMENT_MS, "Laptop")
    assert not is_named_after("Note (conflict 2026-11-20 1403 Laptop).d/x", MOMENT_MS, "Laptop")


def test_the_content_stands_behind_when_and_where() -> None:
    copy = conflict_name("a/Note.md", MOMENT_MS, "Laptop")
    assert other_copy_name(copy, bytes(32)) == "a/Note (conflict 2026-11-20 1403 Laptop) (00000000).md"


def test_a_copy_stays_beside_its_note_as_long_as_it_fits() -> None:
    suffix = " (conflict 2026-11-20 1403 Laptop)"
    folder = "/".join(["d" * 200] * 20) + "/"
    folder += "e" * (4096 - len(folder) - len(f"/{suffix}"))
    assert conflict_name(f"{folder}/n", MOMENT_MS, "Laptop") == f"{folder}/{suffix}"
    assert conflict_name(f"{folder}e/n", MOMENT_MS, "Laptop") == f"n{suffix}"


@pytest.mark.parametrize("left", range(1, 70, 6))
def test_the_longest_paths_have_copies_too(left: int) -> None:
    """Where the folder leaves no room at all, the copy goes to the top."""
    folder = "/".join(["d" * 200] * 20)
    folder += "/" + "e" * (4096 - len(folder) - left - 2)
    path = f"{folder}/{'n' * left}"
    assert len(check_path(path)) == 4096
    copy = conflict_name(path, MOMENT_MS, "Laptop")
    assert check_path(copy).endswith("(conflict 2026-11-20 1403 Laptop)")
    assert "/" in copy or copy == f"{'n' * left} (conflict 2026-11-20 1403 Laptop)"
