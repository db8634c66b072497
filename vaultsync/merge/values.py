"""Three-way merging of what JSON and YAML hold: objects by key, lists by id or as ordered sets, text by words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from vaultsync.merge.alignment import GONE, align
from vaultsync.merge.diff3 import weave_lines
from vaultsync.merge.lines import Text, merge_frame
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.stamps import pick_stamp
from vaultsync.merge.words import holds_all


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it is written, so that `1.0` and `1e3` stay what they are."""

    raw: str


class Missing(Enum):
    """A key that one of the versions does not have."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING

Value: TypeAlias = "dict[str, Value] | list[Value] | str | Number | bool | None"
Maybe: TypeAlias = "Value | Missing"

Dispute = Callable[[tuple[str, ...], Value, Value], Value]
"""Settles what can't be merged: gets the place and the two values, returns one or raises `CannotMergeError`."""


def refuse(place: tuple[str, ...], a: Value, b: Value) -> Value:
    """The strict answer to a dispute: there is none."""
    raise CannotMergeError(f"Both sides changed `{'.'.join(place) or 'the whole value'}`.")


@dataclass(frozen=True, slots=True)
class Merger:
    """Merges values; deterministic, symmetric if the sides come in a fixed order."""

    dispute: Dispute = refuse
    prose: frozenset[str] = frozenset()
    """Keys whose strings are texts for people: there both wordings may stand, one below the other."""

    def merge(self, base: Maybe, a: Maybe, b: Maybe, place: tuple[str, ...] = ()) -> Maybe:
        """The merge of one value; an edit wins over a deletion."""
        if a == b or b == base:
            return a
        if a == base:
            return b
        if a is MISSING or b is MISSING:
            return b if a is MISSING else a
        if isinstance(a, dict) and isinstance(b, dict):
            return self._objects(base if isinstance(base, dict) else {}, a, b, place)
        if isinstance(a, list) and isinstance(b, list):
            return self._lists(base if isinstance(base, list) else [], a, b, place)
        key = place[-1] if place else ""
        stamp = pick_stamp(key, _written(a), _written(b))
        if stamp is not None:
            return a if stamp == _written(a) else b
        if isinstance(a, str) and isinstance(b, str):
            merged = self._strings(base, a, b, key)
            if merged is not None:
                return merged
        if base is MISSING or base is None:
            for one, other in ((a, b), (b, a)):
                if one in (None, "", []):
                    return other
        return self.dispute(place, a, b)

    def _objects(
        self, base: Mapping[str, Value], a: Mapping[str, Value], b: Mapping[str, Value], place: tuple[str, ...]
    ) -> dict[str, Value]:
        merged: dict[str, Value] = {}
        for key in {**base, **a, **b}:
            value = self.merge(base.get(key, MISSING), a.get(key, MISSING), b.get(key, MISSING), (*place, key))
            if value is not MISSING:
                merged[key] = value
        return {key: merged[key] for key in merge_order(list(base), list(a), list(b), merged)}

    def _lists(self, base: list[Value], a: list[Value], b: list[Value], place: tuple[str, ...]) -> list[Value]:
        by_id = [_by_id(values) for values in (base, a, b)]
        if all(table is not None for table in by_id):
            own, first, second = (table or {} for table in by_id)
            return list(self._objects(own, first, second, place).values())
        sets = [_as_set(values) for values in (base, a, b)]
        if all(table is not None for table in sets):
            own, first, second = (table or {} for table in sets)
            kept = merge_sets(list(own), list(first), list(second))
            known = {**own, **first, **second}
            return [known[key] for key in kept]
        return self._sequences(base, a, b, place)

    def _sequences(self, base: list[Value], a: list[Value], b: list[Value], place: tuple[str, ...]) -> list[Value]:
        keys = [[canonical(value) for value in values] for values in (base, a, b)]
        fates = align(*keys)
        added = [
            [[side[j] for j in fate.inserted.get(gap, ())] for side, fate in zip((a, b), fates, strict=True)]
            for gap in range(len(base) + 1)
        ]
        merged = _both(*added[0])
        for i, old in enumerate(base):
            images: list[Maybe] = [
                MISSING if fate.image[i] == GONE else side[fate.image[i]]
                for side, fate in zip((a, b), fates, strict=True)
            ]
            value = self.merge(old, images[0], images[1], (*place, str(i)))
            if value is not MISSING:
                merged.append(value)
            merged += _both(*added[i + 1])
        return merged

    def _strings(self, base: Maybe, a: str, b: str, key: str) -> str | None:
        if isinstance(base, str):
            texts = Text.split(base), Text.split(a), Text.split(b)
            woven = weave_lines(*(text.lines for text in texts))
            if (not woven.disputed and len(woven.lines) <= 1) or key in self.prose:
                return merge_frame(*texts, woven.lines).join()
            return None
        for short, long in ((a, b), (b, a)):
            if holds_all(long, short):
                return long
        return None


def _both(a: Sequence[Value], b: Sequence[Value]) -> list[Value]:
    """What both sides put at one place in a list."""
    return [*a, *(value for value in b if value not in a)]


def canonical(value: Value) -> str:
    """A text that is equal for equal values, to compare them by."""
    return json.dumps(value, sort_keys=True, default=lambda number: {"\0": number.raw})


def merge_sets(base: Sequence[str], a: Sequence[str], b: Sequence[str]) -> list[str]:
    """Three-way merge of ordered sets: what either side added is in, what either removed is out."""
    own, first, second = set(base), set(a), set(b)
    kept = (first & second) | (first - own) | (second - own)
    return merge_order(base, a, b, kept)


def merge_order(base: Sequence[str], a: Sequence[str], b: Sequence[str], kept: Iterable[str]) -> list[str]:
    """`kept` in the order of the side that reordered, the other side's own behind what they follow there."""
    wanted = set(kept)
    stable = set(base) & set(a) & set(b)
    orders = [[key for key in keys if key in stable] for keys in (base, a, b)]
    lead, other = (b, a) if orders[1] == orders[0] != orders[2] else (a, b)
    order = [key for key in lead if key in wanted]
    own = set(lead) - set(other)
    for index, key in enumerate(other):
        if key not in wanted or key in lead:
            continue
        before = next((k for k in reversed(other[:index]) if k in order), None)
        at = 0 if before is None else order.index(before) + 1
        if before is not None:
            while at < len(order) and order[at] in own:
                at += 1
        order.insert(at, key)
    order.extend(key for key in base if key in wanted and key not in order)
    return order


def _by_id(values: list[Value]) -> dict[str, Value] | None:
    table: dict[str, Value] = {}
    for value in values:
        key = value.get("id") if isinstance(value, dict) else None
        if not isinstance(key, str) or key in table:
            return None
        table[key] = value
    return table


def _as_set(values: list[Value]) -> dict[str, Value] | None:
    table: dict[str, Value] = {canonical(value): value for value in values if not isinstance(value, dict | list)}
    return table if len(table) == len(values) else None


def _written(value: Value) -> str:
    return value.raw if isinstance(value, Number) else value if isinstance(value, str) else ""
