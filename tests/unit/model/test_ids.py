"""Ids and their text forms."""

from __future__ import annotations

import pytest

from vaultsync.model.ids import NodeId, VaultId, from_base32, to_base32


def test_text_forms_come_back() -> None:
    node, vault = NodeId(bytes(range(32))), VaultId(bytes(range(16)))
    assert len(str(node)) == 52
    assert len(str(vault)) == 26
    assert NodeId.parse(str(node)) == node
    assert VaultId.parse(str(vault)) == vault


def test_parsing_is_forgiving_about_case_and_space() -> None:
    node = NodeId(b"\xff" * 32)
    assert NodeId.parse(f" {str(node).upper()}\n") == node


@pytest.mark.parametrize("text", ["", "a", "0" * 52, "a" * 51, "a" * 53, "a" * 26, "é" * 52])
def test_what_is_no_node_id(text: str) -> None:
    with pytest.raises(ValueError):
        NodeId.parse(text)


def test_trailing_bits_must_be_zero() -> None:
    """Else one id would have several text forms."""
    text = str(NodeId(b"\0" * 32))
    with pytest.raises(ValueError, match="canonical"):
        NodeId.parse(text[:-1] + "b")


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_vault_id_has_16_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        VaultId(bytes(size))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_node_id_has_32_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        NodeId(bytes(size))


def test_for_people() -> None:
    node = NodeId(b"\0" * 32)
    assert node.short == "a" * 10
    assert repr(node) == "NodeId(aaaaaaaaaa…)"
    assert repr(VaultId(b"\0" * 16)) == f"VaultId({VaultId(bytes(16)).short}…)"


def test_ids_are_ordered_as_their_bytes() -> None:
    assert NodeId(b"\x01" + b"\xff" * 31) < NodeId(b"\x02" + b"\0" * 31)


def test_base32_of_rfc_4648() -> None:
    assert to_base32(b"foobar") == "mzxw6ytboi"
    assert from_base32("MZXW6YTBOI") == b"foobar"
    assert from_base32("") == b""
