from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vaultsync.transport.identity import Identity


def test_the_node_id_is_the_public_key_of_rfc_8032s_first_vector() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    identity = Identity.from_raw(seed)
    assert identity.node_id.raw == public
    assert identity.export_seed() == seed


def test_signatures_verify_under_the_node_id() -> None:
    identity = Identity.generate()
    Ed25519PublicKey.from_public_bytes(identity.node_id.raw).verify(identity.sign(b"said"), b"said")


def test_two_new_identities_differ() -> None:
    assert Identity.generate().node_id != Identity.generate().node_id


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32"):
        Identity.from_raw(bytes(size))


def test_the_private_half_is_not_shown_or_copied() -> None:
    identity = Identity.from_raw(bytes(range(32)))
    shown = f"{identity} {identity!r}"
    assert identity.node_id.short in shown
    assert "000102" not in shown
    assert not hasattr(identity, "__dict__")
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(identity)
