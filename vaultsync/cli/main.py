"""The command `vaultsync`: one verb per file, and what all of them have in common.

Verbs are loaded, and import what they need, when they are called: `vaultsync --help` and `status` stay quick.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Annotated

import typer

from vaultsync import __version__
from vaultsync.cli.encoding import insist_on_utf8
from vaultsync.cli.output import ExitCode, exit_code, print_error
from vaultsync.cli.verbs import AllVerbs, with_dashboard
from vaultsync.errors import DiskFullError, VaultsyncError

DEBUG_VARIABLE = "VAULTSYNC_DEBUG"
"""If set, an unexpected error ends in its traceback."""

app = typer.Typer(
    name="vaultsync",
    cls=AllVerbs,
    help="Keep a folder of notes identical on all your devices: no server, no account, no lost word.",
    epilog="Try `vaultsync demo` first. On your own notes: `vaultsync run FOLDER`, then `vaultsync ticket FOLDER`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich's frames take twice as long as all else that the help needs
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    # A shell may have closed them (`>&-`).
    sys.stdout, sys.stderr = (stream or open(os.devnull, "w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    try:
        _run(as_json="--json" in sys.argv[1:])
    except BrokenPipeError:
        # Whoever read this has read enough. What is left in the buffer must not fail again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.ERROR)


def _run(*, as_json: bool) -> None:
    insist_on_utf8()
    try:
        terminal = sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()
        app(args=with_dashboard(sys.argv[1:], terminal=terminal), prog_name="vaultsync")
    except VaultsyncError as error:
        print_error(error, as_json=as_json)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        if error.errno == errno.ENOSPC:
            refused: VaultsyncError = DiskFullError(
                f"There is no room left to write{where}.", hint="Free some space, then try again. `df` shows where."
            )
        else:
            refused = VaultsyncError(
                f"The system says: {error.strerror or error}{where}.", hint="Mend that, and try again."
            )
        print_error(refused, as_json=as_json)
        sys.exit(ExitCode.ERROR)
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
