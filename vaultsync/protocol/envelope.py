"""Compressed bodies: an envelope that holds another body, for the messages that carry bulk (zstd, RFC 8878)."""

from __future__ import annotations

from typing import Final

import zstandard

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.protocol.fields import Fields, bad_field, uint
from vaultsync.protocol.limits import COMPRESS_ABOVE
from vaultsync.tickets import cbor

ENVELOPE: Final = 127
"""The message type of an envelope."""

MAX_WINDOW: Final = 2 << 20
"""Bytes of the zstd window that a frame may ask for: no body is longer."""

_LEVEL: Final = 3
_SAMPLED_ABOVE: Final = 64 << 10
"""Bytes from which on a body is sampled first. Below, trying costs no more than sampling."""
_SAMPLES: Final = 8
_SAMPLE_SIZE: Final = 4 << 10
_WORTH: Final = 0.95
"""Share of its size that a body, or a sample of it, must shrink to."""


def seal(body: bytes) -> bytes:
    """`body` in an envelope if that makes it noticeably smaller, else `body` itself."""
    if len(body) <= COMPRESS_ABOVE or (len(body) > _SAMPLED_ABOVE and not _looks_compressible(body)):
        return body
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(body)
    if len(packed) > len(body) * _WORTH:
        return body
    return cbor.dumps({0: ENVELOPE, 1: len(body), 2: packed})


def unseal(fields: Fields, limit: int) -> bytes:
    """The body in an envelope, of at most `limit` bytes.

    Memory is claimed only for the size that both the envelope and the zstd frame declare. Raises `ProtocolError`:
    TOO_LARGE over the limit, BAD_FIELD for mistyped fields, MALFORMED for what does not decompress to that size.
    """
    size = uint(fields.get(1), "size")
    if size > limit:
        raise ProtocolError(CloseCode.TOO_LARGE, f"A compressed message has {size} bytes; the limit is {limit}.")
    if size <= COMPRESS_ABOVE:
        raise bad_field("size", f"is at most {COMPRESS_ABOVE}, which is never compressed")
    packed = fields.get(2)
    if not isinstance(packed, bytes):
        raise bad_field("compressed", "is missing or not a byte string")
    try:
        parameters = zstandard.get_frame_parameters(packed)
        if parameters.content_size != size or parameters.dict_id:
            raise ProtocolError(CloseCode.MALFORMED, "A compressed message declares another size, or a dictionary.")
        # The frame's own size decides what zstandard allocates, hence the check before; it holds the frame to it.
        return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ProtocolError(CloseCode.MALFORMED, f"A compressed message does not decompress: {error}.") from None


def _looks_compressible(body: bytes) -> bool:
    step = (len(body) - _SAMPLE_SIZE) // (_SAMPLES - 1)
    sample = b"".join(body[index * step : index * step + _SAMPLE_SIZE] for index in range(_SAMPLES))
    return len(zstandard.ZstdCompressor(level=1).compress(sample)) <= len(sample) * _WORTH
