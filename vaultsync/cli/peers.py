"""`vaultsync peers`: the devices that this one is paired with, and what a person does about them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vaultsync.cli.asking import Yes, confirm
from vaultsync.cli.numbers import whole
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.waiting import wait_for
from vaultsync.cli.which import PeerArgument, choose
from vaultsync.client import times, words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.client.client import NodeClient
    from vaultsync.daemon.answers import AttemptInfo
    from vaultsync.daemon.status import PeerInfo

app = typer.Typer(help="List the devices that this one is paired with; rename, connect, remove them.")

Act = Callable[["NodeClient", "PeerInfo"], Awaitable[None]]


@app.callback(invoke_without_command=True)
def peers(context: typer.Context, as_json: Json = False) -> None:
    """List the devices that this one is paired with; rename, connect, remove them."""
    if context.invoked_subcommand is not None:
        return
    found = wait_for(_ask())
    if as_json:
        print_json(found)
    else:
        show(found, console(), time.time_ns() // 1_000_000)


@app.command()
def attempts(
    peer: Annotated[str | None, typer.Argument(metavar="PEER", help="Only this device's.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(metavar="N", parser=whole(1, 1_000), help="At most so many.")] = 30,
    as_json: Json = False,
) -> None:
    """List the latest dials: when, to which address, how it went, and why not."""
    found = wait_for(_attempts(peer, limit))
    if as_json:
        print_json(found)
    else:
        show_attempts(found, console())


@app.command()
def rename(
    peer: PeerArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    as_json: Json = False,
) -> None:
    """Call a device something else, on this device."""
    if not name.strip():
        raise typer.BadParameter("A device needs a name.", param_hint="NAME")
    found = _do(peer, lambda client, found: client.update_peer(found.id, name=name.strip()))
    _say(found, {"name": name.strip()}, f"{found.name} is called {name.strip()} here now.", as_json=as_json)


@app.command()
def role(
    peer: PeerArgument,
    to: Annotated[
        Literal["member", "observer"],
        typer.Argument(metavar="member|observer", help="A member reads and writes; an observer reads."),
    ],
    as_json: Json = False,
) -> None:
    """Change what a device may do, for everyone, in all vaults that are shared with it."""
    found = _do(peer, lambda client, found: client.set_role(found.id, to))
    if to == "member":
        text = f"{found.name} is a member now: it reads and writes. What it kept to itself comes now."
    else:
        text = f"{found.name} is an observer now: it receives. What is changed on it stays on it."
    _say(found, {"role": to}, text, as_json=as_json)


@app.command()
def connect(peer: PeerArgument, as_json: Json = False) -> None:
    """Dial a device now, and keep the connection."""
    found = _do(peer, lambda client, found: client.connect_to_peer(found.id))
    text = f"Dialing {found.name}. `vaultsync peers attempts` shows how it goes."
    _say(found, {"wanted": True}, text, as_json=as_json)


@app.command()
def disconnect(peer: PeerArgument, as_json: Json = False) -> None:
    """Close the connection to a device, and have none with it until you ask, or vaultsync starts anew."""
    found = _do(peer, lambda client, found: client.disconnect_peer(found.id))
    words = f"{found.name} is disconnected until you connect it, or vaultsync starts anew here."
    _say(found, {"wanted": False}, words, as_json=as_json)


@app.command()
def remove(peer: PeerArgument, yes: Yes = False, as_json: Json = False) -> None:
    """Remove a device from every vault that is shared with it, for all its members."""
    found = wait_for(_find(peer))
    vaults = ", ".join(vault.name for vault in found.vaults) or "every vault"
    confirm(f"Remove {found.name} ({found.id[:10]}) from {vaults}, for every device?", yes=yes)
    _do(found.id, lambda client, found: client.remove_peer(found.id))
    text = f"{found.name} is removed. Its notes stay on it; it gets no new ones, and a new ticket lets it in again."
    _say(found, {"removed": True}, text, as_json=as_json)


def show(found: list[PeerInfo], out: Console, now_ms: int) -> None:
    """Print the peers for people."""
    from rich.text import Text

    if not found:
        out.print("No other device yet. `vaultsync ticket FOLDER` makes a ticket for one.")
    for peer in found:
        names = ", ".join(vault.name + (" (observer)" if vault.role == "observer" else "") for vault in peer.vaults)
        host = f" ({peer.hostname})" if peer.hostname and peer.hostname != peer.name else ""
        out.print(Text.assemble((peer.name, "bold"), f"{host}  {peer.id[:10]}"), soft_wrap=True)
        details = [words.peer_state(peer)]
        if peer.address:
            details.append(f"at {peer.address}, {words.latency(peer.latency_ms)}")
        out.print(Text("  " + " ".join(details)), soft_wrap=True)
        out.print(Text(f"  vaults: {names}; last sync: {words.ago(peer.last_sync, now_ms)}"), soft_wrap=True)


def show_attempts(found: list[AttemptInfo], out: Console) -> None:
    """Print dials for people, newest first."""
    from rich.table import Table
    from rich.text import Text

    if not found:
        out.print("No device was dialed yet.")
        return
    rows = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in ("when", "device", "address", "how it went"):
        rows.add_column(name, no_wrap=name == "when")
    for each in found:
        ended = Text(each.outcome, style="green" if each.outcome == "connected" else "yellow")
        if each.reason:
            ended.append(f": {each.reason}", style="")
        rows.add_row(times.moment(each.at), Text(each.peer_name or each.peer[:10]), Text(each.address), ended)
    out.print(rows)


def _say(peer: PeerInfo, done: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"peer": peer.id, **done})
    else:
        say(console(), text)


def _do(text: str, act: Act) -> PeerInfo:
    """Let the node do something about the device that `text` names; the device as it was before."""

    async def find_and_do() -> PeerInfo:
        from vaultsync.client.client import NodeClient

        async with NodeClient.find() as client:
            found = _named(text, await client.peers())
            await act(client, found)
            return found

    return wait_for(find_and_do())


async def _find(text: str) -> PeerInfo:
    return _named(text, await _ask())


def _named(text: str, known: list[PeerInfo]) -> PeerInfo:
    return choose(text, known, lambda peer: peer.name, lambda peer: peer.id, "vaultsync peers")


async def _ask() -> list[PeerInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.peers()


async def _attempts(text: str | None, limit: int) -> list[AttemptInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        which = None if text is None else _named(text, await client.peers()).id
        return await client.attempts(which, limit)
