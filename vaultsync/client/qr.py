"""A QR code (ISO/IEC 18004) in half blocks: two modules per character cell."""

from __future__ import annotations

from typing import Final

import segno

QUIET: Final = 2
"""Light modules around the code; the standard's four cost four lines, and readers do with two."""

_HALVES: Final = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
"""What to draw for (upper dark, lower dark): light modules are drawn, so that it reads on a dark terminal without
colours; with colours, both are set."""


def ticket_code(ticket: str) -> list[str]:
    """The rows of a code that holds `ticket` as a `vaultsync:` URI, without line ends.

    Upper case makes it smaller (alphanumeric mode); tickets are read in any case.
    """
    code = segno.make(f"VAULTSYNC:{ticket.upper()}", error="l", micro=False, boost_error=False)
    modules = [[bool(module) for module in row] for row in code.matrix_iter(scale=1, border=QUIET)]
    if len(modules) % 2:
        modules.append([False] * len(modules[0]))
    return [
        "".join(_HALVES[upper, lower] for upper, lower in zip(modules[i], modules[i + 1], strict=True))
        for i in range(0, len(modules), 2)
    ]
