from __future__ import annotations

import pytest

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.protocol.framing import FrameReader, StreamKind, frame


def test_a_frame_is_its_length_and_its_body() -> None:
    assert frame(b"abc") == b"\x00\x00\x00\x03abc"


def test_bodies_come_out_as_they_are_completed() -> None:
    reader = FrameReader(StreamKind.CONTROL)
    stream = frame(b"one") + frame(b"two!") + frame(b"3")
    assert reader.feed(stream[:5]) == []
    assert reader.feed(stream[5:9]) == [b"one"]
    assert reader.feed(stream[9:]) == [b"two!", b"3"]
    reader.finish()


@pytest.mark.parametrize("kind", StreamKind)
def test_a_length_over_the_limit_is_refused_with_its_fourth_byte(kind: StreamKind) -> None:
    longest = FrameReader(kind)
    assert longest.feed(kind.max_frame.to_bytes(4, "big")) == []
    reader = FrameReader(kind)
    head = (kind.max_frame + 1).to_bytes(4, "big")
    assert reader.feed(head[:3]) == []
    with pytest.raises(ProtocolError) as caught:
        reader.feed(head[3:])
    assert caught.value.code is CloseCode.TOO_LARGE


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(ProtocolError) as caught:
        FrameReader(StreamKind.CONTROL).feed(bytes(4))
    assert caught.value.code is CloseCode.MALFORMED


def test_a_stream_must_not_end_inside_a_frame() -> None:
    reader = FrameReader(StreamKind.CONTENT)
    reader.feed(frame(b"abc")[:-1])
    with pytest.raises(ProtocolError) as caught:
        reader.finish()
    assert caught.value.code is CloseCode.MALFORMED


def test_preambles_name_the_unidirectional_kinds() -> None:
    for kind in (StreamKind.CHANGES, StreamKind.CONTENT):
        assert len(kind.preamble) == 1
        assert StreamKind.of_preamble(kind.preamble) is kind
    assert StreamKind.CONTROL.preamble == b""
    for unknown in (b"", b"\x00", b"\x03", b"\x01\x01"):
        with pytest.raises(ProtocolError) as caught:
            StreamKind.of_preamble(unknown)
        assert caught.value.code is CloseCode.UNEXPECTED
