"""Frames that hold a content as it is are zstd frames like others."""

from __future__ import annotations

import io
import random

import pytest
import zstandard

from vaultsync.store.packing import STORED_BLOCK, StoredWriter, looks_compressible

LOT = random.Random(5)


@pytest.mark.parametrize("size", [1, STORED_BLOCK - 1, STORED_BLOCK, STORED_BLOCK + 1, 5 * STORED_BLOCK // 2])
@pytest.mark.parametrize("piece", [1_000, 256 << 10])
def test_any_reader_of_the_format_reads_what_was_stored(size: int, piece: int) -> None:
    content, file = LOT.randbytes(size), io.BytesIO()
    writer = StoredWriter(file, size)
    for start in range(0, size, piece):
        writer.write(content[start : start + piece])

    packed = file.getvalue()
    assert zstandard.get_frame_parameters(packed).content_size == size
    assert zstandard.ZstdDecompressor().decompress(packed) == content
    assert zstandard.ZstdDecompressor().stream_reader(io.BytesIO(packed)).read() == content
    assert len(packed) <= size + 14 + 3 * (size // min(piece, STORED_BLOCK) + 1)


def test_a_frame_that_was_not_filled_is_not_taken_for_whole() -> None:
    file = io.BytesIO()
    StoredWriter(file, 2_000).write(LOT.randbytes(1_000))
    with pytest.raises(zstandard.ZstdError):
        zstandard.ZstdDecompressor().decompress(file.getvalue())


def test_text_is_worth_compressing_and_noise_is_not() -> None:
    assert looks_compressible(b"words and more words. " * 100)
    assert not looks_compressible(LOT.randbytes(256 << 10))
