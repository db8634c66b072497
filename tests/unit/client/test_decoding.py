"""From JSON to dataclasses."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import pytest

from tests.unit.cli.kit import peer, status, vault
from vaultsync.client.decoding import decode
from vaultsync.daemon.status import Status
from vaultsync.errors import NodeError


@dataclass(frozen=True, slots=True)
class Inner:
    number: int


@dataclass(frozen=True, slots=True)
class Outer:
    text: str
    share: float
    maybe: int | None
    many: tuple[Inner, ...]
    flag: bool = False


GOOD: dict[str, object] = {"text": "a", "share": 1, "maybe": None, "many": [{"number": 3}]}


def test_values_come_back_as_they_were() -> None:
    known = status(vault(), peers=(peer(), peer("Tablet", state="disconnected", in_sync=False)))
    assert decode(Status, json.loads(json.dumps(asdict(known)))) == known


def test_whole_numbers_pass_for_fractions_and_defaults_fill_in() -> None:
    assert decode(Outer, GOOD) == Outer("a", 1.0, None, (Inner(3),))


def test_what_a_newer_node_adds_is_ignored() -> None:
    assert decode(Outer, {**GOOD, "colour": "red"}) == decode(Outer, GOOD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": 3},
        {"share": "1"},
        {"share": True},
        {"maybe": "x"},
        {"many": {"number": 3}},
        {"many": [3]},
        {"many": [{"number": True}]},
        {"many": [{}]},
        {"flag": 1},
    ],
)
def test_a_value_of_another_type_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(NodeError, match="not understood"):
        decode(Outer, {**GOOD, **wrong})


@pytest.mark.parametrize("data", [None, [], "x", {}, {"text": "a"}])
def test_what_is_no_such_object_is_refused(data: object) -> None:
    with pytest.raises(NodeError, match="not understood"):
        decode(Outer, data)
