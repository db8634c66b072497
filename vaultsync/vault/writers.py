"""Whether some program has a file open for writing.

Linux tells by leases (fcntl(2), F_SETLEASE): a read lease is refused while anybody, this process included, may write to
the file. Elsewhere nobody can tell; Windows does not let such a file be replaced in the first place.
"""

from __future__ import annotations

import errno
import signal
import sys


def has_writer(fd: int) -> bool:
    """Of a file that is open for reading only. False where nobody can tell."""
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        # Who opens the file for writing while the lease stands waits for its end, and we are told so by a signal:
        # by default one that ends the process, so take one that is ignored.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        # Others say that the file is another user's, or that this file system has no leases.
        return error.errno == errno.EAGAIN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
