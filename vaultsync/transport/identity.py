"""A device's key: one Ed25519 key pair (RFC 8032) per device, never inside a vault."""

from __future__ import annotations

from typing import ClassVar, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vaultsync.model.ids import NodeId


def verify(signer: NodeId, signature: bytes, data: bytes) -> bool:
    """Whether `signature` is `signer`'s over `data` (Ed25519, RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(signer.raw).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


class Identity:
    """Holds the private key; what it prints, logs or compares as is the public half alone."""

    __slots__ = ("_key", "node_id")

    SIZE: ClassVar[int] = 32
    """Bytes of the seed from which the key pair follows."""

    node_id: NodeId

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.node_id = NodeId(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> Self:
        """A new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_raw(cls, seed: bytes) -> Self:
        """From the 32-byte seed; `ValueError` if it has another size."""
        if len(seed) != cls.SIZE:
            raise ValueError(f"an identity has {cls.SIZE} bytes, not {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, data: bytes) -> bytes:
        """The 64-byte signature of `data`."""
        return self._key.sign(data)

    @property
    def tls_key(self) -> Ed25519PrivateKey:
        """The key object that TLS signs with."""
        return self._key

    def export_seed(self) -> bytes:
        """The 32-byte seed, for the keystore and nobody else."""
        return self._key.private_bytes_raw()

    def __repr__(self) -> str:
        return f"Identity({self.node_id.short}…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an identity is not copied or pickled: a private key would travel with it")
