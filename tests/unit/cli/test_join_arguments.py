"""How the arguments of `join` are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from vaultsync.cli.join import has_notes, split
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.tickets.codec import decode, encode
from vaultsync.tickets.ticket import Ticket

TICKET = encode(Ticket(NodeId(b"n" * 32), VaultId(b"v" * 16), "notes", "Laptop", ("192.0.2.1:4",), b"s" * 16, 2**31))


def test_the_last_word_is_the_folder(tmp_path: Path) -> None:
    text, folder = split([TICKET, str(tmp_path)])
    assert decode(text) == decode(TICKET)
    assert folder == tmp_path.resolve()


def test_a_ticket_that_was_pasted_in_pieces_is_put_together(tmp_path: Path) -> None:
    pieces = [TICKET[:50], TICKET[50:99], TICKET[99:]]
    text, _ = split([*pieces, str(tmp_path)])
    assert decode(text) == decode(TICKET)


@pytest.mark.parametrize("parts", [[TICKET], ["notes"], ["--", TICKET]])
def test_a_missing_folder_is_said(parts: list[str]) -> None:
    with pytest.raises(typer.BadParameter, match="Say where the notes are to be kept"):
        split(parts)


def test_hidden_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    (tmp_path / ".obsidian" / "app.json").write_text("{}")
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "sub").mkdir()
    assert not has_notes(tmp_path / "not there")
    assert not has_notes(tmp_path)
    (tmp_path / "sub" / "a.md").write_text("x")
    assert has_notes(tmp_path)
