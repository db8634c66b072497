"""Deterministic CBOR without its dangerous half: the encoding of tickets and of every message.

What is read is a subset of RFC 8949 in its core deterministic encoding (§4.2.1): integers, byte strings, text
strings, arrays, maps, true and false. Tags, floats, null, undefined, other simple values and indefinite lengths
are not read at all, so nothing that a stranger sends is ever interpreted, and equal values are equal bytes. A
general decoder would accept those first and leave their refusal, duplicate keys and the bound on memory to us.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import cbor2

Key: TypeAlias = int | bytes
Value: TypeAlias = int | bytes | str | bool | list["Value"] | dict[Key, "Value"]

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

    def _map(self, pairs: int, depth: int) -> dict[Key, Value]:
        found: dict[Key, Value] = {}
        data = self._data
        previous = b""
        for _ in range(pairs):
            start = self.position
            if data[start] >> 5 not in (0, 2):
                raise CborError(f"a map key at byte {start} is neither an unsigned integer nor a byte string")
            key = self.value(depth)
            encoded = data[start : self.position]
            if encoded <= previous:
                raise CborError(f"a map key at byte {start} is a duplicate or out of order")
            previous = encoded
            assert isinstance(key, (int, bytes))
            found[key] = self.value(depth)
        return found
