"""What requests carry. What answers carry is in `daemon.status`, `daemon.answers` and `daemon.recovery`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vaultsync.protocol.limits import MAX_NAME

MAX_PATH = 4_096
MAX_IGNORE_FILE = 48 << 10
"""Characters; of ASCII they fit into one request."""
MAX_SESSION_HOURS = 7 * 24
MAX_TICKET_MINUTES = 30 * 24 * 60


class Request(BaseModel):
    """Exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


Folder = Annotated[str, Field(min_length=1, max_length=MAX_PATH)]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class AddVault(Request):
    """Serve a folder."""

    path: Folder
    """Absolute path of the folder; it is made a vault if it is none yet."""
    name: Name | None = None
    """What the vault is called, if it is new; otherwise the folder's name."""


class MakeTicket(Request):
    """Make a ticket for a vault, which is named by its id or by its folder."""

    vault: str | None = None
    path: Folder | None = None
    minutes: Annotated[float, Field(gt=0, le=MAX_TICKET_MINUTES)] = 10
    """How long it can be used."""
    role: Literal["member", "observer"] = "member"
    """What whoever uses it becomes."""
    reusable: bool = False
    """Whether more than one device may use it."""

    @model_validator(mode="after")
    def _one_vault(self) -> MakeTicket:
        if (self.vault is None) == (self.path is None):
            raise ValueError("name the vault either by `vault` or by `path`")
        return self


class UseTicket(Request):
    """Join a vault."""

    ticket: Annotated[str, Field(min_length=1, max_length=16 << 10)]
    """The ticket, with whatever was pasted around it."""
    path: Folder
    """Absolute path of the folder that is to hold the vault."""


class CheckTicket(Request):
    """Look at a ticket before it is used."""

    ticket: Annotated[str, Field(min_length=1, max_length=16 << 10)]
    """The ticket, with whatever was pasted around it."""
    path: Folder | None = None
    """Absolute path of the folder that it may be used in."""


class ChangeRole(Request):
    """Change what a device may do."""

    role: Literal["member", "observer"]
    vault: str | None = None
    """In this vault; null: in all that are shared with it."""


class AnswerRequest(Request):
    """Let a device that asked in, or deny it."""

    vault: str
    peer: str
    role: Literal["member", "observer"] | None
    """What it comes in as; null: it does not."""


class ChangeIgnoreRules(Request):
    """Change what no device syncs."""

    text: Annotated[str, Field(max_length=MAX_IGNORE_FILE)]
    """gitignore patterns, one per line."""


class BeginSession(Request):
    """Let a program use the API for a while."""

    client: Annotated[str, Field(min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
    """What the program is called, without control characters."""
    hours: Annotated[float, Field(gt=0.001, le=MAX_SESSION_HOURS)] = 12
    """How long its token is good for, and again after each renewal."""


class ChangePeer(Request):
    """Change what this device keeps about another one; what is left out stays."""

    name: Name | None = None
    auto_connect: bool | None = None
    """Whether a connection to it is kept up."""
