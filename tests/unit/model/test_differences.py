"""Manifests told as differences."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model.differences import Stretch, Told, stretches, tell
from vaultsync.model.manifests import ChunkList


def chunks(text: str) -> ChunkList:
    """A chunk for each character; its size is its number."""
    return ChunkList((letter.encode() * 32, ord(letter)) for letter in text)


@pytest.mark.parametrize(
    ("new", "base", "shared"),
    [
        ("abc", "abc", [Stretch(0, 0, 3)]),
        ("xabc", "abc", [Stretch(1, 0, 3)]),
        ("abxcd", "abcd", [Stretch(0, 0, 2), Stretch(3, 2, 2)]),
        ("ad", "abcd", [Stretch(0, 0, 1), Stretch(1, 3, 1)]),
        ("cdab", "abcd", [Stretch(0, 2, 2), Stretch(2, 0, 2)]),
        ("zzzz", "zz", [Stretch(0, 0, 2), Stretch(2, 0, 2)]),
        ("xy", "abc", []),
        ("abc", "", []),
        ("", "abc", []),
    ],
)
def test_what_two_lists_share(new: str, base: str, shared: list[Stretch]) -> None:
    assert stretches(chunks(new), chunks(base)) == shared


def test_without_a_base_every_chunk_is_told() -> None:
    assert tell(chunks("ab"), (), 0, 10) == ([(b"a" * 32, 97), (b"b" * 32, 98)], 2)
    assert tell(chunks("abc"), (), 1, 1) == ([(b"b" * 32, 98)], 2)
    assert tell(chunks(""), (), 0, 10) == ([], 0)


def test_a_stretch_takes_the_place_of_its_chunks() -> None:
    new, base = chunks("abxcd"), chunks("abcd")
    assert tell(new, stretches(new, base), 0, 10) == ([(0, 2), (b"x" * 32, 120), (2, 2)], 5)


@given(new=st.text("abcd", max_size=30), base=st.text("abcd", max_size=30), most=st.integers(1, 5))
def test_what_is_told_in_parts_makes_the_list_again(new: str, base: str, most: int) -> None:
    wanted, known = chunks(new), chunks(base)
    shared = stretches(wanted, known)
    made = ChunkList()
    while len(made) < len(wanted):
        told, after = tell(wanted, shared, len(made), most)
        assert 0 < len(told) <= most
        _take(told, made, known)
        assert len(made) == after
    assert made == wanted


def _take(told: list[Told], made: ChunkList, base: ChunkList) -> None:
    for what, count in told:
        if isinstance(what, int):
            made.append_from(base, what, count)
        else:
            made.append(what, count)
