"""Paths and filters, for any text at all."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from vaultsync.errors import PathError
from vaultsync.model.filters import canonical_name, category_of, never_reason
from vaultsync.model.paths import check_path, fold, parent_of, parents_of

_PIECES = st.sampled_from(
    ["/", "..", ".", "\\", "\0", "a", "é", "e\u0301", "\u200c", ".git", ".vaultsync", "~1", " ", "Ａ"]
)
_TEXT = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=12).map("".join))


@given(_TEXT)
def test_what_passes_is_harmless(text: str) -> None:
    try:
        path = check_path(text)
    except PathError:
        return
    parts = path.split("/")
    assert all(part not in ("", ".", "..") for part in parts)
    assert unicodedata.normalize("NFC", path) == path
    assert "\\" not in path
    assert "\0" not in path
    assert len(path.encode()) <= 4096
    assert fold(parts[0]) != ".vaultsync"


@given(_TEXT)
def test_folders_above_a_path_pass_too(text: str) -> None:
    try:
        path = check_path(text)
    except PathError:
        return
    assert all(check_path(parent) for parent in parents_of(path))
    assert parents_of(path)[-1:] == [parent_of(path)][: path.count("/")]


@given(st.text(max_size=30))
def test_canonical_name_and_fold_are_idempotent(name: str) -> None:
    assert fold(fold(name)) == fold(name)
    assert canonical_name(canonical_name(name)) == canonical_name(name)


@given(_TEXT)
def test_filters_have_an_answer_for_every_path(text: str) -> None:
    try:
        path = check_path(text)
    except PathError:
        return
    category_of(path)
    reason = never_reason(path)
    assert reason is None or reason
    if reason is not None:
        assert never_reason(path + "/below") is not None
