"""From JSON to the frozen dataclasses that say what it means."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TypeVar, Union

from vaultsync.errors import NodeError

T = TypeVar("T")


def decode(kind: type[T], data: object) -> T:
    """A value of dataclass `kind`. Unknown keys are ignored: a newer node may say more.

    Fields may be `str`, `int`, `float`, `bool`, unions of them with None, dataclasses, and tuples of one of these.
    Raises `NodeError` if something is missing or of another type.
    """
    try:
        value = _dataclass(kind, data)
    except (ValueError, KeyError, TypeError) as error:
        raise NodeError(
            f"Its answer is not understood: {error}.",
            hint="Is another version of vaultsync running? Stop it and start this one.",
        ) from error
    assert isinstance(value, kind)
    return value


def _dataclass(kind: type[object], data: object) -> object:
    if not isinstance(data, Mapping):
        raise ValueError(f"{kind.__name__} is no object")
    given: dict[str, object] = {}
    for name, (expected, required) in _fields_of(kind).items():
        if name in data:
            given[name] = _value(expected, data[name], name)
        elif required:
            raise ValueError(f"{kind.__name__} has no {name}")
    return kind(**given)


def _fields_of(kind: type[object]) -> dict[str, tuple[object, bool]]:
    """The type of each field, and whether it must be given."""
    assert is_dataclass(kind)
    hints = typing.get_type_hints(kind)
    return {f.name: (hints[f.name], f.default is MISSING and f.default_factory is MISSING) for f in fields(kind)}


def _value(expected: object, data: object, name: str) -> object:
    origin = typing.get_origin(expected)
    if origin is tuple:
        if not isinstance(data, list):
            raise ValueError(f"{name} is no list")
        item = typing.get_args(expected)[0]
        return tuple(_value(item, each, name) for each in data)
    if origin in (Union, types.UnionType):
        if data is None:
            return None
        inner = next(option for option in typing.get_args(expected) if option is not type(None))
        return _value(inner, data, name)
    if expected is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if expected in (str, int, float, bool):
        assert isinstance(expected, type)
        if type(data) is not expected:
            raise ValueError(f"{name} is no {expected.__name__}")
        return data
    assert isinstance(expected, type)
    return _dataclass(expected, data)
