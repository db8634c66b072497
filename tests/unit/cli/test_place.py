"""Which vault and which note a person means."""

from __future__ import annotations

from pathlib import Path

import pytest

from vaultsync.cli.place import find_note, find_place
from vaultsync.errors import VaultError
from vaultsync.model.ids import VaultId
from vaultsync.vault import marker

VAULT = VaultId(b"v" * 16)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    marker.create(str(tmp_path / "notes"), VAULT, "notes")
    (tmp_path / "notes/sub/deep").mkdir(parents=True)
    return tmp_path / "notes"


@pytest.mark.parametrize("below", [".", "sub", "sub/deep"])
def test_the_vault_is_found_from_anywhere_in_it(root: Path, below: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / below)
    place = find_place(None)
    assert (place.root, place.vault) == (root, str(VAULT))


def test_without_a_vault_it_says_how_to_name_one(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    with pytest.raises(VaultError) as caught:
        find_place(None)
    assert "--in FOLDER" in caught.value.hint
    assert find_place(root / "sub").root == root


def test_a_note_is_named_from_here_or_from_the_top(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "sub")
    assert find_note("note.md", None)[1][:2] == ["sub/note.md", "note.md"]
    assert find_note("../note.md", None)[1] == ["note.md", "note.md.md"]
    assert find_note("deep/../x", None)[1] == ["sub/x", "x", "sub/x.md", "x.md"]


def test_a_note_of_a_vault_elsewhere(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    assert find_note("sub/note.md", root)[1][0] == "sub/note.md"
    assert find_note(str(root / "sub/gone/note.md"), None)[1][0] == "sub/gone/note.md"
    assert find_note("notes/sub/note.md", None)[1][0] == "sub/note.md"
    with pytest.raises(VaultError):
        find_note("/elsewhere/note.md", root)


def test_names_are_taken_in_the_form_that_the_index_has(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert find_note("u\u0308ber.md", None)[1][0] == "\u00fcber.md"
