"""Names of files are UTF-8, whatever the environment says."""

from __future__ import annotations

import os
import sys


def insist_on_utf8() -> None:
    """Begin again in Python's UTF-8 mode (PEP 540) if names of files would be taken for another encoding.

    Notes travel between devices, so their names must not depend on one device's locale. The mode can't be changed in
    a running process.
    """
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606
