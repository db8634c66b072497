"""`vaultsync sessions`: tokens for programs on this computer, such as an editor's plugin."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from vaultsync.cli.numbers import number, whole
from vaultsync.cli.output import Json, console, print_json, say
from vaultsync.cli.waiting import wait_for
from vaultsync.client import times, words

if TYPE_CHECKING:
    from rich.console import Console

    from vaultsync.daemon.answers import NewSession, SessionInfo

app = typer.Typer(help="List the programs that may use the local API; let one in, or shut it out.")


@app.callback(invoke_without_command=True)
def sessions(context: typer.Context, as_json: Json = False) -> None:
    """List the programs that may use the local API; let one in, or shut it out."""
    if context.invoked_subcommand is not None:
        return
    found = wait_for(_list())
    if as_json:
        print_json(found)
    else:
        show(found, console(), time.time_ns() // 1_000_000)


@app.command()
def new(
    client: Annotated[str, typer.Argument(metavar="NAME", help="What the program is called.")],
    hours: Annotated[
        float, typer.Option(metavar="N", parser=number(0.01, 168), help="How long its token is good for.")
    ] = 12,
    as_json: Json = False,
) -> None:
    """Make a token for a program, and print it: this one time. The program can renew it before its time is over."""
    made = wait_for(_begin(client, hours))
    if as_json:
        from dataclasses import asdict

        print_json(asdict(made))
        return
    print(made.token)
    until = times.moment(made.expires)
    say(console(errors=True), f"{made.client} can use it until {until}. `vaultsync sessions revoke {made.id}` ends it.")


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(metavar="ID", parser=whole(0), help="As `vaultsync sessions` lists it.")],
    as_json: Json = False,
) -> None:
    """Make a program's token useless."""
    wait_for(_revoke(number))
    if as_json:
        print_json({"revoked": number})
    else:
        say(console(), "That token opens nothing any more.")


def show(found: list[SessionInfo], out: Console, now_ms: int) -> None:
    """Print the sessions for people."""
    if not found:
        out.print("No program has a token now. `vaultsync sessions new NAME` makes one.")
    for each in found:
        left = words.duration((each.expires - now_ms) / 1000)
        out.print(f"{each.id:>4}  {each.client}  ({left} left)", soft_wrap=True)


async def _list() -> list[SessionInfo]:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.sessions()


async def _begin(name: str, hours: float) -> NewSession:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        return await client.begin_session(name, hours)


async def _revoke(number: int) -> None:
    from vaultsync.client.client import NodeClient

    async with NodeClient.find() as client:
        await client.revoke_session(number)
