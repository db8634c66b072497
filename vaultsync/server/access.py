"""How a route gets at the node, and finds in it what an address names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from vaultsync.daemon.peers import Peer
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.server.problems import BadRequestError, NotFoundError

SHORTEST_PREFIX = 6


def _node_of(request: Request) -> Node:
    node = request.app.state.node
    assert isinstance(node, Node)
    return node


TheNode = Annotated[Node, Depends(_node_of)]


def find_peer(node: Node, text: str) -> Peer:
    """The peer whose id is `text`, or begins with it. `NotFoundError` if none or more than one does."""
    wanted = text.strip().lower()
    found = [peer for peer in node.peers.get_peers() if str(peer.record.node_id).startswith(wanted)]
    if len(wanted) < SHORTEST_PREFIX or not found:
        raise NotFoundError(f"No device has the id {text[:60]}.", hint="`vaultsync peers` lists the devices.")
    if len(found) > 1:
        raise NotFoundError(f"More than one device's id begins with {text[:60]}.", hint="Give more of it.")
    return found[0]


def find_vault(node: Node, text: str) -> VaultService:
    """The vault whose id is `text`. `NotFoundError`."""
    for vault, service in node.vaults.items():
        if str(vault) == text:
            return service
    raise NotFoundError(f"No vault has the id {text[:60]}.", hint="`vaultsync status` lists the vaults.")


def absolute(path: str) -> Path:
    """The path, which must say by itself where it is. `BadRequestError`."""
    found = Path(path)
    if not found.is_absolute() or "\0" in path:
        raise BadRequestError(f"{path[:200]!r} is not an absolute path.")
    return found
