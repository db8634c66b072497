"""How vaults and devices look as items: pure functions from values to text."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from vaultsync.client import words
from vaultsync.client.values import PeerInfo, TransferInfo, VaultInfo
from vaultsync.tui.activity import Entry
from vaultsync.tui.state import Board
from vaultsync.tui.tone import Badge, Tone, peer_badge, route, vault_badge
from vaultsync.tui.widgets.clock import clock_time

BAR_CELLS = 16


def badge_content(badge: Badge, width: int = 12) -> Content:
    """Symbol and word, in the badge's colour, at a fixed width."""
    return Content.assemble((f"{badge.symbol} {badge.word}".ljust(width), f"bold {badge.tone}"))


def bar(done: int, total: int, cells: int = BAR_CELLS) -> Content:
    """A progress bar with its share in numbers."""
    share = min(1.0, done / total) if total else 0.0
    full = round(share * cells)
    return Content.assemble(("█" * full, Tone.GOOD), ("░" * (cells - full), Tone.DIM), f" {share:4.0%}")


def vault_lines(vault: VaultInfo, board: Board, now_ms: int) -> Content:
    """A vault in two lines: what it is and how it is; what it holds and the proof."""
    receives = " (receives only)" if vault.role == "observer" else ""
    first = Content.assemble(
        badge_content(vault_badge(vault, board.peers)),
        (vault.name, "bold"),
        (receives, Tone.DIM),
        "  ",
        (_vault_state(vault, board), Tone.PLAIN),
    )
    return Content("\n").join([first, _vault_second(vault, board, now_ms)])


def _vault_state(vault: VaultInfo, board: Board) -> str:
    if vault.state == "scanning" and (found := board.scans.get(vault.id)):
        return f"looking through the folder: {words.count(found, 'file')} so far"
    return words.vault_state(vault, board.peers)


def _vault_second(vault: VaultInfo, board: Board, now_ms: int) -> Content:
    progress = board.progress.get(vault.id)
    if progress is not None and progress.most_pending > 1:
        left = board.seconds_left(progress.wanted_bytes)
        parts = [f"{progress.done:,} of {progress.most_pending:,}"]
        if progress.wanted_bytes:
            parts.append(f"{words.size(progress.wanted_bytes)} to fetch")
        if progress.wanted_bytes and left is not None:
            parts.append(f"about {words.duration(left)} left")
        return Content.assemble("            ", bar(progress.done, progress.most_pending), "  ", " · ".join(parts))
    if not vault.digest:
        return Content.assemble("            ", (vault.root, Tone.DIM))
    others = [shared for _, shared in words.shared_with(vault, board.peers)]
    proven = min((shared.proven for shared in others if shared.in_sync and shared.proven is not None), default=None)
    about = [f"{words.count(vault.files, 'file')}, {words.size(vault.bytes)}"]
    if others and all(shared.in_sync for shared in others) and proven is not None:
        about.append(f"proven {words.ago(proven, now_ms)}")
        about.append(f"digest {words.short_digest(vault.digest)}")
    else:
        about.append(vault.root)
    return Content.assemble("            ", (" · ".join(about), Tone.DIM))


def peer_lines(peer: PeerInfo, now_ms: int) -> Content:
    """A device in two lines: who and how; where and when."""
    first = Content.assemble(
        badge_content(peer_badge(peer)),
        (peer.name, "bold"),
        "  ",
        (peer.id[:10], Tone.DIM),
        "  ",
        _pending(peer),
    )
    return Content("\n").join([first, Content.assemble("            ", (_whereabouts(peer, now_ms), Tone.DIM))])


def _pending(peer: PeerInfo) -> str:
    if peer.state in ("connected", "syncing"):
        unsent = sum(shared.unsent for shared in peer.vaults)
        if unsent:
            return f"{words.count(unsent, 'change')} not confirmed yet"
        waiting = [shared.name for shared in peer.vaults if not shared.in_sync]
        return f"comparing {', '.join(waiting)}" if waiting else ", ".join(shared.name for shared in peer.vaults)
    return words.peer_state(peer)


def _whereabouts(peer: PeerInfo, now_ms: int) -> str:
    parts = []
    if peer.address:
        parts.append(f"{route(peer.address)} {peer.address}")
        parts.append(words.latency(peer.latency_ms))
    elif peer.last_seen is not None:
        parts.append(f"last seen {words.ago(peer.last_seen, now_ms)}")
    parts.append(f"last sync {words.ago(peer.last_sync, now_ms)}")
    observers = [shared.name for shared in peer.vaults if shared.role == "observer"]
    if observers:
        parts.append(f"observes {', '.join(observers)}")
    return " · ".join(part for part in parts if part)


def transfer_lines(transfers: Sequence[TransferInfo], board: Board) -> Content:
    """Large files under way, with bars and the time left."""
    lines = []
    for transfer in transfers:
        left = board.seconds_left(transfer.size - transfer.done)
        rest = f", about {words.duration(left)} left" if left is not None else ""
        lines.append(
            Content.assemble(
                bar(transfer.done, transfer.size),
                "  ",
                (transfer.path.rpartition("/")[2], "bold"),
                (f"  {words.size(transfer.done)} of {words.size(transfer.size)}{rest}", Tone.DIM),
            )
        )
    return Content("\n").join(lines)


def activity_line(entry: Entry) -> Content:
    """One thing that happened."""
    return Content.assemble(
        (clock_time(entry.at_ms), Tone.DIM), "  ", (f"{entry.sign} ", entry.tone), (entry.text, entry.tone)
    )
