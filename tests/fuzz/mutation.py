"""Changes to inputs, from a seed: bytes, words of the format, pieces of other inputs, and values in a CBOR tree."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

from tests.fuzz.target import Target
from vaultsync.tickets import cbor

_NUMBERS: Final = (0, 1, 2, 23, 24, 255, 256, 1_000, 2**16, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
_TEXTS: Final = ("", ".", "..", "/", "a/b", "\0", "\u202e", "e\u0301", "\ufeff", "x" * 300, ".git", ".vaultsync", "💥")
_MAX_ITEMS: Final = 1 << 14


class Mutator:
    """Endless variations of a target's inputs."""

    def __init__(self, target: Target, inputs: Sequence[bytes], seed: int) -> None:
        self._target = target
        self._inputs = inputs
        self._lot = random.Random(seed)

    def next(self) -> bytes:
        """One more input."""
        return self.change(self._lot.choice(self._inputs))

    def change(self, data: bytes) -> bytes:
        """`data` with a few changes."""
        for _ in range(self._lot.choice((1, 1, 1, 2, 3, 8))):
            data = self._change_once(data)
        return data[: self._target.max_bytes]

    def _change_once(self, data: bytes) -> bytes:
        if self._target.structured and self._lot.random() < 0.7:
            try:
                tree = cbor.loads(data[1:], max_items=_MAX_ITEMS)
            except cbor.CborError:
                return self._change_bytes(data)
            return data[:1] + cbor.dumps(self._change_value(tree))
        return self._change_bytes(data)

    def _change_bytes(self, data: bytes) -> bytes:
        lot = self._lot
        start = lot.randint(0, len(data))
        end = min(len(data), start + lot.choice((1, 1, 2, 4, 16, 64)))
        match lot.randrange(7):
            case 0:
                return data[:start] + data[end:]
            case 1:
                return data[:end] + data[start:end] * lot.choice((1, 1, 2, 50)) + data[end:]
            case 2:
                return data[:start] + lot.randbytes(lot.randint(1, 8)) + data[start:]
            case 3 if end > start:
                return data[:start] + bytes([data[start] ^ (1 << lot.randrange(8))]) + data[start + 1 :]
            case 4 if self._target.words:
                return data[:start] + lot.choice(self._target.words) + data[lot.choice((start, end)) :]
            case 5:
                other = lot.choice(self._inputs)
                at = lot.randint(0, len(other))
                return data[:start] + other[at : at + lot.choice((4, 32, 4_096))] + data[end:]
            case _:
                return data[:start] + bytes([lot.randrange(256)]) + data[end:]

    def _change_value(self, value: cbor.Value) -> cbor.Value:
        """The tree with one value of it changed."""
        lot = self._lot
        if isinstance(value, list) and value and lot.random() < 0.85:
            at = lot.randrange(len(value))
            match lot.randrange(8):
                case 0:
                    return value[:at] + value[at + 1 :]
                case 1:
                    return value[:at] + [value[at]] * lot.choice((2, 2, 100)) + value[at + 1 :]
                case 2:
                    return sorted(value, key=lambda _: lot.random())
                case _:
                    return [*value[:at], self._change_value(value[at]), *value[at + 1 :]]
        if isinstance(value, dict) and value and lot.random() < 0.9:
            key = lot.choice(list(value))
            changed = dict(value)
            match lot.randrange(8):
                case 0:
                    del changed[key]
                case 1:
                    changed[lot.choice((*range(12), 2**64 - 1))] = changed[key]
                case _:
                    changed[key] = self._change_value(value[key])
            return changed
        return self._other(value)

    def _other(self, value: cbor.Value) -> cbor.Value:
        lot = self._lot
        if lot.random() < 0.6:
            if isinstance(value, bool):
                return not value
            if isinstance(value, int):
                return min(2**64 - 1, max(-(2**64), lot.choice((value - 1, value + 1, -value, lot.choice(_NUMBERS)))))
            if isinstance(value, bytes):
                return self._change_bytes(value)
            if isinstance(value, str):
                at = lot.randint(0, len(value))
                return value[:at] + lot.choice(_TEXTS) + value[at + lot.randrange(3) :]
        others: list[cbor.Value] = [*_NUMBERS, *_TEXTS, b"", bytes(16), bytes(32), True, False, [], {}, [[]], {0: 0}]
        return lot.choice(others)
