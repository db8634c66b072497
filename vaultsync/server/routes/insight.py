"""Why things are as they are: one path explained, and the log of decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from vaultsync.daemon.recovery import CounterInfo, ExplanationInfo, LogEntryInfo
from vaultsync.daemon.replica.explain import Explanation
from vaultsync.daemon.replica.explain import explain as explain_path
from vaultsync.daemon.replica.replica import Replica
from vaultsync.model.ids import NodeId
from vaultsync.model.records import FileRecord, Kind
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import engine_of, members, names
from vaultsync.server.models import MAX_PATH
from vaultsync.server.past import log_info, version_infos

router = APIRouter(prefix="/vaults/{vault}", tags=["insight"])

_KINDS = {Kind.FILE: "file", Kind.DIR: "folder"}


@router.get("/explain")
async def explain(
    node: TheNode, vault: str, path: Annotated[str, Query(min_length=1, max_length=MAX_PATH)]
) -> ExplanationInfo:
    """Everything that this device knows of a path: its state, who changed it, who has it, what would unblock it."""
    service = find_vault(node, vault)
    others = members(node, service)
    known = names(node)

    def query(replica: Replica) -> ExplanationInfo:
        return _info(replica, explain_path(replica.state, path, tuple(others)), others, known)

    return await engine_of(service).read(query)


@router.get("/log")
async def log(
    node: TheNode,
    vault: str,
    path: Annotated[str | None, Query(max_length=MAX_PATH)] = None,
    before: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> list[LogEntryInfo]:
    """What was decided and why, newest first: of one path, or of the vault; `before` an entry's id, for paging."""
    known = names(node)

    def query(replica: Replica) -> list[LogEntryInfo]:
        return [log_info(entry, known) for entry in replica.state.store.audit.recent(limit, path, before)]

    return await engine_of(find_vault(node, vault)).read(query)


def _info(
    replica: Replica, found: Explanation, others: Mapping[NodeId, str], known: Mapping[bytes, str]
) -> ExplanationInfo:
    record = found.entry.record if found.entry is not None else None
    alive = record is not None and not record.deleted
    called = {str(peer): name for peer, name in others.items()}
    return ExplanationInfo(
        path=found.path,
        kind=_KINDS[record.kind] if record is not None and alive else "",
        state=found.state,
        unblock=found.unblock,
        rule=found.rule,
        trouble=found.trouble,
        content=record.hash.hex() if record is not None else "",
        size=record.size if record is not None else 0,
        modified=record.modified_at if record is not None else None,
        modified_by=record.modified_name if record is not None else "",
        version=_counters(record, known),
        has_it=tuple(called[peer] for peer in found.has_it),
        lacks_it=tuple(called[peer] for peer in found.lacks_it),
        versions=tuple(version_infos(replica, found.versions)),
        log=tuple(log_info(entry, known) for entry in found.log),
    )


def _counters(record: FileRecord | None, known: Mapping[bytes, str]) -> tuple[CounterInfo, ...]:
    if record is None:
        return ()
    return tuple(
        CounterInfo(str(NodeId(device)), known.get(device, ""), counter) for device, counter in record.version.counters
    )
