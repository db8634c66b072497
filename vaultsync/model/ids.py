"""Who and what: node ids and vault ids, with their text forms."""

from __future__ import annotations

from base64 import b32decode, b32encode
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Self


def to_base32(raw: bytes) -> str:
    """Lower-case RFC 4648 base32 without padding."""
    return b32encode(raw).decode("ascii").rstrip("=").lower()


@lru_cache(maxsize=256)
def _text_of(raw: bytes) -> str:
    """Of an id. Not of anything secret: what is remembered here stays in memory."""
    return to_base32(raw)


def from_base32(text: str) -> bytes:
    """Decode what `to_base32` wrote; `ValueError` for anything else, non-canonical trailing bits included."""
    raw = b32decode(text.upper() + "=" * (-len(text) % 8))
    if to_base32(raw) != text.lower():
        raise ValueError("not canonical base32")
    return raw


@dataclass(frozen=True, slots=True, order=True, repr=False)
class _Id:
    """Bytes of a fixed size with a base32 text form."""

    raw: bytes

    SIZE: ClassVar[int]

    def __post_init__(self) -> None:
        if len(self.raw) != self.SIZE:
            raise ValueError(f"a {type(self).__name__} has {self.SIZE} bytes, not {len(self.raw)}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """From the text form; `ValueError` if it is not one."""
        return cls(from_base32(text.strip()))

    @property
    def short(self) -> str:
        """The first 10 characters of the text form, for people."""
        return str(self)[:10]

    def __str__(self) -> str:
        return _text_of(self.raw)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.short}…)"


@dataclass(frozen=True, slots=True, order=True, repr=False)
class NodeId(_Id):
    """A device: its 32-byte Ed25519 public key (RFC 8032); as text, 52 characters."""

    SIZE: ClassVar[int] = 32


@dataclass(frozen=True, slots=True, order=True, repr=False)
class VaultId(_Id):
    """A synced folder's group identity: 16 random bytes, the same on every member; as text, 26 characters."""

    SIZE: ClassVar[int] = 16
