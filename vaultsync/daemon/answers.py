"""What a node answers besides its status. The same rules hold as in `status`: times are Unix ms, ids in text form."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TicketInfo:
    """A ticket that was given out and can still be used. The ticket itself is kept nowhere."""

    id: int
    vault: str
    vault_name: str
    role: str
    reusable: bool
    created: int
    expires: int
    uses: int


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that has just been made: the only time that it is told."""

    ticket: str
    vault: str
    vault_name: str
    root: str
    role: str
    reusable: bool
    expires: int
    id: int = 0
    """Under which it can be revoked."""


@dataclass(frozen=True, slots=True)
class JoinInfo:
    """What came of using a ticket."""

    vault: str
    vault_name: str
    root: str
    role: str
    peer: str
    peer_name: str
    words: tuple[str, ...]
    """Six words that the other screen shows too."""


@dataclass(frozen=True, slots=True)
class JoinPreview:
    """A ticket that can be used, and the folder that it would be used in."""

    vault: str
    vault_name: str
    device: str
    """Node id of whoever made it."""
    device_name: str
    role: str
    """What this device becomes: member or observer."""
    reusable: bool
    expires: int
    """Unix ms."""
    addresses: tuple[str, ...]
    served_at: str
    """Where this device has the vault already; empty if it does not."""
    root: str
    """The folder that was asked about; empty if none was."""
    exists: bool
    """Whether that folder is there."""
    files: int
    """Visible files in it now, at most 100,000; the vault's are joined with them."""


@dataclass(frozen=True, slots=True)
class OpenJoinInfo:
    """A ticket that has been used, and what would come together. Nothing is written before it is accepted."""

    id: str
    """Names it until it is accepted or left, for 10 minutes at most."""
    vault_name: str
    peer_name: str
    root: str
    words: tuple[str, ...]
    """Six words that the other screen shows too."""
    same: int
    """Files that are alike on both sides."""
    only_here: int
    only_there: int
    differ: int
    only_here_paths: tuple[str, ...]
    """The first of them, at most 100; so with the others."""
    only_there_paths: tuple[str, ...]
    differ_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """A device that asks to be let in. What it says of itself is not proven; its id is."""

    vault: str
    vault_name: str
    peer: str
    name: str
    hostname: str
    address: str
    asked: int


@dataclass(frozen=True, slots=True)
class VaultOptions:
    """One vault's settings on one device."""

    vault: str
    categories: tuple[str, ...]
    """Kinds of files that this device syncs."""
    known_categories: tuple[str, ...]
    category_words: tuple[str, ...]
    """What the known ones are called, in the plural."""
    clashes: str
    """`merge`: notes edited on two devices at once are merged; `copy`: the second one is kept beside the first."""
    keep_all_days: int
    daily_days: int
    max_bytes: int
    mesh: bool = True
    """Whether this device tells members of one another, and takes up those that others vouch for."""
    strangers: str = "reject"
    """What becomes of a device that asks to join without a good ticket: `reject`, or `ask` a person."""
    sync: bool = True
    """Whether this device exchanges anything of the vault with others."""


@dataclass(frozen=True, slots=True)
class DeviceConfig:
    """The settings in a device's file."""

    path: str
    name: str
    listen_host: str
    """Empty: all addresses."""
    listen_port: int
    """UDP; 0: the one used last, or any free one."""
    mdns: bool
    restart_needed: bool
    """Whether the node runs with other settings than these."""
    upload_limit_kb_s: int = 0
    """What is sent to all devices together, in kB (1,000 bytes) per second; 0: as fast as it goes."""
    download_limit_kb_s: int = 0


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """A vault's ignore file, which all its devices share."""

    text: str
    problem: str = ""
    """Why it is not gone by, in words; then the rules of before hold."""


@dataclass(frozen=True, slots=True)
class IdentityInfo:
    """This device's key, known by its public half."""

    id: str
    next: str | None
    """The id that takes over at the next start, if the key is being changed."""


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A program on this computer that may use the API for a while."""

    id: int
    client: str
    """What it is called."""
    created: int
    expires: int


@dataclass(frozen=True, slots=True)
class NewSession:
    """The same with its token, which is told this one time and kept nowhere."""

    id: int
    client: str
    created: int
    expires: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AttemptInfo:
    """One dial."""

    at: int
    peer: str
    peer_name: str
    address: str
    outcome: str
    """`connected`, `refused`, `wrong peer` or `no answer`."""
    reason: str
