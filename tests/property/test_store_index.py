"""Whatever is put in whatever order: the digest, the counts and the changes are those of what is there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.model.versions import Version
from vaultsync.store.totals import Counts
from vaultsync.store.vault_store import VaultStore

DEVICES = [bytes([i]) * 32 for i in range(3)]
PATHS = ["a.md", "A.md", "d", "d/a.md", "d/é.md", "d0.md", "🎉.md"]


class UndoError(Exception):
    """Ends a batch that is not to be."""


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    deleted = draw(st.booleans())
    kind = draw(st.sampled_from(Kind))
    bare = deleted or kind is Kind.DIR
    record = FileRecord(
        path=draw(st.sampled_from(PATHS)),
        kind=kind,
        hash=b"" if bare else draw(st.binary(min_size=32, max_size=32)),
        size=0 if bare else draw(st.integers(0, 2**40)),
        mtime_ns=draw(st.integers(-(2**62), 2**62)),
        executable=draw(st.booleans()),
        version=Version.of(draw(st.dictionaries(st.sampled_from(DEVICES), st.integers(1, 2**53), min_size=1))),
        deleted=deleted,
        modified_by=draw(st.sampled_from(DEVICES)),
        modified_name=draw(st.sampled_from(["Laptop", "Phone"])),
        modified_at=draw(st.integers(0, 2**50)),
    )
    return Entry(record, draw(st.sampled_from(State)), source=draw(st.sampled_from([b"", *DEVICES])))


batches = st.lists(st.tuples(st.lists(entries(), max_size=6), st.booleans()), max_size=8)


def counted(model: dict[str, Entry]) -> Counts:
    live = [e for e in model.values() if not e.record.deleted]
    present = [e for e in live if e.state is State.PRESENT]
    sizes = [e.record.size for e in present if e.record.kind is Kind.FILE]
    return Counts(
        files=len(sizes),
        folders=len(present) - len(sizes),
        bytes=sum(sizes),
        deleted=len(model) - len(live),
        blocked=sum(e.state is State.BLOCKED for e in live),
        unselected=sum(e.state is State.UNSELECTED for e in live),
        wanted=sum(e.state is State.WANTED for e in live),
        held=sum(e.state is State.HELD for e in live),
    )


@settings(max_examples=60, deadline=None)
@given(batches)
def test_an_index_is_what_was_put_in_it(batches: list[tuple[list[Entry], bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = VaultStore.open(Path(folder) / "data" / "index.db", new_index_id=b"i" * 16)
        index = store.index
        model: dict[str, Entry] = {}
        for batch, undone in batches:
            before = index.sequence
            try:
                with store.transaction():
                    placed = index.put(batch)
                    assert [e.sequence for e in placed] == list(range(before + 1, before + 1 + len(batch)))
                    if undone:
                        raise UndoError
            except UndoError:
                assert index.sequence == before
            else:
                model |= {e.record.path: e for e in placed}
                expected = sorted((e for e in model.values() if e.sequence > before), key=lambda e: e.sequence)
                assert index.changes_after(before, 100) == expected
            assert index.digest == index.recompute_digest()
        assert index.counts() == counted(model)
        assert {e.record.path: e for e in index.entries()} == model
        assert index.get_many(PATHS) == model
        paged: list[Entry] = []
        while page := index.changes_after(paged[-1].sequence if paged else 0, 2):
            paged += page
        assert paged == sorted(model.values(), key=lambda e: e.sequence)
        store.close()


@settings(max_examples=30, deadline=None)
@given(st.lists(entries(), max_size=8, unique_by=lambda e: e.record.path), st.lists(entries(), max_size=5))
def test_equal_records_make_equal_digests_whatever_came_before(final: list[Entry], earlier: list[Entry]) -> None:
    paths = {e.record.path for e in final}
    digests = []
    with tempfile.TemporaryDirectory() as folder:
        for number, history in enumerate(([], [e for e in earlier if e.record.path in paths])):
            store = VaultStore.open(Path(folder) / str(number) / "index.db", new_index_id=b"i" * 16)
            with store.transaction():
                store.index.put(history)
                store.index.put(final if number else final[::-1])
            digests.append(store.index.digest)
            store.close()
    assert digests[0] == digests[1]
