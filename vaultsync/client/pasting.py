"""Commands to be typed or pasted on another device."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.daemon.answers import NewTicket


def join_command(made: NewTicket, *, shortened: bool = False) -> str:
    """What to type on the other device; `shortened` leaves out the ticket's middle, for showing beside it."""
    ticket = f"{made.ticket[:12]}…{made.ticket[-6:]}" if shortened else made.ticket
    return f"vaultsync join {ticket} ~/{folder_name(made.vault_name)}"


def folder_name(vault_name: str) -> str:
    """A name for a vault's folder that needs no quotes in any shell."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in vault_name).strip("-") or "notes"
