"""Deterministic CBOR without its dangerous half: the encoding of tickets and of every message.

What is read is a subset of RFC 8949 in its core deterministic encoding (§4.2.1): integers, byte strings, text
strings, arrays, maps with unsigned keys, true and false. Tags, floats, null, undefined, other simple values and
indefinite lengths are not read at all, so nothing that a stranger sends is ever interpreted, and equal values
are equal bytes. A general decoder would take those first and leave it to us to refuse them, to notice duplicate
keys and to bound the memory.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cbor2

Value: TypeAlias = int | bytes | str | bool | list["Value"] | dict[int, "Value"]

MAX_DEPTH: Final = 8
"""Arrays and maps inside one another. The deepest message, a change set with versions, needs 4."""

_SMALLEST: Final = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}
"""The smallest argument that may be written in 1, 2, 4 or 8 further bytes, by additional information."""


class CborError(ValueError):
    """The bytes are not a value in the subset; the message says where and why."""


def dumps(value: object) -> bytes:
    """The deterministic encoding of `value`."""
    return cbor2.dumps(value, canonical=True)


def loads(data: bytes, *, max_items: int) -> Value:
    """The value that `data` encodes, all of it.

    At most `max_items` array elements, map keys and map values are made; they are counted as their containers
    are announced, before any of them is made. Raises `CborError`.
    """
    reader = _Reader(data, max_items)
    try:
        value = reader.value(0)
    except IndexError:
        raise CborError(f"it ends in the middle, after {len(data)} bytes") from None
    if reader.position != len(data):
        raise CborError(f"{len(data) - reader.position} bytes follow the value")
    return value


class _Reader:
    __slots__ = ("_data", "_items_left", "position")

    def __init__(self, data: bytes, max_items: int) -> None:
        self._data = data
        self._items_left = max_items
        self.position = 0

    def value(self, depth: int) -> Value:
        data = self._data
        start = self.position
        initial = data[start]
        info = initial & 0x1F
        if info < 24:
            argument = info
            position = start + 1
        elif info < 28:
            position = start + 1 + (1 << (info - 24))
            if position > len(data):
                raise IndexError
            argument = int.from_bytes(data[start + 1 : position], "big")
            if argument < _SMALLEST[info]:
                raise CborError(f"a number or length at byte {start} is not in its shortest form")
        else:
            raise CborError(f"an indefinite length or reserved value at byte {start}")

        major = initial >> 5
        if major == 0:
            self.position = position
            return argument
        if major == 2 or major == 3:
            end = position + argument
            if end > len(data):
                raise CborError(f"a string at byte {start} is longer than the data")
            self.position = end
            if major == 2:
                return data[position:end]
            try:
                return str(data[position:end], "utf-8")
            except UnicodeDecodeError:
                raise CborError(f"a text at byte {start} is not UTF-8") from None
        self.position = position
        if major == 4:
            self._announce(argument, start, depth)
            depth += 1
            read = self.value
            return [read(depth) for _ in range(argument)]
        if major == 5:
            self._announce(2 * argument, start, depth)
            return self._map(argument, depth + 1)
        if major == 1:
            return -1 - argument
        if initial == 0xF4:
            return False
        if initial == 0xF5:
            return True
        if major == 6:
            raise CborError(f"a tag at byte {start}")
        raise CborError(f"a float, null or other simple value at byte {start}")

    def _announce(self, items: int, start: int, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise CborError(f"more than {MAX_DEPTH} levels of nesting at byte {start}")
        if items > len(self._data) - self.position:
            raise CborError(f"an array or map at byte {start} is longer than the data")
        self._items_left -= items
        if self._items_left < 0:
            raise CborError("too many items")

    def _map(self, pairs: int, depth: int) -> dict[int, Value]:
        found: dict[int, Value] = {}
        data = self._data
        previous = -1
        for _ in range(pairs):
            start = self.position
            if data[start] >> 5 != 0:
                raise CborError(f"a map key at byte {start} is not an unsigned integer")
            key = self.value(depth)
            assert isinstance(key, int), "major type 0 is an integer"
            if key <= previous:
                raise CborError(f"a map key at byte {start} is a duplicate or out of order")
            previous = key
            found[key] = self.value(depth)
        return found
