"""The command `vaultsync`: one verb per file, and what all of them have in common.

Verbs import what they need when they are called: `vaultsync --help` and `vaultsync status` stay quick.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from vaultsync import __version__
from vaultsync.cli import (
    adopt,
    approve,
    config,
    conflicts,
    dashboard,
    deleted,
    demo,
    diff,
    doctor,
    explain,
    forget,
    history,
    identity,
    join,
    leave,
    log,
    peers,
    requests,
    resolve,
    restore,
    run,
    select,
    sessions,
    show,
    status,
    stop,
    sync_now,
    ticket,
    undo,
)
from vaultsync.cli.encoding import insist_on_utf8
from vaultsync.cli.output import ExitCode, exit_code, print_error
from vaultsync.errors import VaultsyncError

DEBUG_VARIABLE = "VAULTSYNC_DEBUG"
"""If set, an unexpected error ends in its traceback."""

app = typer.Typer(
    name="vaultsync",
    help="Keep a folder of notes identical on all your devices: no server, no account, no lost word.",
    epilog="Try `vaultsync demo` first. On your own notes: `vaultsync run FOLDER`, then `vaultsync ticket FOLDER`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(dashboard.dashboard)
app.command()(run.run)
app.command()(ticket.ticket)
app.command()(join.join)
app.command()(status.status)
app.add_typer(peers.app, name="peers")
app.add_typer(requests.app, name="requests")
app.command()(adopt.adopt)
app.command()(leave.leave)
app.command()(forget.forget)
app.command()(sync_now.sync_now)
app.command()(stop.stop)
app.command()(doctor.doctor)
app.add_typer(config.app, name="config")
app.add_typer(sessions.app, name="sessions")
app.add_typer(identity.app, name="identity")
app.command()(demo.demo)
for verb in (
    history.history,
    show.show,
    diff.diff,
    restore.restore,
    deleted.deleted,
    conflicts.conflicts,
    resolve.resolve,
    undo.undo,
    approve.approve,
    select.select,
    explain.explain,
    log.log,
):
    app.command(rich_help_panel="Notes: what they were, what happened to them")(verb)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"vaultsync {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point: never ends in a traceback."""
    insist_on_utf8()
    as_json = "--json" in sys.argv[1:]
    try:
        verbs = [
            command.name or command.callback.__name__.replace("_", "-")
            for command in app.registered_commands
            if command.callback
        ]
        verbs += [group.name for group in app.registered_groups if group.name]
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        app(args=dashboard.with_dashboard(sys.argv[1:], verbs, terminal=terminal), prog_name="vaultsync")
    except VaultsyncError as error:
        print_error(error, as_json=as_json)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:
        # The last resort: everything that was expected has been dealt with.
        if os.environ.get(DEBUG_VARIABLE):
            raise
        unexpected = VaultsyncError(
            f"{type(error).__name__}: {error}",
            hint=f"That is a defect of vaultsync. Set {DEBUG_VARIABLE}=1 and do it again to see more, and report it.",
        )
        print_error(unexpected, as_json=as_json)
        sys.exit(ExitCode.ERROR)
