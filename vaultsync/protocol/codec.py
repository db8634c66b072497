"""Messages as frame bodies, and back.

A body is one deterministic CBOR map with small integer keys; key 0 is the message's type. Decoding is strict: what
is not exactly a message of this version, on the stream where it belongs, is a `ProtocolError`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Generic, TypeVar, cast

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.protocol import changes, contents, control, envelope, members
from vaultsync.protocol.fields import Fields, bad_field
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.messages import (
    Ack,
    Bye,
    ChangeSet,
    Chunks,
    Contents,
    Digest,
    Hello,
    Join,
    ManifestPart,
    Members,
    Message,
    Resync,
    Want,
    Welcome,
)
from vaultsync.tickets import cbor

M = TypeVar("M")


class MessageType(IntEnum):
    """Key 0 of a body. Numbers are never used again for something else."""

    HELLO = 1
    JOIN = 2
    WELCOME = 3
    ACK = 4
    DIGEST = 5
    RESYNC = 6
    WANT = 7
    BYE = 8
    MEMBERS = 9
    CHANGE_SET = 16
    CONTENTS = 32
    MANIFEST_PART = 33
    CHUNKS = 34
    ENVELOPE = envelope.ENVELOPE


@dataclass(frozen=True, slots=True)
class _Form(Generic[M]):
    """How one message travels."""

    number: MessageType
    value: type[M]
    stream: StreamKind
    write: Callable[[M], dict[int, object]]
    read: Callable[[Fields], M]


_CONTROL: Final = StreamKind.CONTROL
_CONTENT: Final = StreamKind.CONTENT

_FORMS: Final = (
    _Form(MessageType.HELLO, Hello, _CONTROL, control.hello_fields, control.read_hello),
    _Form(MessageType.JOIN, Join, _CONTROL, control.join_fields, control.read_join),
    _Form(MessageType.WELCOME, Welcome, _CONTROL, control.welcome_fields, control.read_welcome),
    _Form(MessageType.ACK, Ack, _CONTROL, control.ack_fields, control.read_ack),
    _Form(MessageType.DIGEST, Digest, _CONTROL, control.digest_fields, control.read_digest),
    _Form(MessageType.RESYNC, Resync, _CONTROL, control.resync_fields, control.read_resync),
    _Form(MessageType.WANT, Want, _CONTROL, control.want_fields, control.read_want),
    _Form(MessageType.BYE, Bye, _CONTROL, control.bye_fields, control.read_bye),
    _Form(MessageType.MEMBERS, Members, _CONTROL, members.members_fields, members.read_members),
    _Form(
        MessageType.CHANGE_SET,
        ChangeSet,
        StreamKind.CHANGES,
        changes.change_set_fields,
        changes.read_change_set,
    ),
    _Form(MessageType.CONTENTS, Contents, _CONTENT, contents.contents_fields, contents.read_contents),
    _Form(
        MessageType.MANIFEST_PART,
        ManifestPart,
        _CONTENT,
        contents.manifest_part_fields,
        contents.read_manifest_part,
    ),
    _Form(MessageType.CHUNKS, Chunks, _CONTENT, contents.chunks_fields, contents.read_chunks),
)
_BY_VALUE: Final = {form.value: cast("_Form[Message]", form) for form in _FORMS}
_BY_TYPE: Final = {int(form.number): cast("_Form[Message]", form) for form in _FORMS}


def stream_of(message: Message) -> StreamKind:
    """The stream that `message` travels on."""
    return _BY_VALUE[type(message)].stream


def encode(message: Message) -> bytes:
    """`message` as a frame body, compressed where that is allowed and helps.

    It is up to the caller to keep to `limits.py`; a body that no receiver would take is a `ValueError`.
    """
    form = _BY_VALUE[type(message)]
    body = cbor.dumps({0: form.number.value, **form.write(message)})
    if len(body) > form.stream.max_frame:
        raise ValueError(f"a {form.number.name} of {len(body)} bytes is over the limit of its stream")
    return body if form.stream is _CONTROL else envelope.seal(body)


def decode(body: bytes, stream: StreamKind) -> Message:
    """The message that `body`, a frame's body from `stream`, holds. Raises `ProtocolError`, and nothing else.

    Hashes of contents are not verified here: whoever keeps a content does that.
    """
    fields = _read(body, stream)
    type_ = _type_of(fields)
    if type_ == MessageType.ENVELOPE:
        if stream is _CONTROL:
            raise ProtocolError(CloseCode.UNEXPECTED, "A message on the control stream is compressed.")
        fields = _read(envelope.unseal(fields, stream.max_frame), stream)
        type_ = _type_of(fields)
        if type_ == MessageType.ENVELOPE:
            raise ProtocolError(CloseCode.MALFORMED, "A compressed message is compressed once more.")
    form = _BY_TYPE.get(type_)
    if form is None:
        raise ProtocolError(CloseCode.UNKNOWN_MESSAGE, f"There is no message of type {type_}.")
    if form.stream is not stream:
        raise ProtocolError(CloseCode.UNEXPECTED, f"A {form.number.name} has no place on the {stream} stream.")
    return form.read(fields)


def _read(body: bytes, stream: StreamKind) -> Fields:
    if len(body) > stream.max_frame:
        raise ProtocolError(CloseCode.TOO_LARGE, f"A message on the {stream} stream has {len(body)} bytes.")
    try:
        fields = cbor.loads(body, max_items=stream.max_items)
    except cbor.CborError as error:
        raise ProtocolError(CloseCode.MALFORMED, f"A message is not deterministic CBOR: {error}.") from None
    if not isinstance(fields, dict):
        raise ProtocolError(CloseCode.MALFORMED, "A message is not a CBOR map.")
    return fields


def _type_of(fields: Fields) -> int:
    type_ = fields.get(0)
    if type_.__class__ is not int:
        raise bad_field("type", "is missing or not an integer")
    assert isinstance(type_, int)
    return type_
