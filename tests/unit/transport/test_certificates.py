from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.transport.certificates import BACKDATED, LIFETIME, make_certificate, peer_id_of
from vaultsync.transport.identity import Identity

NOW_S = 1_795_000_000.0
"""Some day in November 2026."""


def test_a_certificate_carries_the_node_id() -> None:
    identity = Identity.generate()
    assert peer_id_of(make_certificate(identity, NOW_S), NOW_S) == identity.node_id


def test_nothing_but_the_key_is_believed() -> None:
    key, claimed = Ed25519PrivateKey.generate(), Identity.generate().node_id
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(claimed))])
    certificate = _signed(key.public_key(), key, name)
    assert peer_id_of(certificate, NOW_S).raw == key.public_key().public_bytes_raw()


@pytest.mark.parametrize(
    "offset_s",
    [-BACKDATED.total_seconds() + 2, 0.0, LIFETIME.total_seconds() - 2],
    ids=["our clock is behind", "same clock", "our clock is ahead"],
)
def test_clocks_may_differ_within_the_validity(offset_s: float) -> None:
    peer_id_of(make_certificate(Identity.generate(), NOW_S), NOW_S + offset_s)


@pytest.mark.parametrize(
    ("offset_s", "why"),
    [
        (-BACKDATED.total_seconds() - 2, "not valid yet"),
        (LIFETIME.total_seconds() + 2, "expired"),
    ],
)
def test_outside_of_its_validity_it_is_bad(offset_s: float, why: str) -> None:
    with pytest.raises(ProtocolError, match=why) as caught:
        peer_id_of(make_certificate(Identity.generate(), NOW_S), NOW_S + offset_s)
    assert caught.value.code is CloseCode.BAD_CERTIFICATE


def test_none_is_no_certificate() -> None:
    with pytest.raises(ProtocolError) as caught:
        peer_id_of(None, NOW_S)
    assert caught.value.code is CloseCode.NO_CERTIFICATE


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP256R1()), ed448.Ed448PrivateKey.generate()])
def test_other_algorithms_are_bad(key: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey) -> None:
    with pytest.raises(ProtocolError, match="Ed25519") as caught:
        peer_id_of(_signed(key.public_key(), key), NOW_S)
    assert caught.value.code is CloseCode.BAD_CERTIFICATE


def test_signed_by_another_key_is_bad() -> None:
    mine, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    with pytest.raises(ProtocolError, match="its own key") as caught:
        peer_id_of(_signed(mine.public_key(), other), NOW_S)
    assert caught.value.code is CloseCode.BAD_CERTIFICATE


def _signed(
    public: CertificatePublicKeyTypes,
    signer: ec.EllipticCurvePrivateKey | ed448.Ed448PrivateKey | Ed25519PrivateKey,
    name: x509.Name | None = None,
) -> x509.Certificate:
    model = make_certificate(Identity.generate(), NOW_S)
    name = name or model.subject
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(1)
        .not_valid_before(model.not_valid_before_utc)
        .not_valid_after(model.not_valid_after_utc)
        .sign(signer, hashes.SHA256() if isinstance(signer, ec.EllipticCurvePrivateKey) else None)
    )
