"""Change sets as CBOR maps, and back (docs/protocol.cddl). The hot path of a first sync.

Records are arrays, not maps, and name devices by their place in one table per change set: a record of a typical
note takes about 120 bytes before compression, and 1,000 of them decode in about 10 ms. A record ends in
a map of further fields; that is its room to grow.
"""

from __future__ import annotations

from typing import Final

from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import MAX_COUNTER, MAX_DEVICES, Version
from vaultsync.protocol.fields import (
    HASH_SIZE,
    Fields,
    array,
    bad_field,
    blob,
    blobs_by_hash,
    mapping,
    pair,
    path,
    text,
    uint,
    vault,
)
from vaultsync.protocol.limits import INLINE_CONTENT, MAX_CHANGE_ITEMS, MAX_POSITION, MAX_RECORDS
from vaultsync.protocol.messages import ChangeSet
from vaultsync.tickets.cbor import Value

_NODE_SIZE: Final = 32

_DIR: Final = 1
_EXECUTABLE: Final = 2
_DELETED: Final = 4
_FLAGS: Final = _DIR | _EXECUTABLE | _DELETED

_MOVED_TO: Final = 0
_MOVED_FROM: Final = 1

_ELEMENTS: Final = 9
"""Of a record's array."""

_RECORD_BYTES: Final = 80
"""Of a record without its texts and its version: hash, size, times, flags, and their heads, at their longest."""
_ROW_BYTES: Final = 40
"""Of a row of the device table without its name."""
_COUNTER_BYTES: Final = 14
"""Of one device of a version: its place and its counter."""

Device = tuple[bytes, str]
"""A node id and the name that it had at one edit."""


def record_size(record: FileRecord) -> int:
    """An upper bound, in bytes, on what `record` adds to a change set before compression.

    Rows of the device table count for each record, though most are shared.
    """
    size = _RECORD_BYTES + len(record.path.encode()) + _ROW_BYTES + len(record.modified_name.encode())
    size += (_ROW_BYTES + _COUNTER_BYTES) * len(record.version.counters)
    for moved in (record.moved_to, record.moved_from):
        if moved is not None:
            size += 5 + len(moved.encode())
    return size


def change_set_fields(message: ChangeSet) -> dict[int, object]:
    devices: dict[Device, int] = {}
    # Any row of a device will do for a version; one that an edit needs anyway costs nothing.
    places: dict[bytes, int] = {}
    for record in message.records:
        author = (record.modified_by, record.modified_name)
        if author not in devices:
            places.setdefault(record.modified_by, len(devices))
            devices[author] = len(devices)
    records: list[list[object]] = []
    for record in message.records:
        version: list[int] = []
        for node, counter in record.version.counters:
            place = places.get(node)
            if place is None:
                place = places[node] = devices[(node, "")] = len(devices)
            version += (place, counter)
        fields: list[object] = [
            record.path,
            (record.kind is Kind.DIR) * _DIR + record.executable * _EXECUTABLE + record.deleted * _DELETED,
            record.hash,
            record.size,
            record.mtime_ns,
            version,
            devices[(record.modified_by, record.modified_name)],
            record.modified_at,
            _further(record),
        ]
        records.append(fields)
    fields_of_set: dict[int, object] = {1: message.vault.raw, 2: message.through}
    if devices:
        fields_of_set[3] = list(devices)
        fields_of_set[4] = records
    if message.contents:
        fields_of_set[5] = list(message.contents.items())
    return fields_of_set


def _further(record: FileRecord) -> dict[int, str]:
    further: dict[int, str] = {}
    if record.moved_to is not None:
        further[_MOVED_TO] = record.moved_to
    if record.moved_from is not None:
        further[_MOVED_FROM] = record.moved_from
    return further


def read_change_set(fields: Fields) -> ChangeSet:
    devices = [_read_device(element) for element in array(fields.get(3), "devices", MAX_CHANGE_ITEMS)]
    records = array(fields.get(4), "records", MAX_RECORDS)
    return ChangeSet(
        vault=vault(fields),
        records=tuple([_read_record(element, devices) for element in records]),
        through=uint(fields.get(2), "through"),
        contents=blobs_by_hash(fields.get(5), "contents", MAX_RECORDS, INLINE_CONTENT),
    )


def _read_device(value: Value) -> Device:
    node, name = pair(value, "devices")
    return blob(node, "device", _NODE_SIZE), text(name, "device name")


def _read_record(value: Value, devices: list[Device]) -> FileRecord:
    if not isinstance(value, list) or len(value) != _ELEMENTS:
        raise bad_field("records", f"has a record that is not an array of {_ELEMENTS}")
    flags = uint(value[1], "flags", _FLAGS)
    deleted = flags & _DELETED != 0
    kind = Kind.DIR if flags & _DIR else Kind.FILE
    content = blob(value[2], "hash", 0 if deleted or kind is Kind.DIR else HASH_SIZE)
    size = uint(value[3], "size", MAX_POSITION)
    if size and not content:
        raise bad_field("size", "is not 0 for a folder or a tombstone")
    author = uint(value[6], "modified by")
    if author >= len(devices):
        raise bad_field("modified by", "names a device that is not in the table")
    modified_by, modified_name = devices[author]
    moved_to = moved_from = None
    further = mapping(value[8], "further fields")
    if further:
        if _MOVED_TO in further:
            moved_to = path(further[_MOVED_TO], "moved to")
        if _MOVED_FROM in further:
            moved_from = path(further[_MOVED_FROM], "moved from")
    return FileRecord(
        path=path(value[0], "path"),
        kind=kind,
        hash=content,
        size=size,
        mtime_ns=_read_mtime(value[4]),
        executable=flags & _EXECUTABLE != 0,
        version=_read_version(value[5], devices),
        deleted=deleted,
        modified_by=modified_by,
        modified_name=modified_name,
        modified_at=uint(value[7], "modified at"),
        moved_to=moved_to,
        moved_from=moved_from,
    )


def _read_mtime(value: Value) -> int:
    """Any signed 64-bit number: files from before 1970 exist."""
    return uint(value, "mtime", 2**63 - 1, -(2**63))


def _read_version(value: Value, devices: list[Device]) -> Version:
    if not isinstance(value, list) or len(value) % 2 or not 2 <= len(value) <= 2 * MAX_DEVICES:
        raise bad_field("version", f"is not an array of 1 to {MAX_DEVICES} devices, each with its counter")
    counters: list[tuple[bytes, int]] = []
    previous = b""
    for index in range(0, len(value), 2):
        place = uint(value[index], "version")
        counter = uint(value[index + 1], "version", MAX_COUNTER, 1)
        if place >= len(devices):
            raise bad_field("version", "names a device that is not in the table")
        node = devices[place][0]
        if node <= previous:
            raise bad_field("version", "names its devices out of order")
        previous = node
        counters.append((node, counter))
    return Version(tuple(counters))
