"""JSON is written back the way it was written."""

from __future__ import annotations

import pytest

from vaultsync.merge.jsontext import MAX_NESTING, TOO_DEEP, Style, read_json
from vaultsync.merge.result import CannotMergeError
from vaultsync.merge.values import Number, Value

CANVAS = (
    '{\n\t"nodes":[\n\t\t{"id":"a","x":1,"text":"one, two: three"},\n\t\t{"id":"b","x":[1,2]}\n\t],\n\t"edges":[]\n}'
)


@pytest.mark.parametrize(
    "text",
    [
        "1.0",
        "[]",
        "{}",
        '{"a":1}',
        '{"a": 1, "b": [1, 2], "c": {"d": null}}',
        '{"a":1,"b":[1,{"c":true}]}\n',
        '{"a": 1,"b": 2}',
        '{"a" : 1,"b" : 2}',
        '{"a, b": 1,"c": "d, e: f"}',
        '{\n  "a": 1,\n  "b": [\n    1,\n    2\n  ]\n}\n',
        '{\n    "a": {\n        "b": "x, y"\n    }\n}',
        '{\r\n\t"a": 1,\r\n\t"b": []\r\n}\r\n',
        '{\n  "a" : {"c": 1},\n  "b" : 2\n}',
        "[\n  [\n    1\n  ]\n]",
        '[\n  [1, [2, 3]],\n  [{"a":4}]\n]',
        '\ufeff{"a":"é"}\n\n',
        '{"\\u00e9":"caf\\u00e9"}',
        '{"é":"ascii \\\\ no"}',
        '{"a":[1.0,1e3,-0,12345678901234567890]}',
        CANVAS,
    ],
)
def test_what_is_read_is_written_the_same(text: str) -> None:
    assert Style.of(text).write(read_json(text)) == text


def test_what_is_added_is_written_as_the_rest() -> None:
    value: Value = {"a": [Number("1"), {"b": "é", "c": "x"}]}
    assert Style.of('{"k": 1, "l": 2}').write(value) == '{"a": [1, {"b": "é", "c": "x"}]}'
    assert Style.of('{"k":"\\u00e9"}').write(value) == '{"a":[1,{"b":"\\u00e9","c":"x"}]}'
    assert Style.of('{"k":1}').write(value) == '{"a":[1,{"b":"é","c":"x"}]}'
    assert Style.of(CANVAS).write(value) == '{\n\t"a":[\n\t\t1,\n\t\t{"b":"é","c":"x"}\n\t]\n}'
    assert Style.of('{\n  "k": 1\n}\n').write(value) == '{\n  "a": [1,{"b":"é","c":"x"}]\n}\n'


def test_numbers_stay_as_they_are_written() -> None:
    assert read_json("[1, 1.0, 1e3]") == [Number("1"), Number("1.0"), Number("1e3")]


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"a": -Infinity}', "\ufeff\ufeff1", "1\ufeff"])
def test_what_is_no_json(text: str) -> None:
    with pytest.raises(CannotMergeError, match=r"^One of the versions isn't valid JSON\.$"):
        read_json(text)


def test_a_key_that_is_named_twice() -> None:
    with pytest.raises(CannotMergeError, match=r"^One of the versions names a key twice\.$"):
        read_json('{"a": 1, "a": 2}')


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_has_a_bound(opening: str, closing: str) -> None:
    most = MAX_NESTING - 1
    assert read_json(opening * most + "1" + closing * most)
    with pytest.raises(CannotMergeError, match=TOO_DEEP):
        read_json(opening * (most + 1) + "1" + closing * (most + 1))
