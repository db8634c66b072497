"""What every transport says about connections and streams that ended."""

from __future__ import annotations

from typing import Final

from vaultsync.errors import CloseCode, ConnectionLostError

MAX_REASON_BYTES: Final = 256
"""A close frame must fit into one packet of any size."""

End = tuple[CloseCode, str, bool]
"""The close code, the reason, and whether the peer closed."""


def clean_reason(text: str) -> str:
    """At most `MAX_REASON_BYTES` of UTF-8, whole characters, none that could steer a terminal."""
    cut = text.encode("utf-8", errors="replace")[:MAX_REASON_BYTES].decode("utf-8", errors="ignore")
    return "".join(c if c.isprintable() else " " for c in cut)


def lost(end: End) -> ConnectionLostError:
    """The error of whoever uses a connection that ended like this."""
    code, reason, by_peer = end
    if code is CloseCode.TIMEOUT and not by_peer:
        message = "The other device stopped answering."
    else:
        who = "The other device" if by_peer else "This device"
        message = f"{who} closed the connection ({code.name.lower()}{': ' + reason if reason else ''})."
    return ConnectionLostError(message, code=code, by_peer=by_peer)


def reset_by_peer(code: CloseCode) -> ConnectionLostError:
    """The error of a reader whose stream the peer abandoned."""
    return ConnectionLostError(f"The other device abandoned the stream ({code.name.lower()}).", code=code, by_peer=True)


def reset_here(code: CloseCode) -> ConnectionLostError:
    """The error of a writer that abandoned its stream."""
    return ConnectionLostError(f"The stream was abandoned ({code.name.lower()}).", code=code)


def stopped_by_peer(code: CloseCode | None) -> ConnectionLostError:
    """The error of a writer whose stream the peer does not want to read on; the code, if it is still known."""
    name = f" ({code.name.lower()})" if code is not None else ""
    return ConnectionLostError(f"The other device stopped the stream{name}.", code=code, by_peer=True)


def stopped_here(code: CloseCode) -> ConnectionLostError:
    """The error of a reader that stopped its stream."""
    return ConnectionLostError(f"The stream was stopped ({code.name.lower()}).", code=code)


def ended_early(missing: int) -> ConnectionLostError:
    """The error of a reader that was promised `missing` more bytes."""
    return ConnectionLostError(f"The stream ended {missing} bytes early.", by_peer=True)


def again(error: ConnectionLostError) -> ConnectionLostError:
    """A fresh copy to raise: one exception raised twice collects the tracebacks of both."""
    return ConnectionLostError(error.message, code=error.code, by_peer=error.by_peer)
