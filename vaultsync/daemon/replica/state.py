"""What the parts of a replica share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from vaultsync.daemon.events import Event, TroubleChanged
from vaultsync.daemon.replica.arrival import Content
from vaultsync.daemon.replica.transfers import Transfer
from vaultsync.errors import ProtocolError
from vaultsync.model.changes import Author
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.manifests import Manifest
from vaultsync.model.records import Entry, Kind, Signature, State
from vaultsync.model.versions import Version
from vaultsync.protocol.messages import Ack, Digest, Resync, Want
from vaultsync.store.history import Action
from vaultsync.store.vault_store import VaultStore
from vaultsync.sync.offers import Offers
from vaultsync.sync.session import Position, Session
from vaultsync.sync.wants import WantQueue
from vaultsync.vault.applier import Applier
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.longread import LongRead
from vaultsync.vault.scanner import Scanner
from vaultsync.vault.selection import Selection
from vaultsync.vault.staging import Staged

HELD_CONTENT: Final = 8 << 20
"""Contents, in bytes, that came but could not be used at once; kept so that they need not be asked for again."""

MAX_ECHOES: Final = 5_000

ControlMessage = Ack | Digest | Resync | Want


@dataclass(slots=True)
class Effects:
    """What a step of the replica asks its owner to do."""

    control: list[tuple[NodeId, ControlMessage]] = field(default_factory=list)
    """Messages for control streams, in order."""
    events: list[Event] = field(default_factory=list)
    changes_for: set[NodeId] = field(default_factory=set)
    """Peers for whom there are change sets to pull."""
    contents_for: set[NodeId] = field(default_factory=set)
    """Peers for whom there are contents to pull."""
    broken: dict[NodeId, ProtocolError] = field(default_factory=dict)
    """Peers that turned out to have broken the rules, not with the message that came last, and how."""
    at_rest: dict[NodeId, bool] = field(default_factory=dict)
    """Of each peer that is talked to, whether nothing is left to exchange with it."""


@dataclass(slots=True)
class ReplicaState:
    """The folder, the index and the open business of one vault."""

    vault: VaultId
    author: Author
    folder: VaultFolder
    fs: FileSystem
    store: VaultStore
    scanner: Scanner
    applier: Applier
    selection: Selection
    merges: bool = True
    """Whether concurrent text is merged, or kept as conflict copies (the vault's setting)."""
    offers: Offers = field(default_factory=Offers)
    wants: WantQueue = field(default_factory=WantQueue)
    sessions: dict[bytes, Session] = field(default_factory=dict)
    """By node id, 32 bytes; of connected peers only."""
    dirty: set[str] = field(default_factory=set)
    """Paths whose disk was not what the index says; the owner looks at them next."""
    awaiting_look: set[str] = field(default_factory=set)
    """Of what was dirty and somebody has taken to look at: that for which something is offered."""
    unread: dict[str, None] = field(default_factory=dict)
    """Large files that have to be read before anything can be said of them, in the order of their turns."""
    cutting: dict[bytes, LongRead] = field(default_factory=dict)
    """Of large files here that were asked about, by hash, those that are being read."""
    again: dict[str, int] = field(default_factory=dict)
    """Paths to look at later, and when (Unix ms)."""
    attempts: dict[str, int] = field(default_factory=dict)
    """How often in a row the disk at a path was not as expected."""
    deletions: list[tuple[int, list[Entry]]] = field(default_factory=list)
    """When (Unix ms) and what vanished lately, as it was."""
    echoes: dict[str, Signature] = field(default_factory=dict)
    """What this device itself put at paths lately: the watcher will tell of it. At most `MAX_ECHOES`."""
    labels: dict[str, tuple[Action, str]] = field(default_factory=dict)
    """What to call the next change of a path in history, where this device makes it by itself (a restore)."""
    followed: dict[str, tuple[Version, Version, bytes]] = field(default_factory=dict)
    """Of paths whose edit is on its way to where the file was moved: the edit's version, and the version and the hash
    that it makes there."""
    troubles: dict[str, str] = field(default_factory=dict)
    """Paths that can't be synced now, and why, in words."""
    contents: dict[bytes, Content] = field(default_factory=dict)
    """Contents that came and are not used yet; at most `HELD_CONTENT`."""
    weighed: int = 0
    """Up to which sequence changes have been looked at for names that they set free; 0: nothing has."""
    lacked: dict[bytes, int] = field(default_factory=dict)
    """Contents that every peer that is connected has said to lack, and since when (Unix ms)."""
    staged: dict[bytes, Staged] = field(default_factory=dict)
    """Large contents that are complete on disk and wait to be put in their places."""
    transfers: dict[bytes, Transfer] = field(default_factory=dict)
    """Large files on their way here, by hash."""
    assembling: dict[bytes, None] = field(default_factory=dict)
    """Those of them, by hash, for which there is something to copy or to check here, in the order of their turns."""
    parts_left: bool = True
    """Whether partial files may lie on disk that no transfer writes to."""
    manifests: dict[bytes, Manifest] = field(default_factory=dict)
    """Of large files here that were asked about or came lately."""
    effects: Effects = field(default_factory=Effects)

    def __post_init__(self) -> None:
        self.scanner.remembered = self.manifests

    @property
    def vault_text(self) -> str:
        return str(self.vault)

    @property
    def position(self) -> Position:
        return Position(self.store.index.sequence, self.store.index.digest)

    def counter(self, now_ms: int) -> int:
        """What the edits that this device makes now, and commits together, are to count."""
        return self.store.index.knowledge.next_counter(self.author.node, now_ms)

    def set_selection(self, selection: Selection) -> None:
        """Sync what `selection` takes in from now on."""
        self.selection = self.scanner.selection = selection

    def emit(self, event: Event) -> None:
        self.effects.events.append(event)

    def take_effects(self) -> Effects:
        """What has piled up since the last call."""
        effects, self.effects = self.effects, Effects()
        return effects

    def set_trouble(self, path: str, reason: str) -> None:
        """Note why `path` can't be synced; an empty reason ends the trouble."""
        if self.troubles.get(path, "") == reason:
            return
        if reason:
            self.troubles[path] = reason
        else:
            del self.troubles[path]
        self.emit(TroubleChanged(self.vault_text, path, reason))

    def look_later(self, path: str, at_ms: int) -> None:
        """Look at `path` at `at_ms`, unless it is to be looked at earlier: whatever is waited for first may be what
        changes it."""
        self.again[path] = min(at_ms, self.again.get(path, at_ms))

    def expect_echo(self, path: str, signature: Signature) -> None:
        """The watcher will tell that something happened at `path`: that is our own doing."""
        if len(self.echoes) >= MAX_ECHOES:
            self.echoes.clear()
        self.echoes[path] = signature

    def trim_contents(self) -> None:
        """Let go of contents that came and could not be used, beyond the bound; they are asked for again."""
        held = sum(len(content.data) for content in self.contents.values())
        while held > HELD_CONTENT:
            held -= len(self.contents.pop(next(iter(self.contents))).data)


def on_disk(entry: Entry | None) -> bool:
    """Whether the disk holds a file for this entry."""
    return (
        entry is not None
        and entry.state is State.PRESENT
        and not entry.record.deleted
        and entry.record.kind is Kind.FILE
    )
