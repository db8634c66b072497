"""`vaultsync status`: how everything is, and whether it is proven."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.client import words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.status import Status, VaultInfo

SHOWN_TROUBLES = 5


def status(as_json: Json = False) -> None:
    """Show the vaults, the other devices, and whether all are in sync."""
    from vaultsync.client.wire import ask_status

    found = ask_status()
    if as_json:
        print_json(found)
    else:
        show(found, console(), time.time_ns() // 1_000_000)


def show(found: Status, out: Console, now_ms: int) -> None:
    """Print a status for people."""
    from rich.text import Text

    from vaultsync.daemon.status import MDNS_OFF

    node = found.node
    running = words.duration(max(0, now_ms - node.started) / 1000)  # the clock may have been put back
    about = f"  {node.id[:10]}  vaultsync {node.version}, process {node.pid}, running for {running}"
    out.print(Text.assemble((node.name, "bold"), about), soft_wrap=True)
    if node.database_problem and not any(node.database_problem in vault.notices for vault in found.vaults):
        say(out, Text(f"! {node.database_problem}", style="red"))
    if node.mdns_problem and node.mdns_problem != MDNS_OFF:
        say(out, Text(f"! {node.mdns_problem} Known addresses are dialed all the same.", style="yellow"))
    if not found.vaults:
        out.print("\nNo vault yet. Add your notes with `vaultsync run FOLDER`.")
    for vault in found.vaults:
        out.print()
        _show_vault(vault, found, out, now_ms)


def _show_vault(vault: VaultInfo, found: Status, out: Console, now_ms: int) -> None:
    from rich.table import Table
    from rich.text import Text

    state = words.vault_state(vault, found.peers)
    style = "green" if state.startswith("in sync with") else "red" if vault.state in ("offline", "failed") else "yellow"
    out.print(Text.assemble((vault.name, "bold"), "  ", vault.root), soft_wrap=True)
    out.print(Text.assemble("  ", (state, style)), soft_wrap=True)
    if vault.digest:
        out.print(f"  {words.holdings(vault)}; digest {words.short_digest(vault.digest)}")
    if removal := words.removal(vault):
        say(out, Text(f"  ! {removal}", style="red"))
        folder = shell_quoted(vault.root)
        say(out, f"    To share it again, with a new ticket: vaultsync join TICKET {folder}")
        say(out, f"    To take note of it: vaultsync leave {folder}")
    if vault.watching:
        out.print(Text(f"  Changes may be seen late: {vault.watching}"), soft_wrap=True)
    for trouble in vault.troubles[:SHOWN_TROUBLES]:
        out.print(Text.assemble("  ! ", (trouble.path, "bold"), f": {trouble.reason}"), soft_wrap=True)
    if vault.trouble_count > SHOWN_TROUBLES:
        out.print(f"  ! and {words.count(vault.trouble_count - SHOWN_TROUBLES, 'more path')} (`--json` lists them)")
    if vault.held:
        out.print(Text(f"  ! {vault.held_cause}.", style="red"), soft_wrap=True)
        out.print("    Held back until you say: vaultsync approve, or vaultsync undo --deletions", soft_wrap=True)
    if vault.withheld_count:
        kept = words.count(vault.withheld_count, "note")
        out.print(
            Text(f"  ! This device only receives: {kept} changed here, kept here", style="yellow"), soft_wrap=True
        )
        for path in vault.withheld[:SHOWN_TROUBLES]:
            out.print(Text(f"      {path}"), soft_wrap=True)
        if vault.withheld_count > SHOWN_TROUBLES:
            out.print(f"      and {vault.withheld_count - SHOWN_TROUBLES:,} more (`--json` lists them)")
    for each in vault.refused:
        text = f"  ! {words.count(each.count, 'change')} of {each.peer_name} not taken: it only receives"
        out.print(Text(f"{text} ({', '.join(each.paths)})", style="yellow"), soft_wrap=True)
    for notice in vault.notices:
        say(out, Text(f"  ! {notice}", style="yellow"))
    others = words.shared_with(vault, found.peers)
    if others:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
        table.add_column(no_wrap=True, max_width=24, overflow="ellipsis")
        table.add_column(no_wrap=True)
        table.add_column()
        for peer, shared in others:
            delay = words.latency(peer.latency_ms)
            connected = peer.state in ("connected", "syncing")
            state = words.shared_state(peer, shared, now_ms) if connected else words.peer_state(peer)
            if not connected and peer.last_seen is not None:
                state += f" (last seen {words.ago(peer.last_seen, now_ms)})"
            role = f" ({shared.role})" if shared.role != "member" else ""
            table.add_row(Text(f"  {peer.name}{role}"), delay, Text(state))
        out.print(table)
    elif vault.role != "solo" and vault.state not in ("offline", "failed"):
        out.print(Text(f"  To add a device: vaultsync ticket {shell_quoted(vault.root)}"), soft_wrap=True)


def shell_quoted(path: str) -> str:
    """A path as it must be typed."""
    import shlex

    return shlex.quote(path)
