"""The client's half for history, conflicts, held deletions and explanations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

from vaultsync.client.client import NodeClient
from vaultsync.client.decoding import decode
from vaultsync.daemon.recovery import (
    ConflictInfo,
    CountInfo,
    ExplanationInfo,
    HeldInfo,
    LogEntryInfo,
    RestoreInfo,
    VersionInfo,
)
from vaultsync.errors import NodeError

T = TypeVar("T")


class RecoveryClient(NodeClient):
    """Asks about one vault's past; `vault` is its id, paths are relative to it. Raises as `NodeClient` does."""

    async def find_notes(self, vault: str, text: str, limit: int = 50) -> list[str]:
        """Paths with all words of `text` in them, those that begin with it first; deleted notes too."""
        answer = await self._json("GET", f"/vaults/{vault}/find", None, {"text": text, "limit": str(limit)})
        if not isinstance(answer, list):
            raise NodeError("Its answer is not understood: it is no list.")
        return [str(path) for path in answer]

    async def history(self, vault: str, path: str, limit: int = 1_000) -> list[VersionInfo]:
        """The versions of a note, newest first."""
        return await self._many(VersionInfo, f"/vaults/{vault}/history", {"path": path, "limit": str(limit)})

    async def content(self, vault: str, path: str, content: str) -> bytes:
        """The bytes of one version, named as the history names it."""
        query = {"path": path, "content": content}
        return (await self._send("GET", f"/vaults/{vault}/content", None, query)).content

    async def deleted(self, vault: str, folder: str = "", limit: int = 1_000) -> list[VersionInfo]:
        """Deleted notes, the latest first."""
        return await self._many(VersionInfo, f"/vaults/{vault}/deleted", {"folder": folder, "limit": str(limit)})

    async def restore(self, vault: str, path: str, content: str) -> VersionInfo:
        """Put one version of a note back."""
        return await self._one(VersionInfo, "POST", f"/vaults/{vault}/restore", {"path": path, "content": content})

    async def restore_to(self, vault: str, at_ms: int, folder: str = "", *, preview: bool) -> RestoreInfo:
        """Bring a folder, or the vault, to what it held at a time; or tell what that would change."""
        asked = {"at": at_ms, "folder": folder, "preview": preview}
        return await self._one(RestoreInfo, "POST", f"/vaults/{vault}/restore-to", asked)

    async def conflicts(self, vault: str) -> list[ConflictInfo]:
        return await self._many(ConflictInfo, f"/vaults/{vault}/conflicts", {})

    async def resolve(
        self, vault: str, path: str, choice: Literal["mine", "theirs", "both", "edit"], text: str | None = None
    ) -> None:
        asked = {"path": path, "choice": choice, "text": text}
        await self._send("POST", f"/vaults/{vault}/conflicts/resolve", asked)

    async def undo_merge(self, vault: str, path: str) -> None:
        await self._send("POST", f"/vaults/{vault}/merges/undo", {"path": path})

    async def held_deletions(self, vault: str) -> HeldInfo:
        return await self._one(HeldInfo, "GET", f"/vaults/{vault}/deletions")

    async def approve_deletions(self, vault: str, paths: Sequence[str] | None = None) -> int:
        """Let held deletions go to every device. Returns how many."""
        return await self._decide(vault, "approve", paths)

    async def undo_deletions(self, vault: str, paths: Sequence[str] | None = None) -> int:
        """Bring back what held deletions took. Returns how many."""
        return await self._decide(vault, "undo", paths)

    async def explain(self, vault: str, path: str) -> ExplanationInfo:
        return await self._asked(ExplanationInfo, f"/vaults/{vault}/explain", {"path": path})

    async def log(self, vault: str, path: str | None = None, limit: int = 100) -> list[LogEntryInfo]:
        """What was decided and why, newest first: of one path, or of the vault."""
        asked = {"limit": str(limit), **({} if path is None else {"path": path})}
        return await self._many(LogEntryInfo, f"/vaults/{vault}/log", asked)

    async def _decide(self, vault: str, verb: str, paths: Sequence[str] | None) -> int:
        asked = {"paths": None if paths is None else list(paths)}
        return (await self._one(CountInfo, "POST", f"/vaults/{vault}/deletions/{verb}", asked)).count

    async def _asked(self, kind: type[T], path: str, query: Mapping[str, str]) -> T:
        return decode(kind, await self._json("GET", path, None, query))
