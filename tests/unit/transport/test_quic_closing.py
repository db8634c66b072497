from __future__ import annotations

import pytest
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import AlertDescription

from vaultsync.errors import CloseCode
from vaultsync.transport.closing import MAX_REASON_BYTES, clean_reason, lost
from vaultsync.transport.quic.closing import IDLE_REASON, close_code, translate
from vaultsync.transport.quic.mutual import Ending


def ending(number: int, *, application: bool = False, reason: str = "", by_peer: bool = True) -> Ending:
    return Ending(error_code=number, from_application=application, reason=reason, by_peer=by_peer)


@pytest.mark.parametrize("code", list(CloseCode))
def test_our_codes_keep_their_names(code: CloseCode) -> None:
    assert translate(ending(code, application=True, reason="why")) == (code, "why")
    assert close_code(int(code)) is code


def test_an_unknown_code_is_internal_and_named() -> None:
    assert translate(ending(0x4D2, application=True, reason="why")) == (
        CloseCode.INTERNAL,
        "close code 0x4d2: why",
    )
    assert close_code(0x4D2) is CloseCode.INTERNAL


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (QuicErrorCode.NO_ERROR, CloseCode.NORMAL),
        (QuicErrorCode.CONNECTION_REFUSED, CloseCode.REFUSED),
        (QuicErrorCode.APPLICATION_ERROR, CloseCode.REFUSED),
        (QuicErrorCode.NO_VIABLE_PATH, CloseCode.TIMEOUT),
        (QuicErrorCode.CRYPTO_ERROR + AlertDescription.certificate_required, CloseCode.NO_CERTIFICATE),
        (QuicErrorCode.CRYPTO_ERROR + AlertDescription.bad_certificate, CloseCode.BAD_CERTIFICATE),
        (QuicErrorCode.CRYPTO_ERROR + AlertDescription.decrypt_error, CloseCode.BAD_CERTIFICATE),
        (QuicErrorCode.CRYPTO_ERROR + AlertDescription.no_application_protocol, CloseCode.VERSION),
        (QuicErrorCode.FLOW_CONTROL_ERROR, CloseCode.INTERNAL),
        (QuicErrorCode.CRYPTO_ERROR + 255, CloseCode.INTERNAL),
        (1 << 61, CloseCode.INTERNAL),
    ],
)
def test_quics_codes_become_ours(number: int, code: CloseCode) -> None:
    assert translate(ending(number))[0] is code


def test_only_this_side_can_time_out() -> None:
    idle = QuicErrorCode.INTERNAL_ERROR
    assert translate(ending(idle, reason=IDLE_REASON, by_peer=False))[0] is CloseCode.TIMEOUT
    assert translate(ending(idle, reason=IDLE_REASON, by_peer=True))[0] is CloseCode.INTERNAL


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("€" * 100, "€" * (MAX_REASON_BYTES // 3)),
        ("lone \ud800 surrogate", "lone ? surrogate"),
    ],
)
def test_reasons_are_short_and_tame(text: str, clean: str) -> None:
    assert clean_reason(text) == clean


def test_the_error_says_who_and_why() -> None:
    assert "stopped answering" in lost((CloseCode.TIMEOUT, "", False)).message
    error = lost((CloseCode.REMOVED, "you were removed", True))
    assert error.message == "The other device closed the connection (removed: you were removed)."
    assert (error.code, error.by_peer) == (CloseCode.REMOVED, True)
