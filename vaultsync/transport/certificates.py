"""The X.509 certificates in which node ids travel through TLS.

A certificate is only an envelope for the Ed25519 key: TLS proves that the peer holds the key, the node id is the
key, and nothing else in the certificate is believed. Certificates are made on the fly and are short-lived.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import NameOID

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import NodeId
from vaultsync.transport.identity import Identity

BACKDATED: Final = timedelta(days=30)
"""How far a device's clock may be behind its peer's before a new certificate is "not valid yet"."""

LIFETIME: Final = timedelta(days=60)
"""How long a certificate is valid from now on. Endpoints make a new one well before that."""


def make_certificate(identity: Identity, now_s: float) -> x509.Certificate:
    """A certificate over the identity's key, signed by itself, for use from `now_s` (Unix seconds) on."""
    now = datetime.fromtimestamp(now_s, UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(identity.node_id))])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(identity.tls_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
        .sign(identity.tls_key, None)
    )


def peer_id_of(certificate: x509.Certificate | None, now_s: float) -> NodeId:
    """The node id of whoever proved to hold `certificate`'s key.

    Raises `ProtocolError` with `NO_CERTIFICATE` if there is none, and with `BAD_CERTIFICATE` if its key is not
    Ed25519, it is not valid at `now_s` (Unix seconds), or it is not signed by its own key.
    """
    if certificate is None:
        raise ProtocolError(CloseCode.NO_CERTIFICATE, "The other device showed no certificate.")
    try:
        key = certificate.public_key()
        valid_from, valid_until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm):
        raise _bad("cannot be read") from None
    if not isinstance(key, Ed25519PublicKey):
        raise _bad("does not hold an Ed25519 key")
    now = datetime.fromtimestamp(now_s, UTC)
    if now < valid_from:
        raise _bad("is not valid yet")
    if now > valid_until:
        raise _bad("has expired")
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes)
    except InvalidSignature:
        raise _bad("is not signed by its own key") from None
    return NodeId(key.public_bytes_raw())


def _bad(what: str) -> ProtocolError:
    return ProtocolError(CloseCode.BAD_CERTIFICATE, f"The other device's certificate {what}.")
