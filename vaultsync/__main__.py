"""The command `vaultsync`, and `python -m vaultsync`."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130


def main() -> None:
    """Load the command line, and run it. Ctrl-C while it loads ends the process like any other, without a traceback."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # it is ignored where a shell has started this in the background
        signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))
    from vaultsync.cli.main import main as run

    signal.signal(signal.SIGINT, before)
    run()


if __name__ == "__main__":
    main()
