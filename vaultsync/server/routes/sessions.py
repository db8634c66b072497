"""Tokens for programs on this computer, such as an editor's plugin: short-lived, named, revocable."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from vaultsync.daemon.answers import NewSession, SessionInfo
from vaultsync.errors import RequestError
from vaultsync.server.access import TheNode
from vaultsync.server.callers import TheCaller, begin_session, only_owner
from vaultsync.server.models import BeginSession
from vaultsync.server.problems import NotFoundError
from vaultsync.store.sessions import Session

router = APIRouter(prefix="/sessions", tags=["sessions"])

SessionId = Annotated[int, Path(ge=0, lt=2**63)]


@router.post("", status_code=201, dependencies=[Depends(only_owner)])
async def begin(node: TheNode, request: BeginSession) -> NewSession:
    """Make a token for a program. It is told this one time. Only the user's own token can make others."""
    token, session = await begin_session(node, request.client, round(request.hours * 3_600_000))
    return NewSession(session.id, session.client, session.created_at, session.expires_at, token)


@router.get("", dependencies=[Depends(only_owner)])
async def sessions(node: TheNode) -> list[SessionInfo]:
    """The tokens that are good now, the oldest first."""
    now_ms = node.now_ms()
    return [_info(session) for session in await node.database.run(lambda store: store.sessions.all(now_ms))]


@router.post("/renew")
async def renew(node: TheNode, caller: TheCaller) -> SessionInfo:
    """Let the time of the token that this request carries begin anew."""
    own, now_ms = caller.session, node.now_ms()
    if own is None:
        raise RequestError("The user's own token never expires.", hint="There is nothing to renew.")
    renewed = await node.database.run(lambda store: store.sessions.renew(own, now_ms))
    if renewed is None:
        raise NotFoundError("This session was revoked.")
    return _info(renewed)


@router.delete("/{number}", status_code=204)
async def revoke(node: TheNode, caller: TheCaller, number: SessionId) -> Response:
    """Make a token useless. A program can revoke its own."""
    if caller.session is None or caller.session.id != number:
        only_owner(caller)
    if not await node.database.run(lambda store: store.sessions.revoke(number)):
        raise NotFoundError(f"There is no session {number}.", hint="`vaultsync sessions` lists them.")
    return Response(status_code=204)


def _info(session: Session) -> SessionInfo:
    return SessionInfo(session.id, session.client, session.created_at, session.expires_at)
