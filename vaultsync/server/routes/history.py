"""History: versions of notes, their contents, and what brings them back."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response

from vaultsync.daemon.recovery import RestoreInfo, VersionInfo
from vaultsync.daemon.replica.contents import read_content
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.restore import plan_restore
from vaultsync.daemon.replica.state import Effects
from vaultsync.errors import RequestError
from vaultsync.model.ids import NodeId
from vaultsync.model.paths import check_path
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import act, engine_of
from vaultsync.server.models import MAX_PATH
from vaultsync.server.past import restore_info, version_infos
from vaultsync.server.problems import NotFoundError
from vaultsync.server.recovery_models import RestoreMany, RestoreOne
from vaultsync.store.history import Action, HistoryVersion

router = APIRouter(prefix="/vaults/{vault}", tags=["history"])

NotePath = Annotated[str, Query(min_length=1, max_length=MAX_PATH)]
Limit = Annotated[int, Query(ge=1, le=10_000)]


@router.get("/history")
async def history(node: TheNode, vault: str, path: NotePath, limit: Limit = 1_000) -> list[VersionInfo]:
    """The versions of a note, newest first. Not found if there is none; the hint names notes that are called alike."""
    service = find_vault(node, vault)

    def query(replica: Replica) -> tuple[list[VersionInfo], list[str]]:
        store = replica.state.store.history
        versions = version_infos(replica, store.versions(path, limit))
        return versions, [] if versions else store.paths_like(path.rpartition("/")[2], 3)

    versions, alike = await engine_of(service).read(query)
    if not versions:
        hint = f"Did you mean {', '.join(f'“{name}”' for name in alike)}?" if alike else ""
        raise NotFoundError(f"Nothing is known of “{path}” in the vault {service.record.name}.", hint=hint)
    return versions


@router.get(
    "/content",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def content(node: TheNode, vault: str, path: NotePath, content: str) -> Response:
    """The bytes of one version of a note. `content` names it, as the history does."""
    service = find_vault(node, vault)

    def query(replica: Replica) -> bytes | None:
        version = _find(replica, path, content)
        return None if version is None else read_content(replica.state, version.hash)

    data = await engine_of(service).read(query)
    if data is None:
        raise NotFoundError(
            f"This device does not have that version of “{path}” any more.",
            hint="Another device may have it: ask its history too.",
        )
    return Response(data, media_type="application/octet-stream")


@router.get("/deleted")
async def deleted(
    node: TheNode, vault: str, folder: Annotated[str, Query(max_length=MAX_PATH)] = "", limit: Limit = 1_000
) -> list[VersionInfo]:
    """Deleted notes that are not there again, the latest first, each with the content it last had."""
    service = find_vault(node, vault)

    def query(replica: Replica) -> list[VersionInfo]:
        store = replica.state.store.history
        found = []
        for gone in store.deleted(limit, folder.strip("/")):
            last = next((v for v in store.versions(gone.path, 20) if v.hash and v.action is not Action.REPLACED), None)
            if last is not None:
                found.append((gone, last))
        infos = version_infos(replica, [last for _, last in found])
        return [_gone(info, gone) for info, (gone, _) in zip(infos, found, strict=True)]

    return await engine_of(service).read(query)


@router.post("/restore")
async def restore(node: TheNode, vault: str, request: RestoreOne) -> VersionInfo:
    """Put one version of a note back: an ordinary edit, which syncs. What it replaces stays in history."""
    service = find_vault(node, vault)
    check_path(request.path)

    def step(replica: Replica, now_ms: int) -> tuple[VersionInfo, Effects]:
        version = _find(replica, request.path, request.content)
        if version is None:
            raise RequestError(f"“{request.path}” has no such version.", hint="`vaultsync history` lists them.")
        effects = replica.restore([version], [], now_ms)
        return version_infos(replica, [version])[0], effects

    return await act(service, step)


@router.post("/restore-to")
async def restore_to(node: TheNode, vault: str, request: RestoreMany) -> RestoreInfo:
    """Bring a folder, or the whole vault, to what it held at a time; or only tell what that would change."""
    service = find_vault(node, vault)
    folder = request.folder.strip("/")

    def step(replica: Replica, now_ms: int) -> tuple[RestoreInfo, Effects]:
        plan = plan_restore(replica.state, request.at, folder)
        info = restore_info(replica, plan, request.at, folder, done=not request.preview)
        versions = [*plan.bring_back, *plan.change_back]
        if request.preview or not (versions or plan.remove):
            return info, replica.tick(now_ms)
        return info, replica.restore(versions, plan.remove, now_ms)

    return await act(service, step)


def _find(replica: Replica, path: str, content: str) -> HistoryVersion | None:
    versions = replica.state.store.history.versions(path, 10_000)
    return next((version for version in versions if version.hash and version.hash.hex() == content), None)


def _gone(last: VersionInfo, gone: HistoryVersion) -> VersionInfo:
    """The last content of a deleted note, told as its deletion: when it went, and by whom."""
    return replace(
        last,
        at=gone.kept_at,
        modified=gone.modified_at,
        device=str(NodeId(gone.device)),
        device_name=gone.device_name,
        action=gone.action.value,
        note=gone.note,
    )
