"""Contents on their way here: asking for them, checking what comes, building large files from pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from vaultsync.daemon.replica.arrival import Arrival, Content
from vaultsync.daemon.replica.serve import manifest_of, name_of, remember_manifest
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.daemon.replica.transfers import PIECES_WINDOW, Transfer
from vaultsync.errors import CloseCode, ProtocolError, UnstableFileError
from vaultsync.model.ids import NodeId
from vaultsync.model.records import Entry, Kind
from vaultsync.protocol.limits import MAX_WANTS
from vaultsync.protocol.messages import ChunkRef, Chunks, ManifestPart, Want
from vaultsync.sync.listing import Listing
from vaultsync.vault.chunks import PartialFile, part_path
from vaultsync.vault.filling import Filling
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.longread import SLICE
from vaultsync.vault.words import FULL

SPARED: Final = 64 << 20
"""Bytes that large files leave free on the disk: for notes, and for what is kept of them."""
ASK_SOON_MS: Final = 1_000
ASK_AGAIN_MS: Final = 60_000
"""When to ask again for a content that nobody had: at first soon, since a file that is just being moved or written is
there again in a moment; then after as long again as it has been missing, and after a minute at the latest."""


def wants_for(state: ReplicaState, peer: bytes, now_ms: int) -> Want | None:
    """What to ask `peer` for now, if anything."""
    contents: list[bytes] = []
    manifests: list[bytes] = []
    bases: dict[bytes, bytes] = {}
    for want in state.wants.next_for(peer, MAX_WANTS):
        if want.chunked and state.fs.stat(part_path(want.hash)) is None and not _room(state, want.hash, want.size):
            _give_up(state, peer, want.hash, now_ms)
        elif want.chunked:
            remembered = (state.manifests.get(entry.record.hash) for entry in _older(state, want.hash))
            base = next(filter(None, remembered), None)
            state.transfers[want.hash] = Transfer(want, peer, Listing(base.chunks if base else None))
            manifests.append(want.hash)
            if base is not None:
                bases[want.hash] = name_of(base)
        else:
            contents.append(want.hash)
    pieces: list[ChunkRef] = []
    for transfer in state.transfers.values():
        if transfer.peer == peer:
            pieces += _next_pieces(transfer, MAX_WANTS - len(contents) - len(manifests) - len(pieces))
    if not contents and not manifests and not pieces:
        return None
    return Want(state.vault, tuple(contents), tuple(manifests), tuple(pieces), bases)


def _next_pieces(transfer: Transfer, most: int) -> list[ChunkRef]:
    pieces: list[ChunkRef] = []
    room = PIECES_WINDOW - transfer.asked_bytes
    if room < PIECES_WINDOW // 2:
        return []
    while room > 0 and len(pieces) < most:
        chunk = next(transfer.todo, None)
        if chunk is None:
            break
        transfer.asked[chunk.offset] = chunk
        room -= chunk.size
        pieces.append(ChunkRef(transfer.want.hash, chunk.offset, chunk.size))
    return pieces


def receive_contents(state: ReplicaState, peer: bytes, message: Arrival, now_ms: int) -> set[str]:
    """Take what came. Returns the paths that can now be settled."""
    for hash_, content in message.contents.items():
        state.lacked.pop(hash_, None)
        if state.wants.arrived(hash_) is not None:
            state.contents[hash_] = content
    state.wants.heard(peer, sum(len(content.data) for content in message.contents.values()), now_ms)
    for hash_ in message.missing:
        transfer = state.transfers.get(hash_)
        if transfer is not None and transfer.peer == peer:
            _abandon(state, transfer)
        if state.wants.missing(peer, hash_):
            missing_ms = abs(now_ms - state.lacked.setdefault(hash_, now_ms))
            ask_later(state, hash_, now_ms, max(ASK_SOON_MS, missing_ms))
    return state.offers.awaiting(message.contents)


def receive_inline(state: ReplicaState, contents: dict[bytes, bytes]) -> set[str]:
    """Contents that came with a change set, unasked. Returns the paths that waited for one of them."""
    for hash_, data in contents.items():
        if hash_bytes(data) != hash_:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a content that does not have the hash that it names")
        state.wants.arrived(hash_)
        state.contents[hash_] = Content(data)
    return state.offers.awaiting(contents)


def receive_manifest(state: ReplicaState, peer: bytes, message: ManifestPart, now_ms: int) -> set[str]:
    """A part of a manifest. When it is complete, what is already here is taken from here.

    Raises `ProtocolError` if it is not a manifest of the file that was asked for.
    """
    transfer = state.transfers.get(message.file)
    if transfer is None or transfer.peer != peer or transfer.partial is not None:
        return set()
    # The record's size may have been a lie, and a list of millions of pieces takes much memory.
    begun = bool(message.first) or state.fs.stat(part_path(message.file)) is not None
    if not begun and not _room(state, message.file, message.size):
        _abandon(state, transfer)
        _give_up(state, peer, message.file, now_ms)
        return set()
    manifest = transfer.listing.add(message)
    if manifest is None:
        return set()
    transfer.partial = PartialFile(state.fs, manifest)
    if not _room(state, message.file, transfer.partial.unwritten_bytes):
        _abandon(state, transfer)
        _give_up(state, peer, message.file, now_ms)
        return set()
    transfer.filling = _fillings(state, message.file)
    # What is here under another name, or in an older version, is asked for only if it turns out not to be.
    transfer.todo = (
        chunk
        for chunk in transfer.partial.missing()
        if not any(filling.promises(chunk.hash) for filling in transfer.filling)
    )
    return _complete(state, transfer)


def _room(state: ReplicaState, hash_: bytes, needed: int) -> bool:
    """Whether `needed` bytes may be written. If not, that is shown at the paths that wait for the content."""
    others = [transfer for transfer in state.transfers.values() if transfer.want.hash != hash_]
    promised = sum(t.want.size if t.partial is None else t.partial.unwritten_bytes for t in others)
    free = max(0, state.fs.free_bytes() - SPARED - promised)
    if needed <= free:
        return True
    reason = f"it takes {_size(needed)}; there is room for {_size(free)} if {_size(SPARED)} stay free"
    for path in state.offers.waiting_on(hash_):
        state.set_trouble(path, reason)
    return False


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _give_up(state: ReplicaState, peer: bytes, hash_: bytes, now_ms: int) -> None:
    """`peer` can't give this content now. If nobody else can, it is asked for again later."""
    if state.wants.missing(peer, hash_):
        ask_later(state, hash_, now_ms)


def _older(state: ReplicaState, hash_: bytes) -> Iterator[Entry]:
    """The files on this disk of which the content `hash_` is a newer version."""
    for path in state.offers.waiting_on(hash_):
        entry = state.store.index.get(path)
        offer = state.offers.first(path)
        if entry is None and offer is not None and offer.record.moved_from is not None:
            entry = state.store.index.get(offer.record.moved_from)
        if entry is not None and on_disk(entry) and entry.record.kind is Kind.FILE:
            yield entry


def _fillings(state: ReplicaState, hash_: bytes) -> list[Filling]:
    """Older versions of the same file: an edit of a large file costs what it changed."""
    found = []
    for entry in _older(state, hash_):
        manifest = manifest_of(state, entry.record.hash)
        if manifest is not None:
            found.append(Filling(entry.record.path, manifest))
    return found


def assemble(state: ReplicaState) -> set[str]:
    """A slice more of the work on a large file that is copied together or checked here.

    Returns the paths that can be settled, if it is now complete.
    """
    hash_ = next(iter(state.assembling))
    transfer = state.transfers.get(hash_)
    if transfer is None or transfer.partial is None:
        del state.assembling[hash_]
        return set()
    if not transfer.filling:
        transfer.partial.hash_on(SLICE)
        return _complete_or_drop(state, transfer)
    filling = transfer.filling[0]
    try:
        ended = filling.go_on(state.fs, transfer.partial, SLICE)
    except OSError as error:
        if error.errno in FULL:
            raise
        # It has just been moved, or cannot be read; what it held comes from the peer.
        state.dirty.add(filling.path)
        ended = True
    if ended:
        transfer.filling.remove(filling)
    return _complete_or_drop(state, transfer)


def _complete_or_drop(state: ReplicaState, transfer: Transfer) -> set[str]:
    """As `_complete`, where no message of the peer's is at hand by which its lie comes to light."""
    try:
        return _complete(state, transfer)
    except ProtocolError as error:
        state.effects.broken[NodeId(transfer.peer)] = error
        return set()


def _complete(state: ReplicaState, transfer: Transfer) -> set[str]:
    """Something was added to a large file, or checked: finish it if nothing is left but a little.

    Returns the paths that can be settled then.
    """
    assert transfer.partial is not None
    hash_ = transfer.want.hash
    if transfer.partial.is_whole:
        transfer.filling.clear()
        if transfer.partial.unhashed_bytes <= SLICE:
            return _finish(state, transfer)
    if transfer.filling or transfer.partial.is_whole:
        state.assembling[hash_] = None
    elif hash_ in state.assembling:
        del state.assembling[hash_]
        _ask_for_missing(transfer)
    return set()


def _ask_for_missing(transfer: Transfer) -> None:
    assert transfer.partial is not None
    transfer.todo = (chunk for chunk in transfer.partial.missing() if chunk.offset not in transfer.asked)


def receive_chunks(state: ReplicaState, peer: bytes, message: Chunks, now_ms: int) -> set[str]:
    """Pieces of large files. Returns the paths that can be settled, if a file is now complete."""
    ready: set[str] = set()
    for ref, data in message.chunks:
        transfer = state.transfers.get(ref.file)
        if transfer is None or transfer.peer != peer or transfer.partial is None:
            continue
        chunk = transfer.asked.pop(ref.offset, None)
        if chunk is None or chunk.size != ref.size:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a piece that was not asked for")
        if len(data) != chunk.size or hash_bytes(data) != chunk.hash:
            # The sender's file changed under its hands. What is whole stays; somebody else, or a later try, goes on.
            _abandon(state, transfer)
            _give_up(state, peer, ref.file, now_ms)
            continue
        transfer.partial.write(chunk, data)
        ready |= _complete(state, transfer)
    state.wants.heard(peer, sum(len(data) for _, data in message.chunks), now_ms)
    return ready


def _finish(state: ReplicaState, transfer: Transfer) -> set[str]:
    """All pieces are here. `ProtocolError` if they make another file than the one that they were said to make."""
    assert transfer.partial is not None
    hash_ = transfer.want.hash
    state.assembling.pop(hash_, None)
    try:
        staged = state.applier.stage_partial(transfer.partial, transfer.want.mtime_ns, executable=False)
    except UnstableFileError:
        del state.transfers[hash_]
        raise ProtocolError(CloseCode.BAD_FIELD, "sent pieces that do not make the file that it offered") from None
    if staged is None:
        _ask_for_missing(transfer)
        return set()
    del state.transfers[hash_]
    state.lacked.pop(hash_, None)
    state.wants.arrived(hash_)
    state.staged[hash_] = staged
    remember_manifest(state, transfer.partial.manifest)
    return state.offers.awaiting([hash_])


def ask_later(state: ReplicaState, hash_: bytes, now_ms: int, wait_ms: int = ASK_AGAIN_MS) -> None:
    """Nobody who is connected has it now. A file that is being edited is told of anew; any other is asked for again."""
    for path in state.offers.waiting_on(hash_):
        state.look_later(path, now_ms + min(wait_ms, ASK_AGAIN_MS))


def let_go(state: ReplicaState, hashes: Iterable[bytes], paths: Iterable[str]) -> None:
    """Of contents that came, keep only those that an open offer for one of `paths` still needs."""
    needed = {offer.record.hash for path in paths for offer in state.offers.of(path)}
    for hash_ in hashes:
        if hash_ not in needed:
            _release(state, hash_)


def let_go_of_all(state: ReplicaState) -> None:
    """No offer is open: nothing that came is needed any more."""
    state.lacked.clear()
    for hash_ in [*state.contents, *state.staged]:
        _release(state, hash_)


def drop_parts(state: ReplicaState) -> None:
    """Remove partial files that no peer can ever complete: every one that is known has nothing more to give."""
    if not state.parts_left or state.offers or state.transfers:
        return
    known = state.store.index.peers() | state.sessions.keys()
    if all(peer in state.sessions and state.sessions[peer].in_sync for peer in known):
        state.applier.drop_parts()
        state.parts_left = False


def _release(state: ReplicaState, hash_: bytes) -> None:
    state.contents.pop(hash_, None)
    if (staged := state.staged.pop(hash_, None)) is not None:
        state.applier.discard(staged)


def lost(state: ReplicaState, peer: bytes) -> None:
    """`peer` is gone: what it was asked for goes to others; partial files stay on disk."""
    for transfer in [t for t in state.transfers.values() if t.peer == peer]:
        _abandon(state, transfer)
    state.wants.lost(peer)
    dropped, waiting = state.offers.drop(peer)
    for offer in dropped:
        state.contents.pop(offer.record.hash, None)
    state.dirty |= waiting


def _abandon(state: ReplicaState, transfer: Transfer) -> None:
    del state.transfers[transfer.want.hash]
    state.assembling.pop(transfer.want.hash, None)
    if transfer.partial is not None:
        transfer.partial.close()
        state.parts_left = True
