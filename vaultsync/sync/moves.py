"""Renames, recognised among what vanished and what appeared in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vaultsync.model.records import EMPTY_HASH, Entry, FileRecord, Kind


def link_moves(
    vanished: Sequence[tuple[Entry, FileRecord]],
    appeared: Sequence[tuple[int, FileRecord]],
) -> tuple[list[FileRecord], list[FileRecord]]:
    """Pair tombstones with new files of the same content.

    `vanished` are index entries with the tombstones made of them, `appeared` new records with their inodes. A pair
    gets `moved_to` / `moved_from`, so that an edit made elsewhere to the old path can follow to the new one. Versions
    don't go along: counters of one path say nothing of another, where the same device may have written at any time.
    Of several files with one content the one with the same inode is
    taken; without that, empty files say nothing.

    Returns the tombstones and the new records, in the order given.
    """
    by_hash: dict[bytes, list[int]] = {}
    for i, (entry, _) in enumerate(vanished):
        if entry.record.kind is Kind.FILE:
            by_hash.setdefault(entry.record.hash, []).append(i)

    tombstones = [tombstone for _, tombstone in vanished]
    arrived = []
    for inode, record in appeared:
        candidates = by_hash.get(record.hash, []) if record.kind is Kind.FILE else []
        index = next((i for i in candidates if _inode(vanished[i][0]) == inode), None)
        if index is None and candidates and record.hash != EMPTY_HASH:
            index = candidates[0]
        if index is None:
            arrived.append(record)
            continue
        candidates.remove(index)
        source = vanished[index][0].record.path
        tombstones[index] = replace(tombstones[index], moved_to=record.path)
        arrived.append(replace(record, moved_from=source))
    return tombstones, arrived


def _inode(entry: Entry) -> int | None:
    return entry.signature.inode if entry.signature is not None else None
