"""`vaultsync requests`: devices that ask to be let in, for a person to allow or deny."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.place import In, Place, asking, find_place
from vaultsync.cli.waiting import wait_for
from vaultsync.cli.which import choose
from vaultsync.client import words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.answers import RequestInfo

app = typer.Typer(help="List the devices that ask to be let in; allow or deny them.")

IdArgument = Annotated[str, typer.Argument(metavar="ID", help="The device's id (6 characters do), or its name.")]


@app.callback(invoke_without_command=True)
def requests(context: typer.Context, as_json: Json = False) -> None:
    """List the devices that ask to be let in; allow or deny them."""
    if context.invoked_subcommand is not None:
        return
    found = wait_for(_ask())
    if as_json:
        print_json(found)
    else:
        show(found, console(), time.time_ns() // 1_000_000)


@app.command()
def allow(
    device: IdArgument,
    observer: Annotated[bool, typer.Option("--observer", help="It only receives.")] = False,
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Let a device in. It comes in when the same `vaultsync join` is run there again, within a day."""
    role: Literal["member", "observer"] = "observer" if observer else "member"
    found = wait_for(_answer(device, _vault(folder), role))
    if as_json:
        print_json({"peer": found.peer, "vault": found.vault, "role": role})
    else:
        text = f"{found.name} may join “{found.vault_name}” as {'an observer' if observer else 'a member'}."
        say(console(), f"{text} Run the same `vaultsync join` there again, within a day.")


@app.command()
def deny(device: IdArgument, folder: In = None, as_json: Json = False) -> None:
    """Keep a device out. It is not told why, and does not ask again for a day."""
    found = wait_for(_answer(device, _vault(folder), None))
    if as_json:
        print_json({"peer": found.peer, "vault": found.vault, "role": None})
    else:
        say(console(), f"{found.name} is kept out of “{found.vault_name}”.")


@app.command()
def policy(
    to: Annotated[
        str, typer.Argument(metavar="ask|reject", help="Ask you, or refuse them unseen.", show_default=False)
    ] = "",
    folder: In = None,
    as_json: Json = False,
) -> None:
    """Say what becomes of devices that come to a vault without a good ticket: by default they are refused."""
    if to not in ("", "ask", "reject"):
        raise typer.BadParameter("Say `ask` or `reject`.", param_hint="ask|reject")
    now = wait_for(_policy(find_place(folder), to))
    if as_json:
        print_json({"strangers": now})
    elif now == "ask":
        say(console(), "A device without a good ticket appears under `vaultsync requests`, for you to decide.")
    else:
        say(console(), "A device without a good ticket is refused.")


def show(found: list[RequestInfo], out: Console, now_ms: int) -> None:
    """Print the requests for people."""
    from rich.text import Text

    if not found:
        out.print("No device asks to be let in.")
        return
    for each in found:
        host = f" ({each.hostname})" if each.hostname and each.hostname != each.name else ""
        out.print(Text.assemble((each.name or "a device", "bold"), f"{host}  {each.peer[:10]}"), soft_wrap=True)
        asked = words.ago(each.asked, now_ms)
        out.print(Text(f"  asks to join “{each.vault_name}”, from {each.address}, {asked}"), soft_wrap=True)
    say(out, "\nA name can be anything: compare the id with what `vaultsync identity show` says there.")
    out.print("    vaultsync requests allow ID      vaultsync requests deny ID")


async def _policy(place: Place, to: str) -> str:
    async with asking(place) as client:
        if to:
            return (await client.change_vault_options(place.vault, {"strangers": to})).strangers
        return (await client.vault_options(place.vault)).strangers


def _vault(folder: In) -> str | None:
    return None if folder is None else find_place(folder).vault


async def _ask() -> list[RequestInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.requests()


async def _answer(device: str, vault: str | None, role: Literal["member", "observer"] | None) -> RequestInfo:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        waiting = [each for each in await client.requests() if vault in (None, each.vault)]
        nodes = {each.peer: each for each in waiting}
        node = choose(device, list(nodes.values()), lambda one: one.name, lambda one: one.peer, "vaultsync requests")
        asked = [each for each in waiting if each.peer == node.peer]
        if len(asked) > 1:
            raise typer.BadParameter("It asks to join more than one vault. Say which.", param_hint="--in FOLDER")
        await client.answer_request(asked[0].vault, asked[0].peer, role)
        return asked[0]
