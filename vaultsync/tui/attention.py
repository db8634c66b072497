"""What waits for a person, gathered from everywhere, the most pressing first. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from vaultsync.client import words
from vaultsync.client.values import MDNS_OFF, ConflictInfo, HeldInfo
from vaultsync.tui.state import Board
from vaultsync.tui.tone import FAILING, Badge, Tone, peer_badge


class Kind(StrEnum):
    """What a matter is about decides what can be done about it."""

    VAULT = "vault"
    HELD = "held"
    COPY = "copy"
    BLOCKED = "blocked"
    PEER = "peer"
    NOTICE = "notice"
    DEVICE = "device"
    REMOVED = "removed"
    NEARBY = "nearby"
    REFUSED = "refused"
    KEPT_BACK = "kept back"
    MERGE = "merge"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that waits for a person."""

    kind: Kind
    key: str
    badge: Badge
    title: str
    detail: str
    vault: str = ""
    peer: str = ""
    path: str = ""
    conflict: ConflictInfo | None = None
    held: HeldInfo | None = None
    paths: tuple[str, ...] = ()
    """What it is about, if that is a list."""


OFFLINE = Badge("✖", "offline", Tone.BAD)
HELD = Badge("!", "held", Tone.BAD)
CONFLICT = Badge("≠", "conflict", Tone.BUSY)
BLOCKED = Badge("!", "blocked", Tone.BUSY)
MERGED = Badge("⋈", "merged", Tone.DIM)
NOTICE = Badge("i", "notice", Tone.BUSY)
REMOVED = Badge("✖", "removed", Tone.BAD)
DISK = Badge("✖", "disk", Tone.BAD)
NEARBY = Badge("i", "nearby", Tone.DIM)
REFUSED = Badge("!", "refused", Tone.BUSY)
KEPT_BACK = Badge("!", "kept back", Tone.BUSY)


def matters(board: Board) -> list[Matter]:
    """Everything, the most pressing first; what needs nobody comes last, for whoever wants to look."""
    parts = (_device, _removals, _vaults, _held, _copies, _notices, _roles, _blocked, _peers, _nearby, _merges)
    return [matter for part in parts for matter in part(board)]


def open_matters(board: Board) -> int:
    """How many of them need a person. Merges do not, nor do peers that are found by their addresses alone."""
    return sum(matter.kind not in (Kind.MERGE, Kind.NEARBY) for matter in matters(board))


def _device(board: Board) -> Iterator[Matter]:
    problem = board.status.node.database_problem if board.status is not None else ""
    if problem:
        yield Matter(Kind.DEVICE, "device", DISK, "This device", problem)


def _removals(board: Board) -> Iterator[Matter]:
    for vault in board.vaults:
        if removal := words.removal(vault):
            yield Matter(Kind.REMOVED, f"removed {vault.id}", REMOVED, vault.name, removal, vault=vault.id)


def _vaults(board: Board) -> Iterator[Matter]:
    for vault in board.vaults:
        if vault.state in ("offline", "failed"):
            badge = OFFLINE if vault.state == "offline" else FAILING
            yield Matter(Kind.VAULT, f"vault {vault.id}", badge, vault.name, vault.reason, vault=vault.id)


def _held(board: Board) -> Iterator[Matter]:
    for vault_id, held in board.held.items():
        if held.count:
            title = f"{words.count(held.count, 'deletion')} in {board.vault_name(vault_id)}"
            yield Matter(Kind.HELD, f"held {vault_id}", HELD, title, held.cause, vault=vault_id, held=held)


def _copies(board: Board) -> Iterator[Matter]:
    for vault_id, conflicts in board.conflicts.items():
        for found in conflicts:
            if found.kind == "copy":
                detail = f"{found.device_name} wrote it at the same time"
                yield Matter(
                    Kind.COPY,
                    f"copy {vault_id} {found.path}",
                    CONFLICT,
                    found.original,
                    detail,
                    vault=vault_id,
                    path=found.path,
                    conflict=found,
                )


def _notices(board: Board) -> Iterator[Matter]:
    told = {"", board.status.node.database_problem} if board.status is not None else {""}
    for vault in board.vaults:
        for notice in dict.fromkeys((*vault.notices, vault.watching)):
            if notice in told:
                continue
            yield Matter(Kind.NOTICE, f"notice {vault.id} {notice}", NOTICE, vault.name, notice, vault=vault.id)


def _roles(board: Board) -> Iterator[Matter]:
    for vault in board.vaults:
        if vault.withheld_count:
            title = f"{words.count(vault.withheld_count, 'note')} kept back in {vault.name}"
            detail = "changed here, but this device only receives"
            yield Matter(
                Kind.KEPT_BACK,
                f"kept {vault.id}",
                KEPT_BACK,
                title,
                detail,
                vault=vault.id,
                paths=vault.withheld,
            )
        for refused in vault.refused:
            title = f"{words.count(refused.count, 'change')} of {refused.peer_name}"
            detail = f"not taken: it only receives {vault.name}"
            yield Matter(
                Kind.REFUSED,
                f"refused {vault.id} {refused.peer}",
                REFUSED,
                title,
                detail,
                vault=vault.id,
                peer=refused.peer,
                paths=refused.paths,
            )


def _blocked(board: Board) -> Iterator[Matter]:
    for vault in board.vaults:
        for trouble in vault.troubles:
            key = f"blocked {vault.id} {trouble.path}"
            yield Matter(Kind.BLOCKED, key, BLOCKED, trouble.path, trouble.reason, vault=vault.id, path=trouble.path)
        if vault.trouble_count > len(vault.troubles):
            more = words.count(vault.trouble_count - len(vault.troubles), "more path")
            yield Matter(Kind.NOTICE, f"more {vault.id}", BLOCKED, vault.name, f"and {more}", vault=vault.id)


def _peers(board: Board) -> Iterator[Matter]:
    for peer in board.peers:
        if peer_badge(peer) == FAILING:
            yield Matter(Kind.PEER, f"peer {peer.id}", FAILING, peer.name, peer.reason, peer=peer.id)


def _nearby(board: Board) -> Iterator[Matter]:
    problem = board.status.node.mdns_problem if board.status is not None else ""
    if problem and problem != MDNS_OFF:
        yield Matter(Kind.NEARBY, "nearby", NEARBY, "Devices nearby", problem)


def _merges(board: Board) -> Iterator[Matter]:
    for vault_id, conflicts in board.conflicts.items():
        for found in conflicts:
            if found.kind == "merge":
                detail = f"merged with {found.device_name}'s edit"
                yield Matter(
                    Kind.MERGE,
                    f"merge {vault_id} {found.path}",
                    MERGED,
                    found.path,
                    detail,
                    vault=vault_id,
                    path=found.path,
                    conflict=found,
                )
