"""Properties, that is a YAML mapping kept as text: each key owns its lines, and untouched lines stay as they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent

from vaultsync.merge.diff3 import weave_lines
from vaultsync.merge.lines import Line
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.stamps import beside_date, is_stamp, pick_stamp
from vaultsync.merge.tokens import texts_of, words_of
from vaultsync.merge.values import MISSING, Maybe, Merger, Value, canonical, merge_order, merge_sets
from vaultsync.merge.yamllists import ListStyle

STAMP_TAKEN: Final = "Of two dates that editors write by themselves, the one that holds was taken."

MAX_YAML_CHARS: Final = 64 << 10
"""Longer YAML is merged by lines: it is no longer a note's properties, and to parse it takes the
square of its length in time."""

MAX_BRACKETS: Final = 64
"""Brackets in one another; no note's properties come near."""

_BRACKET = re.compile(r"[\[\]{}]")

_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#\-\[\]{},&*!|>%@`"'?][^#]*?|[-?][^\s:][^#]*?)\s*:(?=\s|$)"""
)


@dataclass(frozen=True, slots=True)
class Property:
    """One key with all its lines: the comments above it, and its value down to the next key."""

    lines: tuple[Line, ...]
    lead: int
    """How many of the lines stand above the key."""
    value: Value

    @property
    def text(self) -> str:
        return "\n".join(texts_of(self.lines))


@dataclass(frozen=True, slots=True)
class Properties:
    """A mapping's keys in order, and the lines after the last that belong to none."""

    table: Mapping[str, Property]
    tail: tuple[Line, ...] = ()


def parse_yaml(text: str) -> Value | None:
    """The value of a YAML text with every scalar as it is written; None for what isn't YAML or uses aliases."""
    if len(text) > MAX_YAML_CHARS or _is_deep(text):
        return None
    try:
        if "*" in text and any(isinstance(event, AliasEvent) for event in YAML(typ="base", pure=True).parse(text)):
            return None
        parser = YAML(typ="base", pure=True)
        # Its warning quotes the note; an anchor set twice is valid (YAML 1.2.2, §3.2.2.2).
        parser.composer.warn_double_anchors = False
        return cast("Value", parser.load(text))
    except (YAMLError, ValueError, RecursionError, TypeError, AttributeError, AssertionError):
        return None


def _parse(lines: Sequence[Line]) -> Value | None:
    """The value of lines that all end, so that the last text in them is read as it is in the middle of others."""
    return parse_yaml("".join(f"{text}\n" for text in texts_of(lines)))


def _is_deep(text: str) -> bool:
    """Whether brackets seem to be nested so deeply that the parser would take the square of their number in time."""
    if text.count("[") + text.count("{") <= MAX_BRACKETS:
        return False
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = max(0, depth + (1 if bracket in "[{" else -1))
        if depth > MAX_BRACKETS:
            return True
    return False


def read_properties(lines: Sequence[Line]) -> Properties | None:
    """Take a mapping's lines apart; None if they are not a plain block mapping, each key on a line of its own."""
    starts: list[int] = []
    for i, line in enumerate(lines):
        if _KEY.match(line.text):
            starts.append(i)
    value = _parse(lines)
    if not starts:
        return Properties({}, tuple(lines)) if value is None and _is_bare(lines) else None
    if not isinstance(value, dict) or len(value) != len(starts):
        return None
    leads = [_lead(lines, start) for start in starts]
    ends = [*leads[1:], _lead(lines, len(lines))]
    table: dict[str, Property] = {}
    begin = 0
    for (key, item), start, end in zip(value.items(), starts, ends, strict=True):
        if not isinstance(key, str) or not _names(lines[start].text, key):
            return None
        table[key] = Property(tuple(lines[begin:end]), start - begin, item)
        begin = end
    return Properties(table, tuple(lines[begin:]))


def _is_bare(lines: Sequence[Line]) -> bool:
    return all(not line.text.strip() or line.text.lstrip().startswith("#") for line in lines)


def _lead(lines: Sequence[Line], start: int) -> int:
    """Where the comments and blank lines right above line `start` begin."""
    while start and _is_bare(lines[start - 1 : start]) and not lines[start - 1].text[:1].isspace():
        start -= 1
    return start


def _names(line: str, key: str) -> bool:
    match = _KEY.match(line)
    return match is not None and (match[1] == key or match[1][:1] in "\"'")


def merge_properties(base: Properties | None, a: Properties, b: Properties, notes: set[str]) -> list[Line]:
    """The lines of the merged mapping; `CannotMergeError` if both changed one value each in its own way."""
    own = base or Properties({})
    merged: dict[str, Property] = {}
    for key in {**own.table, **a.table, **b.table}:
        sides = own.table.get(key), a.table.get(key), b.table.get(key)
        found = _merge_property(key, *sides, notes)
        if found is not None:
            merged[key] = found
    order = merge_order(list(own.table), list(a.table), list(b.table), merged)
    tail = _merge_remarks(own.tail, a.tail, b.tail)
    lines = _join([merged[key] for key in order], tail, _remarks(own) | _remarks(a) | _remarks(b))
    expected = {key: merged[key].value for key in order}
    if (_parse(lines) or {}) != expected:
        raise CannotMergeError("The merged properties would not be valid YAML.")
    return lines


def _remarks(of: Properties) -> Counter[str]:
    leads = [line for each in of.table.values() for line in each.lines[: each.lead]]
    return Counter(texts_of((*leads, *of.tail)))


def _join(properties: Sequence[Property], tail: tuple[Line, ...], most: Counter[str]) -> list[Line]:
    """All lines in order. A remark that each side put a new key below stands as often as one version says it."""
    seen: Counter[str] = Counter()
    lines: list[Line] = []
    for each in (*properties, Property(tail, len(tail), None)):
        for line in each.lines[: each.lead]:
            seen[line.text] += 1
            if not line.text.strip() or seen[line.text] <= most[line.text]:
                lines.append(line)
        lines += each.lines[each.lead :]
    return lines


def holds_values(merged: Properties, base: Properties | None, a: Properties, b: Properties) -> bool:
    """Whether the values in `merged`, which was merged as text, are what they come to by themselves.

    Words that were put beside others may read well and say what nobody wrote.
    """
    tables = [{} if each is None else each.table for each in (base, a, b)]
    return all(_is_sound(found.value, *(table.get(key) for table in tables)) for key, found in merged.table.items())


def _is_sound(value: Value, base: Property | None, a: Property | None, b: Property | None) -> bool:
    """Whether `value` is what three values come to; two texts that differ may have been merged by their words."""
    own, first, second = (MISSING if each is None else each.value for each in (base, a, b))
    if first != second and own not in (first, second) and all(isinstance(each, str) for each in (value, first, second)):
        return True
    try:
        wanted = Merger().merge(own, first, second)
    except CannotMergeError:
        return False
    if isinstance(value, list) and isinstance(wanted, list):
        return sorted(map(canonical, value)) == sorted(map(canonical, wanted))
    return value == wanted


def _merge_property(
    key: str, base: Property | None, a: Property | None, b: Property | None, notes: set[str]
) -> Property | None:
    texts = [None if each is None else each.text for each in (base, a, b)]
    if texts[1] == texts[2] or texts[2] == texts[0]:
        return a
    if texts[1] == texts[0]:
        return b
    if a is None or b is None:
        changed = a or b
        assert changed is not None, "both sides without it are alike"
        same = base is not None and changed.value == base.value and not _added(base, changed)
        return None if same else changed
    found = _settle(key, base, a, b, notes)
    if found is None:
        raise CannotMergeError(f"Both sides changed the property `{key}`.")
    leads = [() if each is None else each.lines[: each.lead] for each in (base, a, b)]
    lead = _merge_remarks(*leads)
    whole = Property((*lead, *found.lines[found.lead :]), len(lead), found.value)
    owed = (_added(base, a) | _added(base, b)) - _words(whole)
    if owed - (_dates(a) | _dates(b) if is_stamp(key) else set()):
        raise CannotMergeError(f"Both sides changed the property `{key}`, and what stands beside it.")
    return whole


def _settle(key: str, base: Property | None, a: Property, b: Property, notes: set[str]) -> Property | None:
    """What becomes of a property that both sides changed; None if nothing holds both."""
    if a.value == b.value:
        return a
    if base is not None and base.value in (a.value, b.value):
        return _with_remark(b, base, a) if a.value == base.value else _with_remark(a, base, b)
    if isinstance(a.value, str) and isinstance(b.value, str):
        stamp = pick_stamp(key, a.value, b.value)
        if stamp is not None:
            notes.add(STAMP_TAKEN)
            return a if stamp == a.value else b
    for one, other in ((a, b), (b, a)):
        if one.value in (None, "", []) and base is None:
            return other
    return _merge_list(base, a, b) or _merge_text(key, base, a, b)


def _with_remark(changed: Property, base: Property, other: Property) -> Property:
    """`changed` with the remark that `other` put behind the value on its line, which it left as it was."""
    lines = [each.lines[each.lead :] for each in (changed, base, other)]
    own, old, new = (each[0].text for each in lines)
    remark = new.removeprefix(old)
    if any(len(each) > 1 for each in lines) or not new.startswith(old) or own.endswith(remark):
        return changed
    return Property((Line(own + remark, lines[0][0].ending),), 0, changed.value)


def _merge_remarks(base: Sequence[Line], a: Sequence[Line], b: Sequence[Line]) -> tuple[Line, ...]:
    """Comments and blank lines between keys: where the sides differ, those of both."""
    return tuple(weave_lines(base, a, b).lines)


def _words(of: Property) -> set[str]:
    return set(words_of(of.text))


def _dates(stamp: Property) -> set[str]:
    value = stamp.value if isinstance(stamp.value, str) else ""
    return set(words_of(value)) - set(words_of(beside_date(value)))


def _added(base: Property | None, side: Property) -> set[str]:
    """The words that `side` has and the base has not."""
    return _words(side) - (set() if base is None else _words(base))


def _merge_list(base: Property | None, a: Property, b: Property) -> Property | None:
    styles = [ListStyle.read(texts_of(each.lines[each.lead :]), each.value) for each in (a, b)]
    first, second = styles
    if first is None or second is None:
        return None
    own = ListStyle.read(texts_of(base.lines[base.lead :]), base.value) if base else None
    base_items = list(own.sources) if own else []
    items = merge_sets(base_items, list(first.sources), list(second.sources))
    lead_style = second if own and first.shape == own.shape and second.sources else first if first.sources else second
    sources = {**first.sources, **second.sources}
    ending = a.lines[a.lead].ending
    written = tuple(Line(text, ending) for text in lead_style.write([sources[item] for item in items]))
    value: Value = list(items)
    return Property(written, 0, value)


def _merge_text(key: str, base: Property | None, a: Property, b: Property) -> Property | None:
    """The lines of one value merged as text, where the outcome is what its values come to."""
    if base is None:
        wanted: Maybe = Merger().merge(MISSING, a.value, b.value, (key,))
        found = [each for each in (a, b) if each.value == wanted]
        return found[0] if found else None
    woven = weave_lines(base.lines, a.lines, b.lines)
    if woven.disputed:
        return None
    lines = tuple(woven.lines)
    again = _parse(lines)
    if not isinstance(again, dict) or list(again) != [key]:
        return None
    value = again[key]
    if not _is_sound(value, base, a, b):
        return None
    lead = next((i for i, line in enumerate(lines) if _KEY.match(line.text)), 0)
    return Property(lines, lead, value)
