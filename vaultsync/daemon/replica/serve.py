"""What peers are sent: change sets past their cursors, and the contents that they ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from vaultsync.daemon.replica.contents import from_history, read_current
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.errors import UnstableFileError
from vaultsync.model.differences import stretches, tell
from vaultsync.model.manifests import CHUNKED_ABOVE, Manifest
from vaultsync.model.records import EMPTY_HASH, Entry, FileRecord, Kind
from vaultsync.protocol.changes import record_size
from vaultsync.protocol.limits import (
    CHANGE_SET_BYTES,
    CONTENT_BATCH,
    INLINE_CONTENT,
    MAX_MANIFEST_PART,
    MAX_RECORDS,
)
from vaultsync.protocol.messages import ChangeSet, ChunkRef, Chunks, Contents, ManifestPart
from vaultsync.sync.session import Session
from vaultsync.vault.filesystem import ReadFile
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.longread import SLICE, LongRead

LOOKED_UP: Final = 64
"""Contents that are looked up in the index at once: a message takes some hundreds of notes."""

CHUNKS_KNOWN: Final = 170_000
"""Of how many chunks the hashes are remembered: about 10 GiB of large files, in 7 MB of memory."""


def next_changes(state: ReplicaState, peer: bytes, session: Session) -> ChangeSet | None:
    """The next change set for `peer`, or None if it has been sent everything."""
    index = state.store.index
    outgoing = session.next_outgoing(index.sequence)
    if outgoing is None:
        return None
    # What it gave us itself it needs not hear of.
    entries = index.changes_after(outgoing.after, MAX_RECORDS, echo_of=peer, echo_after=outgoing.live_after)
    through = index.sequence if len(entries) < MAX_RECORDS else entries[-1].sequence
    records: list[FileRecord] = []
    contents: dict[bytes, bytes] = {}
    size = 0
    before = outgoing.after
    for entry in entries:
        if size > CHANGE_SET_BYTES - INLINE_CONTENT:
            through = before
            break
        before = entry.sequence
        records.append(entry.record)
        size += record_size(entry.record)
        if entry.sequence > outgoing.live_after and (data := _inline(state, session, entry)) is not None:
            contents[entry.record.hash] = data
            size += len(data)
    return ChangeSet(state.vault, tuple(records), session.changes_sent(through), contents)


def _inline(state: ReplicaState, session: Session, entry: Entry) -> bytes | None:
    record = entry.record
    if entry.source and session.hears(record.modified_by):
        # Where all are connected with all, each would get each note from everybody.
        return None
    if not on_disk(entry) or not 0 < record.size <= INLINE_CONTENT or record.moved_from is not None:
        return None
    return content_of(state, record.hash)


def next_contents(state: ReplicaState, session: Session) -> Contents | ManifestPart | Chunks | None:
    """The next answer to what the peer asked for, or None if nothing is open."""
    wants = session.wants
    if not wants:
        return None
    first = wants[0]
    if isinstance(first, tuple):
        if (part := _manifest(state, session)) is not None:
            return part
        # The file is still being read: what else is asked for does not wait for that.
        wants.rotate(-1)
        first = wants[0]
    if isinstance(first, tuple):
        return None
    if isinstance(first, ChunkRef):
        return _chunks(state, session)
    # One opening of each folder for the whole batch; what is read is held against its hash.
    with state.fs.batch():
        return _contents(state, wants)


def _contents(state: ReplicaState, wants: deque[bytes | ChunkRef | tuple[str, bytes]]) -> Contents:
    contents: dict[bytes, bytes] = {}
    missing: list[bytes] = []
    size = 0
    places: dict[bytes, Entry] = {}
    looked_up = 0
    while wants and size < CONTENT_BATCH and isinstance(wants[0], bytes):
        if looked_up == 0:
            ahead = [want for want in islice(wants, LOOKED_UP) if isinstance(want, bytes)]
            places, looked_up = state.store.index.one_with_each(ahead), len(ahead)
        hash_ = wants.popleft()
        looked_up -= 1
        assert isinstance(hash_, bytes)
        data = content_of(state, hash_, places.get(hash_))
        if data is None:
            missing.append(hash_)
        elif not contents or size + len(data) <= CONTENT_BATCH:
            contents[hash_] = data
            size += len(data)
        else:
            wants.appendleft(hash_)
            break
    return Contents(state.vault, contents, tuple(missing))


def content_of(state: ReplicaState, hash_: bytes, place: Entry | None = None) -> bytes | None:
    """A whole content of up to 1 MiB, from the vault or from history; `place` is where to look first."""
    if hash_ == EMPTY_HASH:
        return b""
    if place is not None and place.record.size <= CHUNKED_ABOVE and (data := read_current(state, place)) is not None:
        return data
    for entry in state.store.index.with_hash(hash_):
        if entry.record.size <= CHUNKED_ABOVE and (data := read_current(state, entry)) is not None:
            return data
    return from_history(state, hash_)


def _manifest(state: ReplicaState, session: Session) -> ManifestPart | Contents | None:
    """One part of a manifest; the request stays in the queue, with the place reached, until the last part.

    None: a slice more of the file was read to make it, and there is more to read.
    """
    request = session.wants[0]
    assert isinstance(request, tuple)
    _, hash_ = request
    manifest = _cut_on(state, hash_)
    if isinstance(manifest, LongRead):
        return None
    session.wants.popleft()
    base = base_named(state, session.bases.pop(hash_, b""))
    if manifest is None:
        session.manifest_sent.pop(hash_, None)
        session.shared.pop(hash_, None)
        return Contents(state.vault, {}, (hash_,))
    if base is not None:
        session.shared[hash_] = stretches(manifest.chunks, base.chunks)
    first = session.manifest_sent.get(hash_, 0)
    told, end = tell(manifest.chunks, session.shared.get(hash_, ()), first, MAX_MANIFEST_PART)
    last = end == len(manifest.chunks)
    if last:
        session.manifest_sent.pop(hash_, None)
        session.shared.pop(hash_, None)
    else:
        session.manifest_sent[hash_] = end
        session.wants.appendleft(request)
    return ManifestPart(state.vault, hash_, manifest.size, first, last, tuple(told))


def manifest_of(state: ReplicaState, hash_: bytes) -> Manifest | None:
    """The chunks of a large file that the vault holds now; cut once and remembered for a while."""
    while isinstance(manifest := _cut_on(state, hash_), LongRead):
        continue
    return manifest


def _cut_on(state: ReplicaState, hash_: bytes) -> Manifest | LongRead | None:
    """As `manifest_of`, reading no more than a slice of the file: what there is more to read of, if that is not all."""
    if (known := state.manifests.get(hash_)) is not None:
        return known
    begun = state.cutting.pop(hash_, None)
    for entry in large_files(state, hash_):
        if begun is None or begun.path != entry.record.path:
            begun = LongRead(entry.record.path)
        try:
            found = begun.go_on(state.fs, SLICE)
        except (OSError, UnstableFileError):
            state.dirty.add(entry.record.path)
            begun = None
            continue
        if found is None:
            state.cutting[hash_] = begun
            return begun
        manifest, _ = found
        if manifest.hash == hash_:
            remember_manifest(state, manifest)
            return manifest
        state.dirty.add(entry.record.path)
        begun = None
    return None


def name_of(manifest: Manifest) -> bytes:
    """What names a manifest between two devices that both have it."""
    return hash_bytes(manifest.chunks.hashes)


def base_named(state: ReplicaState, name: bytes) -> Manifest | None:
    """The manifest of that name, if it is remembered; None also for no name."""
    return next((known for known in state.manifests.values() if name and name_of(known) == name), None)


def remember_manifest(state: ReplicaState, manifest: Manifest) -> None:
    """So that the next edit of that file need not begin with cutting what was there before it."""
    while (
        state.manifests and sum(len(m.chunks) for m in state.manifests.values()) + len(manifest.chunks) > CHUNKS_KNOWN
    ):
        del state.manifests[next(iter(state.manifests))]
    state.manifests[manifest.hash] = manifest


def large_files(state: ReplicaState, hash_: bytes) -> Sequence[Entry]:
    """Entries whose file on disk has this content and has not been touched since."""
    found = []
    for entry in state.store.index.with_hash(hash_):
        if not on_disk(entry) or entry.record.kind is not Kind.FILE:
            continue
        stat = state.fs.stat(entry.record.path)
        if stat is not None and stat.signature == entry.signature:
            found.append(entry)
        else:
            state.dirty.add(entry.record.path)
    return found


def _chunks(state: ReplicaState, session: Session) -> Chunks | Contents:
    """Pieces of one file, up to a batch. The receiver checks each against the manifest."""
    first = session.wants[0]
    assert isinstance(first, ChunkRef), "the caller looked"
    files = large_files(state, first.file)
    pieces = _read_pieces(state, session, files[0].record.path, first.file) if files else None
    if pieces is None:
        for lost in [want for want in session.wants if isinstance(want, ChunkRef) and want.file == first.file]:
            session.wants.remove(lost)
        return Contents(state.vault, {}, (first.file,))
    return Chunks(state.vault, tuple(pieces))


def _read_pieces(state: ReplicaState, session: Session, path: str, file: bytes) -> list[tuple[ChunkRef, bytes]] | None:
    """The pieces of `file`, which is at `path`, that are asked for next; None if it can't be read, or not any more."""
    try:
        with state.fs.open_read(path) as reader:
            return _next_pieces(session, reader, file)
    except OSError:
        # That is shown when it is looked at, and stops nothing else.
        state.dirty.add(path)
        return None


def _next_pieces(session: Session, reader: ReadFile, file: bytes) -> list[tuple[ChunkRef, bytes]] | None:
    """The pieces of `file` that are asked for next; None if it has become shorter. `OSError`."""
    pieces: list[tuple[ChunkRef, bytes]] = []
    size = 0
    while session.wants:
        ref: bytes | ChunkRef | tuple[str, bytes] = session.wants[0]
        if not isinstance(ref, ChunkRef) or ref.file != file:
            break
        if pieces and size + ref.size > CONTENT_BATCH:
            break
        session.wants.popleft()
        data = reader.read_at(ref.offset, ref.size)
        if len(data) != ref.size:
            return None
        pieces.append((ref, data))
        size += len(data)
    return pieces
