"""What a replica knows of the past, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vaultsync.daemon.recovery import ConflictInfo, LogEntryInfo, RestoreInfo, VersionInfo
from vaultsync.daemon.replica.conflicts import ConflictCopy, MergedNote
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.restore import RestorePlan
from vaultsync.model.ids import NodeId
from vaultsync.model.records import EMPTY_HASH
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import HistoryVersion


def version_infos(replica: Replica, versions: Sequence[HistoryVersion]) -> list[VersionInfo]:
    """Versions, with whether their contents are here."""
    store = replica.state.store
    held = {EMPTY_HASH, *store.history.has_many([version.hash for version in versions if version.hash])}
    here = {
        version.hash
        for version in versions
        if version.hash and version.hash not in held and store.index.with_hash(version.hash, 1)
    }
    return [_version_info(version, version.hash in held or version.hash in here) for version in versions]


def restore_info(replica: Replica, plan: RestorePlan, time_ms: int, folder: str, *, done: bool) -> RestoreInfo:
    return RestoreInfo(
        at=time_ms,
        folder=folder,
        bring_back=tuple(_version_info(version, True) for version in plan.bring_back),
        change_back=tuple(_version_info(version, True) for version in plan.change_back),
        remove=plan.remove,
        lost=tuple(_version_info(version, False) for version in plan.lost),
        done=done,
    )


def copy_info(copy: ConflictCopy) -> ConflictInfo:
    return ConflictInfo("copy", copy.path, copy.original, copy.device, copy.modified_at, copy.size, None, None)


def merge_info(replica: Replica, note: MergedNote) -> ConflictInfo:
    mine = version_infos(replica, [note.mine])[0] if note.mine is not None else None
    theirs = version_infos(replica, [note.theirs])[0] if note.theirs is not None else None
    other = "" if theirs is None else theirs.device_name
    return ConflictInfo("merge", note.path, note.path, other, note.merged.kept_at, note.merged.size, mine, theirs)


def log_info(entry: AuditEntry, names: Mapping[bytes, str]) -> LogEntryInfo:
    """A line of the log; `names` are the devices', by node id."""
    return LogEntryInfo(
        id=entry.id,
        at=entry.at_ms,
        kind=entry.kind,
        path=entry.path or "",
        peer="" if entry.peer is None else str(NodeId(entry.peer)),
        peer_name="" if entry.peer is None else names.get(entry.peer, ""),
        text=entry.text,
    )


def _version_info(version: HistoryVersion, restorable: bool) -> VersionInfo:
    return VersionInfo(
        path=version.path,
        content=version.hash.hex(),
        size=version.size,
        at=version.kept_at,
        modified=version.modified_at,
        device=str(NodeId(version.device)),
        device_name=version.device_name,
        action=version.action.value,
        note=version.note,
        restorable=restorable and bool(version.hash),
    )
