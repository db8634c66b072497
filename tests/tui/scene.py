"""A fixed scene: one board, one client, one moment. What is drawn of it is the same on every machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import (
    AttemptInfo,
    ConflictInfo,
    DeviceConfig,
    ExplanationInfo,
    HeldInfo,
    IdentityInfo,
    IgnoreRules,
    NewTicket,
    NodeInfo,
    PeerInfo,
    PeerVaultInfo,
    Places,
    Status,
    TicketInfo,
    TransferInfo,
    Trouble,
    VaultInfo,
    VaultOptions,
    VersionInfo,
)
from vaultsync.daemon.descriptor import Descriptor
from vaultsync.model.filters import CATEGORY_WORDS, Category
from vaultsync.tui.activity import ActivityLog, Entry
from vaultsync.tui.app import Dashboard
from vaultsync.tui.state import Board, Contact, Progress, Rate
from vaultsync.tui.tone import Tone

NOW_MS = 1_795_200_000_000
"""2026-11-20 18:40 UTC."""
NOTES, TEAM = "n" * 26, "t" * 26
PHONE, DESKTOP, TABLET = "phone2abcd" + "p" * 42, "desk7fghij" + "d" * 42, "tablet9klm" + "t" * 42
TICKET = "vault1" + "abcdefghijklmnopqrstuvwxyz234567" * 6

A_VAULT = VaultInfo(
    id=NOTES,
    name="Notes",
    root="/home/ada/Notes",
    role="member",
    state="ready",
    reason="",
    watching="",
    files=1_204,
    folders=88,
    bytes=34_000_000,
    deleted=12,
    blocked=0,
    unselected=0,
    digest="3f2a91bc00ff" + "0" * 52,
    sequence=1_310,
    pending=0,
    wanted_bytes=0,
    trouble_count=0,
    troubles=(),
)
A_PEER = PeerInfo(
    id=PHONE,
    name="Phone",
    hostname="pixel",
    state="connected",
    reason="",
    wanted=True,
    address="192.168.1.23:40211",
    latency_ms=3.2,
    added=NOW_MS - 86_400_000 * 40,
    last_seen=NOW_MS - 1_000,
    last_sync=NOW_MS - 2_000,
    addresses=("192.168.1.23:40211",),
    vaults=(PeerVaultInfo(NOTES, "Notes", "member", in_sync=True, proven=NOW_MS - 2_000, unsent=0),),
)
TEAM_VAULT = replace(
    A_VAULT,
    id=TEAM,
    name="Team",
    root="/home/ada/Team",
    files=310,
    bytes=2_400_000_000,
    pending=40,
    wanted_bytes=90_000_000,
    trouble_count=1,
    troubles=(Trouble("Minutes/Q3: plan.md", "this platform cannot hold a name with a colon"),),
)
THE_STATUS = Status(
    NodeInfo("laptop4xyz" + "l" * 42, "laptop", "0.1.0", 4_242, NOW_MS - 7_200_000, ("192.168.1.10:40100",)),
    (A_VAULT, TEAM_VAULT),
    (
        A_PEER,
        replace(
            A_PEER,
            id=DESKTOP,
            name="Desktop",
            state="syncing",
            address="203.0.113.9:40100",
            latency_ms=41.0,
            vaults=(PeerVaultInfo(TEAM, "Team", "member", in_sync=False, proven=None, unsent=3),),
        ),
        replace(
            A_PEER,
            id=TABLET,
            name="Tablet",
            state="disconnected",
            reason="It does not answer at 192.168.1.77:40100.",
            address="",
            latency_ms=None,
            last_seen=NOW_MS - 86_400_000,
            last_sync=NOW_MS - 86_400_000,
            vaults=(PeerVaultInfo(NOTES, "Notes", "observer", in_sync=False, proven=None, unsent=0),),
        ),
    ),
)


def _version(action: str, age_s: int, content: str, device: str = "laptop") -> VersionInfo:
    at = NOW_MS - age_s * 1000
    return VersionInfo("Plan.md", content * 64, 120, at, at, PHONE, device, action, "", restorable=True)


VERSIONS = [
    _version("merged", 600, "3"),
    _version("edited", 4_000, "2", "Phone"),
    _version("created", 90_000, "1"),
]
CONTENTS = {
    "1" * 64: b"# Plan\n\nbuy paint\n",
    "2" * 64: b"# Plan\n\nbuy paint\ncall Ada\n",
    "3" * 64: b"# Plan\n\nbuy blue paint\ncall Ada\nmend the roof\n",
}
A_COPY = ConflictInfo(
    "copy",
    "Trip (conflict 2026-11-20 1403 Phone).md",
    "Trip.md",
    "Phone",
    NOW_MS - 900_000,
    120,
    None,
    None,
)
A_MERGE = ConflictInfo("merge", "Plan.md", "Plan.md", "Phone", NOW_MS - 600_000, 120, VERSIONS[2], VERSIONS[1])

THE_BOARD = Board(
    contact=Contact.LIVE,
    status=THE_STATUS,
    events_to=40,
    activity=ActivityLog(
        (
            Entry(NOW_MS - 2_000, "✓", "Notes is in sync with Phone", Tone.GOOD),
            Entry(NOW_MS - 2_500, "→", "Journal/2026-11-20.md edited here", stream="notes out"),
            Entry(NOW_MS - 9_000, "←", "Plan.md merged by Phone (edited on both devices: merged)", Tone.BUSY),
            Entry(NOW_MS - 60_000, "○", "Tablet is not connected: It does not answer.", Tone.DIM),
        )
    ),
    progress={TEAM: Progress(310, 40, 90_000_000)},
    rates=tuple(Rate(200.0 * (i % 7), 150_000.0 * (1 + i % 5)) for i in range(60)),
    transfers=(TransferInfo(TEAM, "Talks/keynote.mp4", DESKTOP, 80_000_000, 31_000_000),),
    held={
        NOTES: HeldInfo(
            62, "62 of 180 files (34 %) disappeared from this device's folder, all of “Archive”", ("Archive/1.md",)
        )
    },
    conflicts={NOTES: (A_COPY, A_MERGE)},
)


class SceneClient(RecoveryClient):
    """Answers as the node of the scene would; asks nobody."""

    def __init__(self) -> None:
        super().__init__(Descriptor(4_242, 1, None, NOW_MS, "x" * 40))

    async def make_ticket_for(self, vault: str, **_: object) -> NewTicket:
        return NewTicket(TICKET, vault, "Notes", "/home/ada/Notes", "member", reusable=False, expires=NOW_MS + 581_000)

    async def tickets(self, path: Path | None = None) -> list[TicketInfo]:
        return [
            TicketInfo(7, NOTES, "Notes", "observer", reusable=True, created=NOW_MS, expires=NOW_MS + 3_600_000, uses=1)
        ]

    async def attempts(self, node: str | None = None, limit: int = 100) -> list[AttemptInfo]:
        return [
            AttemptInfo(NOW_MS - 60_000, TABLET, "Tablet", "192.168.1.77:40100", "no answer", "nothing within 5 s"),
            AttemptInfo(NOW_MS - 86_400_000, TABLET, "Tablet", "192.168.1.77:40100", "connected", ""),
        ]

    async def find_notes(self, vault: str, text: str, limit: int = 50) -> list[str]:
        return [path for path in ("Plan.md", "Garden/Plans for spring.md") if text in path.lower()]

    async def history(self, vault: str, path: str, limit: int = 1_000) -> list[VersionInfo]:
        return VERSIONS

    async def content(self, vault: str, path: str, content: str) -> bytes:
        return CONTENTS[content]

    async def deleted(self, vault: str, folder: str = "", limit: int = 1_000) -> list[VersionInfo]:
        return [replace(_version("deleted", 7_200, "1", "Phone"), path="Old/Shopping.md")]

    async def explain(self, vault: str, path: str) -> ExplanationInfo:
        unblock = "Rename it on a device that can hold the name."
        content = "2" * 64 if "conflict" in path else "3" * 64
        return ExplanationInfo(
            path, "file", "blocked here", unblock, "", "", content, 120, NOW_MS, "Phone", (), ("Desktop",), (), (), ()
        )

    async def identity(self) -> IdentityInfo:
        return IdentityInfo(THE_STATUS.node.id, None)

    async def ignore_rules(self, vault: str) -> IgnoreRules:
        return IgnoreRules("# mine\n*.tmp\nDrafts/\n")

    async def config(self) -> DeviceConfig:
        return DeviceConfig("/home/ada/.config/vaultsync/config.toml", "laptop", "", 0, mdns=True, restart_needed=False)

    async def vault_options(self, vault: str) -> VaultOptions:
        known = tuple(category.value for category in Category)
        called = tuple(CATEGORY_WORDS[category] for category in Category)
        return VaultOptions(vault, known[:-1], known, called, "merge", 30, 365, 2 << 30)


class Scene(Dashboard):
    """The dashboard before the scene."""

    def __init__(self, board: Board = THE_BOARD) -> None:
        super().__init__(Places(Path("/none"), Path("/none")))
        self._scene_board = board

    def now_ms(self) -> int:
        return NOW_MS

    def _follow(self) -> None:  # type: ignore[override]
        if self._scene_board.contact is Contact.LIVE:
            self.client = SceneClient()
        self.board = self._scene_board


@asynccontextmanager
async def scene(size: tuple[int, int], board: Board = THE_BOARD) -> AsyncIterator[tuple[Scene, Pilot[None]]]:
    """The dashboard before the scene, drawn."""
    app = Scene(board)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        yield app, pilot


WAITING = ("feed", "leave", "let in", "agree to join")
"""Workers that wait for the node or for a person."""


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every request has been answered and drawn."""
    await pilot.pause()
    working = [worker for worker in pilot.app.workers if not worker.is_finished and worker.name not in WAITING]
    if working:
        await pilot.app.workers.wait_for_complete(working)
    await pilot.pause()
    for field in (*pilot.app.screen.query(TextArea), *pilot.app.screen.query(Input)):
        field.cursor_blink = False
    await pilot.pause()
