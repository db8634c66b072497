"""Lists in properties are written as they were."""

from __future__ import annotations

import pytest

from vaultsync.merge.values import Value
from vaultsync.merge.yamllists import ListStyle


@pytest.mark.parametrize(
    ("lines", "value", "added"),
    [
        (["tags: [one, two]"], ["one", "two"], ["tags: [one, two, new]"]),
        (["tags: [one,two]"], ["one", "two"], ["tags: [one,two,new]"]),
        (["tags: [one]  # mine"], ["one"], ["tags: [one, new]  # mine"]),
        (["tags: [ 'a, b', \"c\" ]"], ["a, b", "c"], ["tags: [ 'a, b', \"c\", new ]"]),
        (["tags:", "  - one"], ["one"], ["tags:", "  - one", "  - new"]),
        (["tags:", "- one", "- two", ""], ["one", "two"], ["tags:", "- one", "- two", "- new"]),
        (["tags:  # mine", "    -   one"], ["one"], ["tags:  # mine", "    -   one", "    -   new"]),
        (["tags:"], None, ["tags:", "  - new"]),
        (["tags:", ""], "", ["tags:", "  - new"]),
        (["tags: []"], [], ["tags:", "  - new"]),
    ],
)
def test_a_new_item_is_written_as_the_others(lines: list[str], value: Value, added: list[str]) -> None:
    style = ListStyle.read(lines, value)
    assert style is not None
    assert style.write([*style.sources.values(), "new"]) == added


@pytest.mark.parametrize("lines", [["tags: [one]"], ["tags:", "  - one"]])
def test_a_list_without_items_is_written_in_brackets(lines: list[str]) -> None:
    style = ListStyle.read(lines, ["one"])
    assert style is not None
    assert style.write([]) == ["tags: []"]


def test_no_list_at_all_is_written_in_brackets_too() -> None:
    style = ListStyle.read(["tags:"], "")
    assert style is not None
    assert style.write([]) == ["tags: []"]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["tags: one"], "one"),
        (["tags: [one, one]"], ["one", "one"]),
        (["tags: [one, [two]]"], ["one", ["two"]]),
        (["tags:", "  - one", "  # remark", "  - two"], ["one", "two"]),
        (["tags: [one,", "  two]"], ["one", "two"]),
        (['"k[1]": [one]'], ["one"]),
        (["tags:", "  - a", "    b"], ["a b"]),
        (["tags: [{a: b}]"], [{"a": "b"}]),
    ],
)
def test_what_is_no_plain_list_is_not_read(lines: list[str], value: Value) -> None:
    assert ListStyle.read(lines, value) is None
