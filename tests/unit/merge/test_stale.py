"""Texts that were written by who had not seen an edit yet."""

from __future__ import annotations

import pytest

from vaultsync.merge.stale import writes_over

ONE, TWO, THREE, FOUR = b"one\n", b"two\n", b"three\n", b"four\n"


@pytest.mark.parametrize(
    ("base", "came", "written", "want", "why"),
    [
        (ONE, ONE + TWO, ONE + THREE, True, "what came is missing, and something else is new"),
        (ONE, ONE + TWO, ONE + TWO + THREE, False, "what came is there"),
        (ONE, ONE + TWO + THREE, ONE + THREE + FOUR, False, "some of it is there: the rest was taken out"),
        (ONE, ONE + TWO, ONE, False, "it is as before: somebody took it back"),
        (ONE + TWO, TWO + ONE, ONE + TWO + THREE, False, "lines in another order are no edit to go by"),
        (ONE + TWO, ONE, ONE + TWO + THREE, True, "what was taken away is there again"),
        (ONE + TWO, ONE, ONE + THREE, False, "what was taken away stays away"),
        (ONE + TWO, ONE + THREE, ONE + TWO + FOUR, True, "an edited line is as it was before"),
        (ONE + TWO, ONE + THREE, ONE + FOUR, False, "the very line was edited: nobody can tell"),
        (ONE + TWO, ONE + TWO + THREE, TWO + FOUR, True, "the writer has changed other lines, too"),
        (ONE, ONE + ONE, ONE + TWO, True, "a line that came once more is there once"),
        (ONE, ONE + b"\n", ONE + TWO, False, "an empty line says nothing"),
        (ONE, ONE + TWO, b"one\r\nthree\r\n", True, "whatever ends the lines"),
    ],
)
def test_writes_over(base: bytes, came: bytes, written: bytes, want: bool, why: str) -> None:
    assert writes_over(base, came, written) is want, why
