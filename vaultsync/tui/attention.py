"""What waits for a person, as far as the status tells of it. Pure."""

from __future__ import annotations

from vaultsync.tui.state import Board
from vaultsync.tui.tone import FAILING, peer_badge


def open_matters(board: Board) -> int:
    """How many things wait for a person."""
    vaults = sum(vault.state in ("offline", "failed") for vault in board.vaults)
    troubles = sum(vault.trouble_count for vault in board.vaults)
    peers = sum(peer_badge(peer) == FAILING for peer in board.peers)
    return vaults + troubles + peers
