"""Properties: what is read as a mapping, and which lines belong to which key."""

from __future__ import annotations

import pytest

from vaultsync.merge.lines import Text
from vaultsync.merge.properties import MAX_BRACKETS, MAX_YAML_CHARS, Properties, parse_yaml, read_properties


def read(text: str) -> Properties | None:
    return read_properties(Text.split(text).lines)


def test_every_scalar_stays_as_it_is_written() -> None:
    assert parse_yaml("n: 5\nok: true\nday: 2026-01-02\nnothing: ~\nempty:\n") == {
        "n": "5",
        "ok": "true",
        "day": "2026-01-02",
        "nothing": "~",
        "empty": "",
    }


def test_a_star_in_a_text_is_no_alias() -> None:
    assert parse_yaml("a: &x 1\nb: five * 2") == {"a": "1", "b": "five * 2"}
    assert parse_yaml("a: &x 1\nb: *x") is None


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("[{a: ", "}]")])
def test_brackets_in_one_another_are_read_up_to_a_bound(opening: str, closing: str) -> None:
    most = MAX_BRACKETS // (len(opening.replace("a: ", "")))
    assert parse_yaml(opening * most + closing * most) is not None
    assert parse_yaml(opening * (most + 1) + closing * (most + 1)) is None


def test_closed_brackets_in_others_are_no_deeper() -> None:
    assert parse_yaml(f"- []\n- {'[' * MAX_BRACKETS}{']' * MAX_BRACKETS}\n- []") is not None
    assert parse_yaml("[[]," * (MAX_BRACKETS - 1) + "]" * (MAX_BRACKETS - 1)) is not None
    assert parse_yaml("[[]," * (MAX_BRACKETS + 1) + "]" * (MAX_BRACKETS + 1)) is None


def test_closing_brackets_in_a_text_are_no_depth() -> None:
    assert parse_yaml("a: " + "b] " * (MAX_BRACKETS + 1) + "\nc:\n" + "- []\n" * (MAX_BRACKETS + 1)) is not None


@pytest.mark.parametrize("item", ["[a]", "{a: b}", "[[a]]"])
def test_brackets_beside_one_another_are_read(item: str) -> None:
    assert parse_yaml("\n".join(f"- {item}" for _ in range(MAX_BRACKETS + 1))) is not None


def test_closing_brackets_give_no_credit() -> None:
    deep = "[" * (MAX_BRACKETS + 1)
    assert parse_yaml(f"a: {'b]' * 9}\nc: {deep}{']' * len(deep)}") is None


def test_long_yaml_is_not_read() -> None:
    assert parse_yaml("a: ".ljust(MAX_YAML_CHARS, "x")) is not None
    assert parse_yaml("a: ".ljust(MAX_YAML_CHARS + 1, "x")) is None


def test_remarks_and_blank_lines_belong_to_the_key_below() -> None:
    found = read("a: 1\n# of b\n\nb: 2\n# the end\n")
    assert found is not None
    assert {key: (each.text, each.lead) for key, each in found.table.items()} == {
        "a": ("a: 1", 0),
        "b": ("# of b\n\nb: 2", 2),
    }
    assert [line.text for line in found.tail] == ["# the end"]


@pytest.mark.parametrize(
    ("text", "above"),
    [
        ("a:\n  - x\n  # of x\nb: 2\n", "a:\n  - x\n  # of x"),
        ("a: 1\n # of a\nb: 2\n", "a: 1\n # of a"),
        ("a:\n  - x\n# of b\nb: 2\n", "a:\n  - x"),
    ],
)
def test_an_indented_remark_belongs_to_the_value_above(text: str, above: str) -> None:
    found = read(text)
    assert found is not None
    assert found.table["a"].text == above


def test_properties_without_a_key_are_remarks_alone() -> None:
    found = read("# nothing yet\n\n  # nor here\n")
    assert found is not None
    assert not found.table
    assert len(found.tail) == 3
    assert read("") == Properties({})


@pytest.mark.parametrize(
    "text",
    [
        "just words\n",
        "- a\n- b\n",
        "# of a list\n[]\n",
        "[a,\n",
        "a: 1\na: 2\n",
        "? x\n: y\ntags: [a,\nb: c]\n",
        "{a: 1}\n",
        "a#b: 1\n",
    ],
)
def test_what_is_no_plain_mapping_is_not_taken_apart(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize("key", ["a", "'a b'", '"a: b"', "-a", "?a"])
def test_keys_in_every_spelling(key: str) -> None:
    found = read(f"{key}: 1\nz: 2\n")
    assert found is not None
    assert len(found.table) == 2
