"""Close codes by name: from QUIC's error codes (RFC 9000 §20, RFC 8446 §6) to ours."""

from __future__ import annotations

from typing import Final

from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import AlertDescription

from vaultsync.errors import CloseCode
from vaultsync.transport.closing import clean_reason
from vaultsync.transport.quic.mutual import Ending

_ALERTS: Final = {
    AlertDescription.certificate_required: CloseCode.NO_CERTIFICATE,
    AlertDescription.bad_certificate: CloseCode.BAD_CERTIFICATE,
    AlertDescription.unsupported_certificate: CloseCode.BAD_CERTIFICATE,
    AlertDescription.certificate_expired: CloseCode.BAD_CERTIFICATE,
    AlertDescription.certificate_unknown: CloseCode.BAD_CERTIFICATE,
    AlertDescription.no_application_protocol: CloseCode.VERSION,
    AlertDescription.protocol_version: CloseCode.VERSION,
    # In CertificateVerify this is a certificate shown by somebody who does not hold its key.
    AlertDescription.decrypt_error: CloseCode.BAD_CERTIFICATE,
}

_TRANSPORT: Final = {
    QuicErrorCode.NO_ERROR: CloseCode.NORMAL,
    QuicErrorCode.CONNECTION_REFUSED: CloseCode.REFUSED,
    QuicErrorCode.APPLICATION_ERROR: CloseCode.REFUSED,
    QuicErrorCode.NO_VIABLE_PATH: CloseCode.TIMEOUT,
    QuicErrorCode.VERSION_NEGOTIATION_ERROR: CloseCode.VERSION,
}

IDLE_REASON: Final = "Idle timeout"
"""What aioquic says when it gives a silent connection up."""


def translate(ending: Ending) -> tuple[CloseCode, str]:
    """The close code and reason of an ending. An unknown number is `INTERNAL` and named in the reason."""
    reason = clean_reason(ending.reason)
    number = ending.error_code
    if ending.from_application:
        code = close_code(number)
        if code is CloseCode.INTERNAL and number != CloseCode.INTERNAL:
            reason = f"close code 0x{number:x}: {reason}"
        return code, reason
    if not ending.by_peer and ending.reason == IDLE_REASON:
        return CloseCode.TIMEOUT, "nothing was heard for too long"
    if number in _TRANSPORT:
        return _TRANSPORT[QuicErrorCode(number)], reason
    alert = number - QuicErrorCode.CRYPTO_ERROR
    if alert in _ALERTS:
        return _ALERTS[AlertDescription(alert)], reason
    return CloseCode.INTERNAL, f"QUIC error 0x{number:x}: {reason}"


def close_code(number: int) -> CloseCode:
    """The close code of that number, `INTERNAL` for those of a future version."""
    try:
        return CloseCode(number)
    except ValueError:
        return CloseCode.INTERNAL
